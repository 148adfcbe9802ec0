"""Reasons of refused log-ins for the log: the cookies that came, and the fault of the session or token.

It bounds how often a refusal is looked into. The client's answer neither waits for the reason nor contains it, so an
attacker who guesses keys learns nothing. The log has names of cookies and no values.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from rtserver.user.session.site_refusal import cookie_name, why_refused
from tcelib.limit.token_bucket import TokenBucket, rate_of

PER_SECOND = 2.0
MOST_NAMES = 5
MOST_NAME_LENGTH = 32


class RefusalReasons:
    """Finds the reasons, at most ``per_second``. One object serves a server.

    ``executor`` runs the look-ups of Django, which block. A token is valid for ``token_seconds``. ``hints`` are
    settings of the site by which no cookie might come.
    """

    def __init__(
        self,
        executor: Executor,
        *,
        token_seconds: float = 86_400.0,
        hints: Sequence[str] = (),
        per_second: float = PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._executor = executor
        self._token_seconds = token_seconds
        self._hints = hints
        self._clock = clock
        self._bucket = TokenBucket(rate_of(per_second))

    async def of_cookies(self, header: str) -> str:
        """Return why the Cookie ``header`` of a handshake was refused."""
        name = cookie_name()
        cookies = pairs_of(header)
        values = [value for each, value in cookies if each == name]
        if not values or not values[-1]:
            others = [each for each, _ in cookies if each != name]
            return "; ".join([no_cookie(name, others, has_empty=bool(values)), *self._hints])
        times = f" {len(values)} times, and the last one counts: it" if len(values) > 1 else " and"
        return f'the cookie "{name}" came{times} {await self._look_into(values[-1])}'

    async def of_token(self, token: str | None) -> str:
        """Return why the ``token`` of a binary client was refused; None is a client without one."""
        return f"it {await self._look_into(token)}" if token else "none came"

    async def _look_into(self, credential: str) -> str:
        if not self._bucket.take(self._clock()):
            return "is not valid; too many are refused to look into each"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, why_refused, credential, self._token_seconds)


def pairs_of(header: str) -> list[tuple[str, str]]:
    """Return the names and values of all cookies in a header, in order. A cookie without a name has the name ""."""
    parts = (part.strip() for part in header.split(";"))
    split = [part.partition("=") if "=" in part else ("", "=", part) for part in parts if part]
    return [(name.strip(), value.strip().strip('"')) for name, _, value in split]


def no_cookie(name: str, others: Sequence[str], *, has_empty: bool = False) -> str:
    """Return the reason for a header without the session's cookie."""
    if has_empty:
        return f'the cookie "{name}" came empty'
    if not others:
        return (
            f'no cookie came at all: a browser sends "{name}" (SESSION_COOKIE_NAME) to the host, the path and the '
            "scheme alone that the site has made it for"
        )
    shown = ", ".join(each[:MOST_NAME_LENGTH] for each in others[:MOST_NAMES])
    more = f" and {len(others) - MOST_NAMES} more" if len(others) > MOST_NAMES else ""
    return f'no cookie "{name}" (SESSION_COOKIE_NAME) came, but {shown}{more}'
