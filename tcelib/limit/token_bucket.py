"""Token bucket: a rate in the long run, and a burst at once.

A bucket is kept as the moment at which it will be full again (GCRA; ITU-T I.371, annex A): one number, which nothing
has to refill. Pure: the time is passed in, in monotonic seconds.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple

BURST_SECONDS = 10.0
"""A full bucket holds as many tokens as its rate gives in this time."""

_ROUNDING = 1e-6


class Rate(NamedTuple):
    """Size of a bucket. ``cost`` is one token, ``depth`` the whole bucket, both as the seconds that refill it."""

    cost: float
    depth: float


def rate_of(per_second: float) -> Rate:
    """Return the rate for so many a second, and ``BURST_SECONDS`` times as many at once; 0 is no limit."""
    if per_second <= 0:
        return Rate(0.0, 1.0)
    cost = 1 / per_second
    return Rate(cost, max(BURST_SECONDS, cost) + _ROUNDING)


class TokenBucket:
    """Token bucket, full at first. ``full_at`` is when it will be full again."""

    __slots__ = ("_cost", "_depth", "full_at")

    def __init__(self, rate: Rate) -> None:
        self._cost, self._depth = rate
        self.full_at = 0.0

    def take(self, now: float, count: int = 1) -> bool:
        """Take ``count`` tokens, all or none. Return False if they are not there."""
        full_at = self.full_at
        full_at = (full_at if full_at > now else now) + count * self._cost
        if full_at - now > self._depth:
            return False
        self.full_at = full_at
        return True

    def take_some(self, now: float, count: int) -> int:
        """Take up to ``count`` tokens. Return how many were there."""
        if self.take(now, count):
            return count
        there = min(count, int((self._depth - max(self.full_at - now, 0.0)) / self._cost))
        self.take(now, there)
        return there

    def owe(self, now: float, count: float) -> float:
        """Take ``count`` tokens even if they are not there. Return the seconds until nothing is owed."""
        full_at = self.full_at
        full_at = self.full_at = (full_at if full_at > now else now) + count * self._cost
        owed = full_at - now - self._depth
        return owed if owed > 0.0 else 0.0

    def left(self, now: float) -> float:
        """Return the tokens as the seconds that refill them; below 0, the seconds until nothing is owed."""
        return self._depth - max(self.full_at - now, 0.0)

    def wait(self, now: float) -> float:
        """Return the seconds until one token can be taken; 0 if one is there."""
        return max(0.0, self.full_at + self._cost - now - self._depth)


class TokenBucketTable:
    """Token buckets by key, in bounded memory: invented keys do not fill it.

    A full bucket needs no entry. So buckets are kept in two generations. A generation lasts as long as a bucket takes
    to fill; a bucket that was not used while the newer one lasted is dropped with the older one. A generation has at
    most ``length`` keys; if more come in that time, the oldest are dropped early. ``make`` returns the bucket of a
    key that has none; without it, a full one.
    """

    def __init__(
        self, rate: Rate, length: int = 16_384, *, make: Callable[[Hashable], TokenBucket] | None = None
    ) -> None:
        self._rate = rate
        self._length = length
        self._make = make or (lambda _: TokenBucket(rate))
        self._young: dict[Hashable, TokenBucket] = {}
        self._old: dict[Hashable, TokenBucket] = {}
        self._turned = 0.0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def of(self, key: Hashable, now: float) -> TokenBucket:
        """Return the bucket of ``key``."""
        bucket = self._young.get(key)
        if bucket is None:
            if now - self._turned > self._rate.depth or len(self._young) >= self._length:
                self._old, self._young, self._turned = self._young, {}, now
            known = self._old.pop(key) if key in self._old else self._make(key)
            bucket = self._young[key] = known
        return bucket
