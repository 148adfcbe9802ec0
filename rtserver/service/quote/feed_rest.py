"""FeedRest: the feeds that nobody watches, and the time after which they end."""

from collections.abc import Callable

from rtserver.base.limit.cpu_quota import CallLater

SWEEPS = 4
"""Sweeps in the time that a feed rests, which is longer by one of them at most."""


class FeedRest:
    """The names of the feeds that rest. ``end`` is called with one that has rested for some ``seconds``; it ends the
    rest, too.
    """

    def __init__(self, call_later: CallLater, seconds: float, end: Callable[[str], object]) -> None:
        self._call_later = call_later
        self._seconds = seconds
        self._end = end
        self._since: dict[str, int] = {}  # since which sweep; the longest resting first
        self._sweeps = 0
        self._is_sweeping = False

    def __len__(self) -> int:
        return len(self._since)

    @property
    def longest(self) -> str:
        """The feed that has rested longest, of which there is one."""
        return next(iter(self._since))

    def begin(self, name: str) -> None:
        """Let a feed rest."""
        self._since[name] = self._sweeps
        self._sweep_later()

    def stop(self, name: str) -> bool:
        """End the rest of a feed. Return False if it did not rest."""
        return self._since.pop(name, None) is not None

    def _sweep_later(self) -> None:
        # One timer for all: a feed that is left and found again a hundred times a second needs no hundred timers.
        if not self._is_sweeping:
            self._is_sweeping = True
            self._call_later(self._seconds / SWEEPS, self._sweep)

    def _sweep(self) -> None:
        """End the feeds that have rested long enough."""
        self._is_sweeping = False
        self._sweeps += 1
        for name in [name for name, since in self._since.items() if self._sweeps - since > SWEEPS]:
            self._end(name)
        if self._since:
            self._sweep_later()
