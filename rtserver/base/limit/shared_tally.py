"""Tally of all workers of one supervisor together. Pure: the memory and the time are passed in.

Each process writes what it has to its own column of a ``TallyTable``, and adds what it reads in the others. A *count*
is the sum of all columns. A *bucket* is the moment at which it will be full again: the latest one of all columns, for
each process takes from the latest that it sees. Two processes that take in the same microseconds may take the same
token, and two that count may both take the last place: a limit can be exceeded by as many as there are processes,
and nobody is refused below it.
"""

from rtserver.base.limit.tally_table import Row, TallyColumn
from tcelib.limit.tally import Buckets, Counts, LocalCounts
from tcelib.limit.token_bucket import Rate, TokenBucket, TokenBucketTable


class SharedCounts(LocalCounts):
    """Counts by key of all processes."""

    def __init__(self, name: str, column: TallyColumn) -> None:
        super().__init__()
        self._name = name
        self._column = column

    def of(self, key: str) -> int:
        """See ``Counts``."""
        return super().of(key) + int(self._column.sum_of_others(self._row(key)))

    def add(self, key: str) -> None:
        """See ``Counts``."""
        super().add(key)
        self._column.put(self._row(key), super().of(key))

    def remove(self, key: str) -> None:
        """See ``Counts``."""
        super().remove(key)
        count = super().of(key)
        if count:
            self._column.put(self._row(key), count)
        else:
            self._column.drop(self._row(key))

    def _row(self, key: str) -> Row:
        return self._column.row(self._name, key, True)


class SharedBucket(TokenBucket):
    """Token bucket from which all processes take."""

    __slots__ = ("_column", "_row")

    def __init__(self, rate: Rate, column: TallyColumn, row: Row) -> None:
        super().__init__(rate)
        self._column = column
        self._row = row

    def take(self, now: float, count: int = 1) -> bool:
        """See ``TokenBucket``."""
        self._catch_up()
        is_taken = super().take(now, count)
        if is_taken:
            self._column.put(self._row, self.full_at)
        return is_taken

    def owe(self, now: float, count: float) -> float:
        """See ``TokenBucket``."""
        self._catch_up()
        owed = super().owe(now, count)
        self._column.put(self._row, self.full_at)
        return owed

    def left(self, now: float) -> float:
        """See ``TokenBucket``."""
        self._catch_up()
        return super().left(now)

    def wait(self, now: float) -> float:
        """See ``TokenBucket``."""
        self._catch_up()
        return super().wait(now)

    def _catch_up(self) -> None:
        self.full_at = max(self.full_at, self._column.latest(self._row))


class SharedTally:
    """Tally in a column of its own. One thread makes all calls."""

    def __init__(self, column: TallyColumn) -> None:
        self._column = column

    @property
    def unplaced(self) -> int:
        """Number of times that there was no place in memory to tell the other processes of a count or a bucket."""
        return self._column.unplaced

    def counts(self, name: str) -> Counts:
        """See ``Tally``."""
        return SharedCounts(name, self._column)

    def buckets(self, name: str, rate: Rate) -> Buckets:
        """See ``Tally``."""
        return TokenBucketTable(rate, make=lambda key: self.bucket(name, rate, str(key)))

    def bucket(self, name: str, rate: Rate, key: str = "") -> TokenBucket:
        """See ``Tally``."""
        return SharedBucket(rate, self._column, self._column.row(name, key, False))
