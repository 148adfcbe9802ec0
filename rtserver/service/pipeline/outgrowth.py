"""Outgrowth: the bus has more bytes than it may have, because a cursor has not passed its oldest entries.

A flood does that for a moment. What lasts is told: the cursor's reader does not follow, and Redis fills.
"""

import logging
import time
from collections.abc import Callable

LASTING_SECONDS, TELL_SECONDS = 5.0, 60.0

log = logging.getLogger(__name__)


class Outgrowth:
    """Account of one worker's moves to the bus. ``moves`` counts those that left it too large."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since: float | None = None
        self._told_at: float | None = None
        self.moves = 0

    def note(self, holder: str, most: int) -> None:
        """Note a move of messages, and the cursor for which the bus keeps more than ``most`` bytes, if one does."""
        if holder:
            self._grow(holder, most)
        elif self._since is not None:
            if self._told_at is not None:
                log.info("= the bus has no more than its %d bytes again", most)
            self._since = self._told_at = None

    def _grow(self, holder: str, most: int) -> None:
        now = self._now()
        self.moves += 1
        self._since = now if self._since is None else self._since
        begin = self._since + LASTING_SECONDS if self._told_at is None else self._told_at + TELL_SECONDS
        if now >= begin:
            self._told_at = now
            log.warning(
                "! the bus has outgrown its %d bytes for %d s: it keeps what the cursor %s has not passed",
                most,
                now - self._since,
                holder,
            )
