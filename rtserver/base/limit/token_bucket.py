"""How much of something may be done: so much a second in the long run, and some of it at once.

A token bucket, kept as the moment at which it will be full again (GCRA; ITU-T I.371, annex A): one number per bucket,
which nothing has to refill. Pure: the time is passed in, in seconds that never run back.
"""

from collections.abc import Hashable
from typing import NamedTuple

BURST_SECONDS = 10.0
"""What may be done at once: as much as the rate allows in this time."""

_ROUNDING = 1e-6


class Rate(NamedTuple):
    """``cost`` is what one takes of a bucket, ``depth`` all that it holds, both as the seconds that refill it."""

    cost: float
    depth: float


def rate_of(per_second: float) -> Rate:
    """So many a second, and ``BURST_SECONDS`` times as many at once; 0 is no limit at all."""
    if per_second <= 0:
        return Rate(0.0, 1.0)
    cost = 1 / per_second
    return Rate(cost, max(BURST_SECONDS, cost) + _ROUNDING)


class TokenBucket:
    """One bucket, full at first."""

    __slots__ = ("_cost", "_depth", "_full_at")

    def __init__(self, rate: Rate) -> None:
        self._cost, self._depth = rate
        self._full_at = 0.0

    def take(self, now: float, count: int = 1) -> bool:
        """Take ``count``, all or none; whether they were there."""
        full_at = self._full_at
        full_at = (full_at if full_at > now else now) + count * self._cost
        if full_at - now > self._depth:
            return False
        self._full_at = full_at
        return True

    def take_some(self, now: float, count: int) -> int:
        """Take as many of ``count`` as there are; how many."""
        if self.take(now, count):
            return count
        there = min(count, int((self._depth - max(self._full_at - now, 0.0)) / self._cost))
        self.take(now, there)
        return there

    def owe(self, now: float, count: float) -> float:
        """Take ``count`` even if they are not there; how many seconds it takes until nothing is owed any more."""
        full_at = self._full_at
        full_at = self._full_at = (full_at if full_at > now else now) + count * self._cost
        owed = full_at - now - self._depth
        return owed if owed > 0.0 else 0.0

    def left(self, now: float) -> float:
        """How many seconds' worth are there; below 0, how many seconds it takes until nothing is owed any more."""
        return self._depth - max(self._full_at - now, 0.0)

    def wait(self, now: float) -> float:
        """How many seconds it takes until one can be taken; 0 if one is there."""
        return max(0.0, self._full_at + self._cost - now - self._depth)


class TokenBucketTable:
    """A bucket for each of many keys. Whoever invents keys fills no memory with them.

    A bucket that is full is as good as none. So buckets are kept in two generations: one that was not touched while
    the newer generation lasted, which is as long as it takes to fill, is forgotten with the older one. At most
    ``length`` keys make a generation; if more come in that time, the oldest are forgotten early.
    """

    def __init__(self, rate: Rate, length: int = 16_384) -> None:
        self._rate = rate
        self._length = length
        self._young: dict[Hashable, TokenBucket] = {}
        self._old: dict[Hashable, TokenBucket] = {}
        self._turned = 0.0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def of(self, key: Hashable, now: float) -> TokenBucket:
        """The bucket of ``key``."""
        bucket = self._young.get(key)
        if bucket is None:
            if now - self._turned > self._rate.depth or len(self._young) >= self._length:
                self._old, self._young, self._turned = self._young, {}, now
            known = self._old.pop(key) if key in self._old else TokenBucket(self._rate)
            bucket = self._young[key] = known
        return bucket
