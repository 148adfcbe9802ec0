"""Marks in memory: the twin of ``FileMarks`` for tests, and the fallback where no file can be written."""

from rtserver.base.mark.port import Mark
from rtserver.base.mark.table import SIZE, MarkTable


class MemoryMarks:
    """Marks of one process. ``after`` holds those of an earlier process, which has died."""

    def __init__(self, after: "MemoryMarks | None" = None) -> None:
        self._bytes: bytearray = bytearray(SIZE) if after is None else bytearray(after._bytes)
        self._table = MarkTable(self._bytes)
        if after is None:
            self._table.wipe()
        else:
            self._table.accuse()

    def mark(self, lane: str) -> Mark:
        """See ``MarkPort``."""
        return self._table.mark(lane)

    def clear(self) -> None:
        """See ``MarkPort``."""
        self._table.clear()

    def close(self) -> None:
        """See ``MarkPort``."""
        self.clear()
