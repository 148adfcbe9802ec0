"""ReadSize: how many entries of the bus one read asks for, so that they are not too many bytes.

Pure. Nobody knows the size of the next entries; most are as large as those before them.
"""

from collections.abc import Sequence

from rtserver.base.queue.port import Entry

READ_BYTES = 8_388_608  # wanted from one read; Redis and this thread do nothing else meanwhile
FIRST, GROWTH = 32, 4  # entries of the first read; largest growth from one read to the next


class ReadSize:
    """Read size of one reader, at most ``most`` entries. ``count`` is for the next read."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = min(FIRST, most)

    def note(self, entries: Sequence[Entry]) -> int:
        """Note what a read brought, and return its bytes."""
        size = sum(len(entry.raw) for entry in entries)
        if entries:
            average = max(1, size // len(entries))
            self.count = max(1, min(self._most, self.count * GROWTH, READ_BYTES // average))
        return size
