"""Cache of session look-ups, valid for two seconds.

After a restart all clients reconnect, and a user with four tabs asks four times at once. A look-up costs the site's
session store and database some milliseconds. A cached answer is safe: ``SessionWatch`` refuses sessions that the site
has closed, whatever an older answer says, and a timer checks every session again.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from rtserver.user.identity import Identity
from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.session_finder import LookUpResult

KEPT_SECONDS = 2.0
MAX_KEPT = 10_000
NEVER = (float("-inf"), None)


class SessionCache:
    """Cache in front of a ``SessionAuthenticator``, of which ``look_up_many`` makes no use."""

    def __init__(
        self,
        authenticator: SessionAuthenticator,
        *,
        kept_seconds: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authenticator = authenticator
        self.credential = authenticator.credential
        self._kept_seconds = kept_seconds
        self._clock = clock
        # The oldest first. A plain dict would search for its first item past all removed ones.
        self._answers: OrderedDict[str, tuple[float, asyncio.Future[Identity | None]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def maybe_known(self, session_key: str) -> Identity | None:
        """Return the user of a session or a token as of at most ``kept_seconds`` ago. None: ask ``look_up``."""
        asked, answer = self._answers.get(session_key, NEVER)
        if answer is None or not answer.done() or self._clock() - asked > self._kept_seconds or _has_failed(answer):
            return None
        return answer.result()

    def look_up(self, session_key: str) -> asyncio.Future[Identity | None]:
        """Return the user of a session or a token as of at most ``kept_seconds`` ago, or None if it is not valid.

        Raises what the session's store or the database raises when it cannot be reached.
        """
        now = self._clock()
        asked, answer = self._answers.get(session_key, NEVER)
        if answer is None or now - asked > self._kept_seconds or _has_failed(answer):
            # The oldest go where there are too many: forged keys must not fill the memory.
            kept_from, answers = now - self._kept_seconds, self._answers
            while answers and (len(answers) >= MAX_KEPT or next(iter(answers.values()))[0] < kept_from):
                answers.popitem(last=False)
            answer = self._authenticator.look_up(session_key)
            self._answers.pop(session_key, None)
            self._answers[session_key] = (now, answer)
        # A client that leaves during its handshake must not cancel the look-up of the others.
        return asyncio.shield(answer)

    async def look_up_many(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        """Look the sessions up now, without the cache."""
        return await self._authenticator.look_up_many(session_keys)

    def forget_answers(self) -> None:
        """Drop all answers: later calls get a look-up that begins after this one."""
        self._answers.clear()


def _has_failed(answer: asyncio.Future[Identity | None]) -> bool:
    return answer.done() and (answer.cancelled() or answer.exception() is not None)
