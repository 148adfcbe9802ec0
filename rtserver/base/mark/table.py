"""The bytes of the marks: a row for each lane, and a row for each suspect. Pure: works on any buffer.

    header   ``MAGIC``, padded to one row
    marks    ``MARKS`` rows: what is with each lane's handler now
    suspects ``SUSPECTS`` rows: what was when a process died

A row is a state byte, the number of deaths, a hash of the lane's name, and the first and the last entry's id. The
state byte is 0 while the rest is written. So a process that dies in the middle leaves no mark, rather than a wrong
one; what is damaged in any other way, and reads as no row, counts as none.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from struct import Struct, error
from typing import NamedTuple, Protocol

from rtserver.base.mark.port import Mark, Suspect
from rtserver.base.queue.port import order_of

MAGIC = b"rtserver marks 1"
ROW_BYTES = 128  # a divisor of a page and of a sector, so that no row lies on two of them
MARKS = 256
SUSPECTS = 256
SIZE = ROW_BYTES * (1 + MARKS + SUSPECTS)

NOTHING, ONE, SEVERAL = range(3)
FIRST = Struct("<IQ41p")  # deaths, lane, first
LAST = Struct("<41p")
FIRST_AT = 4
LAST_AT = 64


class Buffer(Protocol):
    """Bytes that may be written: a ``bytearray``, or a mapped file."""

    def __getitem__(self, key: slice, /) -> bytes | bytearray:
        """Return some of the bytes."""

    def __setitem__(self, key: int, value: int, /) -> None:
        """Change one byte."""

    def __len__(self) -> int:
        """Return the number of bytes."""


class Row(NamedTuple):
    """Contents of one row. ``lane`` is the hash of the lane's name."""

    lane: int
    suspect: Suspect


