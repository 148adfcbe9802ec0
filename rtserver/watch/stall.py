"""Judge of a thread's beats: reports once that the thread stands still, and that it goes on.

Pure: the time is passed in.
"""

from enum import Enum

from rtserver.watch.beat import Beat

LEAST_SECONDS = 0.005


class StallChange(Enum):
    """Change since the last look."""

    STANDS = "stands"
    GOES_ON = "goes on"


class StallJudge:
    """Judge of one thread's beats, outside of that thread."""

    def __init__(self, beat: Beat) -> None:
        self.beat = beat
        self._told: float | None = None

    def next_look(self, now: float) -> float:
        """Return the seconds until there may be a change."""
        if self._told is not None:
            return self.beat.interval
        return max(LEAST_SECONDS, self.beat.last + self.beat.limit - now)

    def look(self, now: float) -> StallChange | None:
        """Return the change since the last look, or None."""
        last = self.beat.last
        if self._told is not None and self._told != last:
            self._told = None
            return StallChange.GOES_ON
        if self._told is None and now - last > self.beat.limit > 0:
            self._told = last
            return StallChange.STANDS
        return None
