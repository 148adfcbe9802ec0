"""MemoryServerList: the twin of ``RedisServerList``, for tests. Never the product's answer. Single-threaded."""

from collections.abc import Callable, Collection

from rtserver.base.queue.server_list import GOOD_SECONDS, Sign


class MemoryServerList:
    """See ``ServerList``. ``now`` returns epoch seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._signs: dict[str, Sign] = {}

    def announce(self, server: str, types: Collection[str], seconds: float = GOOD_SECONDS) -> None:
        """See ``ServerList``."""
        now = self._now()
        self._signs = {name: sign for name, sign in self._signs.items() if sign.until > now * 1000}
        self._signs[server] = Sign(round((now + seconds) * 1000), tuple(sorted(types)))

    def withdraw(self, server: str) -> None:
        """See ``ServerList``."""
        self._signs.pop(server, None)

    def running(self) -> dict[str, frozenset[str]]:
        """See ``ServerList``."""
        now = self._now() * 1000
        return {name: frozenset(sign.types) for name, sign in self._signs.items() if sign.until > now}
