"""Standby: the intake of a worker leaves the list to another worker, while that one moves all that comes.

Pure: numbers of entries and the time in, a decision out. Redis wakes as many waiting intakes as messages come at
once, and the first one moves all of them: the others have been woken for nothing.
"""

BUSY = 200.0  # entries a second; below that a worker that was woken for nothing waits again at once
LOOK_SECONDS = 0.02  # within which others must have moved something: so long may messages lie on the list


class Standby:
    """Standby of one intake. While ``is_standing`` it moves nothing."""

    def __init__(self) -> None:
        self.is_standing = False
        self._number: int | None = None
        self._at = 0.0

    def note(self, now: float, moved: int, number: int) -> bool:
        """Note an intake, which moved so many messages and found the newest entry to have that number.

        Return True if others have moved messages since the last one.
        """
        others = 0 if self._number is None else number - self._number - moved
        self.is_standing = moved == 0 and others > BUSY * (now - self._at)
        self._number, self._at = number, now
        return others > 0

    def look(self, number: int) -> bool:
        """Return True if others go on: the newest entry that this worker knows of has a later number than before."""
        self.is_standing = self._number is not None and number > self._number
        self._number = number
        return self.is_standing
