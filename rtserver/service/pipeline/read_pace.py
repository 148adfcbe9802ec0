"""ReadPace: how long a worker waits between two reads of the bus, so that a read brings more than a few entries.

Pure: the time and counts in, seconds out. Several workers read all entries, and each has few clients who wait for
them. At some thousands a second a read of two entries costs nearly as much as one of twenty: to be woken, and one
round of the loops behind it. The fewer of the entries somebody here waits for, the longer the pause.
"""

import math

MOST_SECONDS = 0.005  # of a pause
FEWEST = 2.0  # entries that must come within that time: a lone message waits for no company
ENOUGH = 64  # entries of a read that pays for itself
WANTED = 0.7  # share of entries that somebody waits for, from which on nobody is kept waiting
MEMORY_SECONDS = 0.1
RELIEVED_SECONDS = 0.02  # of a pause where what is wanted comes another way, as a rule
WARY_SECONDS = 2.0  # for which such a reader keeps the short pace behind an entry that did not


class ReadPace:
    """Pace of one reader. Entries are counted over about the last tenth of a second."""

    def __init__(self) -> None:
        self._at = 0.0
        self._entries = self._wanted = 0.0
        self._wary_until = float("-inf")

    def relieved_pause(self, now: float, wanted: int) -> float:
        """Return the pause of a reader without which most of what is wanted comes; 0 for that of ``pause``."""
        if wanted:
            self._wary_until = now + WARY_SECONDS
        return RELIEVED_SECONDS if now >= self._wary_until else 0.0

    def pause(self, now: float, entries: int, wanted: int) -> float:
        """Note a read of so many entries, of which somebody here waits for ``wanted``. Return the pause behind it."""
        kept = math.exp((self._at - now) / MEMORY_SECONDS)
        self._at = now
        self._entries = kept * self._entries + entries
        self._wanted = kept * self._wanted + wanted
        rate = self._entries / MEMORY_SECONDS
        if entries >= ENOUGH or rate * MOST_SECONDS < FEWEST or self._wanted >= WANTED * self._entries:
            return 0.0
        return min(MOST_SECONDS * (1 - self._wanted / self._entries), ENOUGH / rate)
