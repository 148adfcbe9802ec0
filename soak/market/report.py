"""A run in words: memory by time, pictures by their source, and whether both are as they should be. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rtserver.bench.client.histogram import Histogram

MEBIBYTE = 1 << 20
SHOWN = 12
MOST_GROWTH = 0.03
"""Share by which the mean of the last quarter may be above that of the second: the first one fills what is kept."""
STEADY_SECONDS = 600.0
"""A shorter run says nothing of growth: feeds linger for a minute, and caches fill."""


class Sample(NamedTuple):
    """Memory at one moment: seconds since the beginning, resident bytes of the server and bytes used by Redis."""

    seconds: float
    resident: int
    redis: int


class Pictures:
    """Times of first pictures of one kind, in nanoseconds, and the least number of rows that one had.

    The median should be at most ``most_ms``, and no picture should have fewer than ``least_rows``.
    """

    def __init__(self, most_ms: float, least_rows: int = 0) -> None:
        self.most_ms = most_ms
        self.least_rows = least_rows
        self.times = Histogram()
        self.fewest: int | None = None

    def add(self, ns: int, rows: int) -> None:
        """Count one picture."""
        self.times.add(ns)
        self.fewest = rows if self.fewest is None else min(self.fewest, rows)

    def percentile_ms(self, share: float) -> float:
        """Return a percentile in milliseconds; 0 without any picture."""
        return (self.times.percentile(share) or 0) / 1e6


def growth(samples: Sequence[Sample]) -> float:
    """Return by which share the resident memory grew from the second quarter to the last one."""
    quarter = max(1, len(samples) // 4)
    before, after = samples[quarter : 2 * quarter], samples[-quarter:]
    if not before:
        return 0.0
    return _mean(after) / _mean(before) - 1


def memory_table(samples: Sequence[Sample]) -> Iterator[str]:
    """Yield the memory by time."""
    yield "| seconds | server, MiB | Redis, MiB |"
    yield "|---:|---:|---:|"
    step = max(1, -(-len(samples) // SHOWN))
    for seconds, resident, redis in [*samples[:-1:step], *samples[-1:]]:
        yield f"| {seconds:.0f} | {resident / MEBIBYTE:,.0f} | {redis / MEBIBYTE:,.0f} |"


def picture_table(kinds: Mapping[str, Pictures]) -> Iterator[str]:
    """Yield the times of pictures."""
    yield "| first picture | pictures | fewest rows | p50, ms | p99, ms | slowest, ms | allowed p50, ms |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, found in kinds.items():
        times = " | ".join(f"{found.percentile_ms(share):.1f}" for share in (0.5, 0.99, 1.0))
        yield f"| {name} | {found.times.total:,} | {found.fewest or 0:,} | {times} | {found.most_ms:.0f} |"


def faults(samples: Sequence[Sample], kinds: Mapping[str, Pictures], late: Sequence[int]) -> Iterator[str]:
    """Yield what is not as it should be. ``late`` are the lengths of the list, one for each sample."""
    share = growth(samples)
    if share > MOST_GROWTH and samples[-1].seconds >= STEADY_SECONDS:
        yield f"GROWN  the server's memory by {share:.1%} from the second quarter to the last"
    for name, found in kinds.items():
        if not found.times.total:
            yield f"NO PICTURE  {name}"
        elif (found.fewest or 0) < found.least_rows:
            yield f"SHORT  {name}: a picture had {found.fewest} rows, there are {found.least_rows}"
        elif found.percentile_ms(0.5) > found.most_ms:
            yield f"SLOW  {name}: p50 is {found.percentile_ms(0.5):.1f} ms"
    if late and min(late[len(late) // 2 :]) > 100:
        yield f"BEHIND  in the second half never fewer than {min(late[len(late) // 2 :])} messages waited on the list"


def _mean(samples: Sequence[Sample]) -> float:
    return sum(sample.resident for sample in samples) / len(samples)
