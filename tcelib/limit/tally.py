"""Tally: counts and token buckets by key, of this process alone or of several together. Pure.

``LocalTally`` is the one of a server that is alone, ``SharedTally`` that of a worker among others. Both keep the same
contract; one suite tests both.
"""

from collections.abc import Hashable
from typing import NamedTuple, Protocol

from tcelib.limit.token_bucket import Rate, TokenBucket, TokenBucketTable


class Counts(Protocol):
    """Counts by key, of what is open."""

    def __len__(self) -> int:
        """Return the number of keys of which this process has any."""

    def of(self, key: str) -> int:
        """Return how many there are, of all processes together."""

    def add(self, key: str) -> None:
        """Count one more of this process."""

    def remove(self, key: str) -> None:
        """Count one less. Raises ``KeyError`` if this process has none."""


class Buckets(Protocol):
    """Token buckets by key. All processes together take from each."""

    def of(self, key: Hashable, now: float) -> TokenBucket:
        """Return the bucket of ``key``."""


class Tally(Protocol):
    """Source of counts and buckets. Each ``name`` is asked for once; processes that use the same one share."""

    def counts(self, name: str) -> Counts:
        """Return counts, all 0 as far as this process goes."""

    def buckets(self, name: str, rate: Rate) -> Buckets:
        """Return buckets, in bounded memory."""

    def bucket(self, name: str, rate: Rate, key: str = "") -> TokenBucket:
        """Return a single bucket, which its owner keeps."""


class LocalCounts:
    """Counts of this process. A key without any needs no entry."""

    def __init__(self) -> None:
        self._own: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._own)

    def of(self, key: str) -> int:
        """See ``Counts``."""
        return self._own.get(key, 0)

    def add(self, key: str) -> None:
        """See ``Counts``."""
        self._own[key] = self._own.get(key, 0) + 1

    def remove(self, key: str) -> None:
        """See ``Counts``."""
        count = self._own[key] - 1
        if count:
            self._own[key] = count
        else:
            del self._own[key]


class KeyCount(NamedTuple):
    """The count of one key, for the owner of what is counted."""

    counts: Counts
    key: str

    def add(self) -> None:
        """Count one more."""
        self.counts.add(self.key)

    def remove(self) -> None:
        """Count one less."""
        self.counts.remove(self.key)


class LocalTally:
    """Tally of a process that shares with nobody."""

    def counts(self, name: str) -> Counts:
        """See ``Tally``."""
        return LocalCounts()

    def buckets(self, name: str, rate: Rate) -> Buckets:
        """See ``Tally``."""
        return TokenBucketTable(rate)

    def bucket(self, name: str, rate: Rate, key: str = "") -> TokenBucket:
        """See ``Tally``."""
        return TokenBucket(rate)
