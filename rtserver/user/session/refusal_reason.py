"""Says why somebody was not let in, for the log: which cookies came, and what is wrong with the session or token.

Decides how often it is looked into. The answer to the client does not wait for it and does not have it: whoever tries
keys learns nothing. Names of cookies are told, values are not.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from rtserver.base.limit.token_bucket import TokenBucket, rate_of
from rtserver.user.session.site_refusal import cookie_name, why_refused

PER_SECOND = 2.0
MOST_NAMES = 5
MOST_NAME_LENGTH = 32


class RefusalReasons:
    """One for a server. ``executor`` is where Django may block, ``token_seconds`` how long a token is good.

    ``hints`` say why no cookie might come, as far as the site's settings tell.
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
        """Why the Cookie ``header`` of a refused handshake let nobody in."""
        name = cookie_name()
        cookies = pairs_of(header)
        values = [value for each, value in cookies if each == name]
        if not values or not values[-1]:
            others = [each for each, _ in cookies if each != name]
            return "; ".join([no_cookie(name, others, has_empty=bool(values)), *self._hints])
        times = f" {len(values)} times, and the last one counts: it" if len(values) > 1 else " and"
        return f'the cookie "{name}" came{times} {await self._look_into(values[-1])}'

    async def of_token(self, token: str | None) -> str:
        """Why the ``token`` of a binary client let nobody in; None for one that came without."""
        return f"it {await self._look_into(token)}" if token else "none came"

    async def _look_into(self, credential: str) -> str:
        if not self._bucket.take(self._clock()):
            return "is not good; too many are refused to look into each"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, why_refused, credential, self._token_seconds)


def pairs_of(header: str) -> list[tuple[str, str]]:
    """Names and values of all cookies in a header, in their order; one without a name has an empty one."""
    parts = (part.strip() for part in header.split(";"))
    split = [part.partition("=") if "=" in part else ("", "=", part) for part in parts if part]
    return [(name.strip(), value.strip().strip('"')) for name, _, value in split]


def no_cookie(name: str, others: Sequence[str], *, has_empty: bool = False) -> str:
    """What it means that no cookie of the session's name came."""
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
