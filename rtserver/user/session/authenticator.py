"""Look-up of sessions and tokens by Django, for an event loop: ``session_finder`` blocks, here nobody does."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Protocol

from django.conf import settings
from django.http import parse_cookie

from rtserver.base.queue.revocation_port import RevocationPort
from rtserver.user.identity import Identity
from rtserver.user.session.look_up_batch import LookUpBatcher
from rtserver.user.session.session_finder import LookUpResult, SessionFinder
from rtserver.user.session.site_session import is_read_together
from rtserver.user.session.token import is_token


class Request(Protocol):
    """The headers of an HTTP request, such as ``base.listener.upgrade.UpgradeRequest``."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The values of the headers by lower-case name."""


class SessionAuthenticator(SessionFinder):
    """Looks up sessions and tokens. Look-ups block, so ``executor`` runs them for the event loop.

    ``run_thread`` is an executor of one thread, whose connections to the site's databases are kept while batches of
    handshakes' look-ups follow one another. The rest is as in ``SessionFinder``.
    """

    def __init__(
        self,
        executor: Executor,
        *,
        run_thread: Executor | None = None,
        token_seconds: float = 86_400.0,
        reads_groups: bool = False,
        revocations: RevocationPort | None = None,
    ) -> None:
        super().__init__(token_seconds=token_seconds, reads_groups=reads_groups, revocations=revocations)
        self._executor = executor
        self._run_thread = run_thread
        self._batcher: LookUpBatcher[Identity | None]
        if run_thread is None:
            self._batcher = LookUpBatcher(self.look_up_many)
        else:
            self._batcher = LookUpBatcher(self._look_up_in_run, on_end=self._end_run)
        # Tokens have a batcher of their own: a Redis that does not answer holds up their revocations only.
        self._token_batcher: LookUpBatcher[Identity | None] = LookUpBatcher(self.look_up_many)

    def credential(self, request: Request) -> str | None:
        """Return the key in the request's session cookie, or None. Cookies are read as the site reads them."""
        return parse_cookie(request.headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME) or None

    def look_up(self, session_key: str) -> asyncio.Future[Identity | None]:
        """Run ``find`` in the executor. Where the site's engine allows it, look-ups share a batch."""
        if is_token(session_key):
            return self._token_batcher.look_up(session_key)
        if is_read_together():
            return self._batcher.look_up(session_key)
        return asyncio.get_running_loop().run_in_executor(self._executor, self.find, session_key)

    async def look_up_many(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        """Run ``find_many`` in the executor, as one job."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self.find_many, session_keys)

    async def _look_up_in_run(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        return await asyncio.get_running_loop().run_in_executor(self._run_thread, self.find_in_run, session_keys)

    def _end_run(self) -> None:
        with suppress(RuntimeError):  # the thread has been given up
            assert self._run_thread is not None, "a run has a thread"
            self._run_thread.submit(self.end_run)
