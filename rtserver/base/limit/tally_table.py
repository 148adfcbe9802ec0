"""The bytes of a tally that several processes share, in memory that all have mapped. Pure: any buffer will do.

    header   ``MAGIC``, the secret of the tags, the numbers of columns and sets
    touched  a byte for each set of each column: 1 once its owner has written there
    tags     of each set: ``PLACES`` places of each column, column after column
    values   as the tags

Only its owner writes to a column, so nobody locks; everybody reads all of them. A key's tag is a keyed hash of 63
bits that nobody outside can aim at, and its set follows from the tag. So a reader finds the key's rows of all
processes in one stretch of memory. Two keys are one only if their tags are equal, which for a million keys has a
chance of 1 in 10 million.

The memory is bounded. Where the set of a column is full, a bucket gives its place up, the one that is full again
first; counts never do. A row without a place is missing for the other processes: they count too few, and
never too many.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Protocol

MAGIC = b"rtserver tally 1"
HEADER = Struct("<16s16sII")
HEADER_BYTES = 64
SECRET_BYTES = 16
SETS = 1 << 14
PLACES = 8
TAG_BYTES = 8
CACHED_ROWS = 4096

FREE = 0
COUNT_BIT = 1
"""Set in the tags of counts, which keep their places, and clear in those of buckets."""


class Buffer(Protocol):
    """Bytes that may be written: a ``bytearray``, or mapped memory."""

    def __buffer__(self, flags: int, /) -> memoryview:
        """Return a view of the bytes."""

    def __getitem__(self, key: slice, /) -> bytes | bytearray:
        """Return a copy of some of the bytes."""

    def __setitem__(self, key: slice, value: bytes, /) -> None:
        """Change some of the bytes."""

    def __len__(self) -> int:
        """Return the number of bytes."""


class Row:
    """Places of the values of a key, as the owner of one column sees them.

    ``packed`` is the ``tag`` as it stands in memory; the tags of its set are the bytes from ``start`` to ``end``, the
    first of them belongs to the place ``first``. ``own`` is the first place of the owner's column, ``place`` the one
    that the key has there, if it has not been lost.
    """

    __slots__ = ("end", "first", "own", "packed", "place", "set", "start", "tag")

    def __init__(self, tag: int, table: "TallyTable", column: int) -> None:
        self.tag = tag
        self.packed = tag.to_bytes(TAG_BYTES, "little")
        self.set = (tag >> 1) % table.sets
        self.first = self.set * table.columns * PLACES
        self.own = self.place = self.first + column * PLACES
        self.start = table.tags_at + self.first * TAG_BYTES
        self.end = self.start + table.columns * PLACES * TAG_BYTES


def bytes_of(columns: int, sets: int = SETS) -> int:
    """Return the bytes of a table. Few of them become real memory: those of sets that are used."""
    return HEADER_BYTES + columns * sets * (1 + 2 * PLACES * TAG_BYTES)


class TallyTable:
    """Table in a ``buffer`` that ``begin`` has prepared. Raises ``ValueError`` for what is no table."""

    def __init__(self, buffer: Buffer) -> None:
        magic, self._secret, columns, sets = HEADER.unpack_from(buffer)
        if magic != MAGIC or len(buffer) != bytes_of(columns, sets):
            raise ValueError("no tally that this version knows")
        self.columns: int = columns
        self.sets: int = sets
        view = memoryview(buffer)
        places = columns * sets * PLACES
        self.tags_at = HEADER_BYTES + columns * sets
        values_at = self.tags_at + places * TAG_BYTES
        self.raw = buffer
        self.touched = view[HEADER_BYTES : self.tags_at]
        self.tags = view[self.tags_at : values_at].cast("Q")
        self.values = view[values_at:].cast("d")

    @staticmethod
    def begin(buffer: Buffer, columns: int, secret: bytes, sets: int = SETS) -> None:
        """Prepare zeros of ``bytes_of(columns, sets)``. ``secret`` has ``SECRET_BYTES``; ``sets`` is a multiple
        of 8, so that numbers are aligned.
        """
        buffer[:HEADER_BYTES] = HEADER.pack(MAGIC, secret, columns, sets).ljust(HEADER_BYTES, b"\0")

    def tag(self, name: str, key: str, is_count: bool) -> int:
        """Return the tag of a key among those of a ``name``."""
        digest = blake2b(f"{name}\0{key}".encode("utf-8", "surrogatepass"), digest_size=TAG_BYTES, key=self._secret)
        number = int.from_bytes(digest.digest(), "little")
        return number | COUNT_BIT if is_count else number & ~COUNT_BIT or 2

    def wipe(self, column: int) -> None:
        """Free all places of a column, whose owner has ended."""
        first = column * self.sets
        touched = bytes(self.touched[first : first + self.sets])
        nothing = memoryview(bytes(PLACES * TAG_BYTES)).cast("Q")
        number = touched.find(1)
        while number >= 0:
            at = (number * self.columns + column) * PLACES
            self.tags[at : at + PLACES] = nothing
            self.touched[first + number] = 0
            number = touched.find(1, number + 1)


class TallyColumn:
    """One column of a ``table``, for its owner. One thread makes all calls.

    ``unplaced`` counts the rows that found no place.
    """

    def __init__(self, table: TallyTable, number: int) -> None:
        if not 0 <= number < table.columns:
            raise ValueError(f"{number} is no column of {table.columns}")
        self._table = table
        self._raw = table.raw
        self._tags = table.tags
        self._values = table.values
        self._number = number
        self.row = lru_cache(CACHED_ROWS)(self._row)
        self.unplaced = 0

    def sum_of_others(self, row: Row) -> float:
        """Return the sum of a row's values in all other columns."""
        found, own = self._find(row), row.own
        return sum([value for place, value in found if not own <= place < own + PLACES]) if found else 0.0

    def latest(self, row: Row) -> float:
        """Return the greatest of a row's values in all columns; 0 if there is none."""
        found = self._find(row)
        return max([value for _, value in found]) if found else 0.0

    def put(self, row: Row, value: float) -> None:
        """Write a value to this column."""
        place = row.place
        if self._tags[place] == row.tag:
            self._values[place] = value
        else:
            self._put_anew(row, value)

    def drop(self, row: Row) -> None:
        """Free the place of a row, if it has one."""
        place = self._maybe_own(row)
        if place is not None:
            self._tags[place] = FREE

    def _row(self, name: str, key: str, is_count: bool) -> Row:
        return Row(self._table.tag(name, key, is_count), self._table, self._number)

    def _find(self, row: Row) -> Sequence[tuple[int, float]]:
        """Return the places and values of a row in all columns."""
        stretch = self._raw[row.start : row.end]
        at = stretch.find(row.packed)
        if at < 0:
            return ()
        found = []
        while at >= 0:
            if not at % TAG_BYTES:
                place = row.first + at // TAG_BYTES
                value = self._values[place]
                if self._tags[place] == row.tag:  # its owner may have given the place to another row meanwhile
                    found.append((place, value))
            at = stretch.find(row.packed, at + 1)
        return found

    def _maybe_own(self, row: Row) -> int | None:
        if self._tags[row.place] == row.tag:
            return row.place
        first = row.own
        tags = self._tags[first : first + PLACES].tolist()
        return first + tags.index(row.tag) if row.tag in tags else None

    def _put_anew(self, row: Row, value: float) -> None:
        place = self._maybe_own(row)
        if place is None:
            place = self._maybe_place(row)
        if place is None:
            self.unplaced += 1
            return
        self._table.touched[self._number * self._table.sets + row.set] = 1
        # Whoever finds the tag finds this value and not that of the row before it.
        self._tags[place] = FREE
        self._values[place] = value
        self._tags[place] = row.tag
        row.place = place

    def _maybe_place(self, row: Row) -> int | None:
        """Return a free place, or that of the bucket that is full first; None if counts have all of them."""
        first = row.own
        tags = self._tags[first : first + PLACES].tolist()
        if FREE in tags:
            return first + tags.index(FREE)
        buckets = [(self._values[first + at], first + at) for at, tag in enumerate(tags) if not tag & COUNT_BIT]
        return min(buckets)[1] if buckets else None
