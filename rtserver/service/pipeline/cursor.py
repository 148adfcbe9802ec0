"""Cursor: a reader's position on the bus, and the gaps that it finds when it goes on from there.

Pure: the caller tells what was read. The numbers in the ids alone show that entries are missing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rtserver.base.queue.port import START, Entry, number_of


class Gap(NamedTuple):
    """Entries that were trimmed before they were read.

    ``is_anew`` is True if numbers came again: Redis had lost the end of the bus, or all of it. Then ``entries``
    counts the old ones that are lost, 0 if the numbers began from the start, as nobody knows then.
    """

    entries: int
    is_anew: bool

    def __str__(self) -> str:
        if self.is_anew:
            return f"the bus began anew: Redis has lost its last {self.entries or 'entries, nobody knows how many'}"
        return f"{self.entries} entries were trimmed from the bus before they were read"


class Cursor:
    """Position on the last entry that was read, whose id is ``id``.

    A cursor before any entry passes over what was trimmed before it came. With ``misses_first`` it counts those as
    missing, because it was there when the bus began.
    """

    __slots__ = ("_misses_first", "id")

    def __init__(self, entry_id: str = START, *, misses_first: bool = False) -> None:
        self.id = entry_id
        self._misses_first = misses_first

    def advance(self, entries: Sequence[Entry]) -> Gap | None:
        """Go on to the last of ``entries``, which were read in one go and follow each other. Return a gap before
        them.
        """
        gap = self._gap_before(entries[0].id)
        self.id = entries[-1].id
        return gap

    def jump(self, entry_id: str) -> Gap | None:
        """Go on to an entry that is known to have existed, although the bus gave nothing up to it. Return the gap."""
        gap = None if entry_id == self.id else self._gap_before(entry_id, is_missing_too=True)
        self.id = entry_id
        return gap

    def _gap_before(self, entry_id: str, is_missing_too: bool = False) -> Gap | None:
        if self.id == START and not self._misses_first:
            return None
        here, there = number_of(self.id), number_of(entry_id) + is_missing_too
        if there <= here:
            return Gap(here - there + 1 if there > 1 else 0, is_anew=True)
        return Gap(there - here - 1, is_anew=False) if there > here + 1 else None
