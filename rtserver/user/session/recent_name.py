"""Names of the last minute's events: a handshake that began before an event may end after it."""

from collections.abc import Callable

REMEMBERED_SECONDS = 60.0
"""Longer than any handshake takes."""


class RecentNames:
    """Names that were added within the last minute. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._added: dict[str, float] = {}  # name to the moment it was added, the oldest first

    def __len__(self) -> int:
        return len(self._added)

    def has_any(self, *names: str) -> bool:
        """Return whether one of the names was added within the last minute."""
        oldest_kept = self._clock() - REMEMBERED_SECONDS
        for name in names:
            added = self._added.get(name)
            if added is not None and added >= oldest_kept:
                return True
        return False

    def add(self, name: str) -> None:
        """Remember a name for a minute."""
        now = self._clock()
        self._forget_old(now - REMEMBERED_SECONDS)
        self._added.pop(name, None)
        self._added[name] = now

    def _forget_old(self, oldest_kept: float) -> None:
        while self._added:
            name = next(iter(self._added))
            if self._added[name] >= oldest_kept:
                return
            del self._added[name]
