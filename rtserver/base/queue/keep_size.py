"""KeepSize: how many entries one script keeps, so that Redis does nothing else for a few milliseconds at most.

Pure. The next entries are like those before them, most of the time: for users who have a stream, and as long.
"""

SCRIPT_MICROS = 5_000
ENTRY_MICROS, STREAM_MICROS, KILOBYTE_MICROS = 4, 16, 2.5  # of an entry; more for a stream with more to do; of bytes
FIRST, MOST, GROWTH = 125, 1_000, 4  # entries of the first script, of any, and largest growth from one to the next


class KeepSize:
    """Size of the scripts of one process. ``count`` entries are for the next one."""

    def __init__(self) -> None:
        self.count = FIRST

    def note(self, entries: int, streams: int, size: int) -> None:
        """Note a script of so many ``entries`` in ``size`` bytes. For ``streams`` it did more than to append."""
        micros = ENTRY_MICROS * entries + STREAM_MICROS * streams + KILOBYTE_MICROS * size / 1_000
        if entries:
            self.count = max(1, min(MOST, GROWTH * self.count, int(SCRIPT_MICROS * entries / micros)))