class MarkTable:
    """Table in a buffer of ``SIZE`` bytes, which holds one already or is to be wiped."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._marks = 0

    @property
    def is_valid(self) -> bool:
        """True if the buffer holds a table."""
        return len(self._buffer) == SIZE and bytes(self._buffer[: len(MAGIC)]) == MAGIC

    @property
    def is_empty(self) -> bool:
        """True if there are neither marks nor suspects."""
        return next(self._rows(0, MARKS + SUSPECTS), None) is None

    def wipe(self) -> None:
        """Turn the buffer into an empty table."""
        for number in range(MARKS + SUSPECTS):
            self._buffer[_at(number)] = NOTHING
        for place, byte in enumerate(MAGIC):
            self._buffer[place] = byte

    def accuse(self) -> None:
        """Turn the marks into suspects: the process that set them is dead.

        A process may die in the middle of it. The next one does it again, and the deaths do not add up.
        """
        self.add(Row(row.lane, row.suspect._replace(deaths=row.suspect.deaths + 1)) for row in self._rows(0, MARKS))
        self.clear()

    def clear(self) -> None:
        """Remove the marks: nothing is with any handler."""
        for number in range(MARKS):
            self._buffer[_at(number)] = NOTHING

    def rows(self) -> list[Row]:
        """Return all suspects."""
        return list(self._rows(MARKS, SUSPECTS))

    def add(self, rows: Iterable[Row]) -> None:
        """Add suspects. Of a known one the greater number of deaths counts. The oldest entries make room for new
        ones.
        """
        for row in rows:
            number, known = self._place_for(row)
            if known is None or known.suspect.deaths < row.suspect.deaths:
                self._write(number, row)

    def forget(self, row: Row) -> None:
        """Remove a suspect."""
        for number, known in self._numbered(MARKS, SUSPECTS):
            if (known.lane, known.suspect[:2]) == (row.lane, row.suspect[:2]):
                self._buffer[_at(number)] = NOTHING

    def mark(self, lane: str) -> Mark:
        """Return the mark of one more lane. Marks beyond ``MARKS`` do not outlive the process."""
        self._marks += 1
        if self._marks > MARKS:
            return TableMark(self, bytearray(ROW_BYTES), 0, lane)
        return TableMark(self, self._buffer, _at(self._marks - 1), lane)

    def _place_for(self, row: Row) -> tuple[int, Row | None]:
        free, oldest = None, None
        for number in range(MARKS, MARKS + SUSPECTS):
            known = _row(self._buffer, _at(number))
            if known is None:
                free = number if free is None else free
            elif (known.lane, known.suspect[:2]) == (row.lane, row.suspect[:2]):
                return number, known
            elif oldest is None or order_of(known.suspect.last) < order_of(oldest[1]):
                oldest = number, known.suspect.last
        if free is not None:
            return free, None
        assert oldest is not None, "a table without a free row is full"
        return oldest[0], None

    def _rows(self, start: int, count: int) -> Iterator[Row]:
        return (row for _, row in self._numbered(start, count))

    def _numbered(self, start: int, count: int) -> Iterator[tuple[int, Row]]:
        for number in range(start, start + count):
            row = _row(self._buffer, _at(number))
            if row is not None:
                yield number, row

    def _write(self, number: int, row: Row) -> None:
        at, suspect = _at(number), row.suspect
        self._buffer[at] = NOTHING
        FIRST.pack_into(self._buffer, at + FIRST_AT, suspect.deaths, row.lane, suspect.first.encode())  # type: ignore[arg-type]
        LAST.pack_into(self._buffer, at + LAST_AT, suspect.last.encode())  # type: ignore[arg-type]
        self._buffer[at] = SEVERAL


class TableMark:
    """Mark of one lane, in the row at offset ``at``. ``set`` runs for every message and is written for speed."""

    __slots__ = ("_at", "_buffer", "_first_at", "_lane", "_pack", "_table")

    def __init__(self, table: MarkTable, buffer: Buffer, at: int, lane: str) -> None:
        self._table = table
        self._buffer = buffer
        self._at = at
        self._first_at = at + FIRST_AT
        self._lane = hash_of(lane)
        self._pack = FIRST.pack_into

    def set(self, entry_id: str, deaths: int = 0) -> None:
        """See ``Mark``."""
        buffer, at = self._buffer, self._at
        buffer[at] = NOTHING
        self._pack(buffer, self._first_at, deaths, self._lane, entry_id.encode())  # type: ignore[arg-type]
        buffer[at] = ONE

    def set_range(self, first: str, last: str, deaths: int = 0) -> None:
        """See ``Mark``."""
        buffer, at = self._buffer, self._at
        buffer[at] = NOTHING
        self._pack(buffer, self._first_at, deaths, self._lane, first.encode())  # type: ignore[arg-type]
        LAST.pack_into(buffer, at + LAST_AT, last.encode())  # type: ignore[arg-type]
        buffer[at] = SEVERAL

    def clear(self) -> None:
        """See ``Mark``."""
        self._buffer[self._at] = NOTHING

    def suspects(self) -> list[Suspect]:
        """See ``Mark``."""
        return [row.suspect for row in self._table.rows() if row.lane == self._lane]

    def forget(self, suspect: Suspect) -> None:
        """See ``Mark``."""
        self._table.forget(Row(self._lane, suspect))


def hash_of(lane: str) -> int:
    """Return the hash that names a lane in a row, of the same size for all names."""
    return int.from_bytes(blake2b(lane.encode(), digest_size=8).digest(), "little")


def _at(number: int) -> int:
    return ROW_BYTES * (1 + number)


def _row(buffer: Buffer, at: int) -> Row | None:
    row = bytes(buffer[at : at + ROW_BYTES])
    state = row[0]
    if state not in (ONE, SEVERAL):
        return None
    try:
        deaths, lane, first = FIRST.unpack_from(row, FIRST_AT)
        (last,) = LAST.unpack_from(row, LAST_AT) if state == SEVERAL else (first,)
        suspect = Suspect(first.decode("ascii"), last.decode("ascii"), deaths)
        if order_of(suspect.first) > order_of(suspect.last):
            return None
    except (error, ValueError):
        return None
    return Row(lane, suspect)
