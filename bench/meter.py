"""Number and age of the messages in the bytes that clients read.

Nothing is parsed. Every message under measurement carries ``MARK`` followed by the monotonic time in nanoseconds at
which it was published, so one scan of C speed counts deliveries. Ages take a Python step for each message and are
therefore read off a sample of the connections where there are many messages, and where even the scan would be slower
than the server, the count of the sample and the bytes of the others give the deliveries.
"""

import time
from collections.abc import Container, Iterable
from math import nan

from rtserver.bench.client.histogram import Histogram
from rtserver.bench.client.mark import MARK, STAMP

LONGEST_STAMP = 32


def percentiles(seconds: Iterable[float]) -> dict[str, float]:
    """Milliseconds at 50, 99 and 99.9 per cent, and the greatest; not a number where there are none."""
    ages = Histogram()
    for each in seconds:
        ages.add(max(0, round(each * 1e9)))
    shares = (("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0))
    return {name: nan if (age := ages.percentile(share)) is None else round(age / 1e6, 3) for name, share in shares}


class Meter:
    """Counts so far of all connections: ``deliveries`` in ``size`` bytes, how many of them were ``compressed`` where
    that can be seen, and in ``seconds`` the ages of those that ``sampled`` connections got.

    A mark that one read begins and the next one ends counts once, and a stamp that is cut is read when it is whole.
    """

    def __init__(self, sampled: Container[int] = ()) -> None:
        self.deliveries = 0
        self.compressed = 0
        self.size = 0
        self.seconds: list[float] = []
        self.sampled = sampled
        self._begun: dict[int, bytes] = {}
        self._tails: dict[int, bytes] = {}

    def among(self, skimmed: int) -> int:
        """The deliveries, and those in ``skimmed`` bytes more of the same messages that nobody looked into."""
        return self.deliveries + (round(skimmed * self.deliveries / self.size) if self.size else 0)

    def summary(self) -> dict[str, float]:
        """The percentiles of the ages, in milliseconds."""
        return percentiles(self.seconds)

    def on_bytes(self, number: int, data: bytes) -> None:
        """Take what the connection with that file number brought."""
        self.deliveries += data.count(MARK)
        self.size += len(data)
        if data[-1] in MARK or number in self._begun:
            self._join(number, data)
        if number in self.sampled:
            self._read_stamps(number, data)

    def _join(self, number: int, data: bytes) -> None:
        begun = self._begun.pop(number, b"")
        self.deliveries += (begun + data[: len(MARK) - 1]).count(MARK) if begun else 0
        begun = (begun + data)[1 - len(MARK) :]
        if begun.find(MARK[:1]) >= 0:
            self._begun[number] = begun[begun.rindex(MARK[:1]) :]

    def _read_stamps(self, number: int, data: bytes) -> None:
        now = time.monotonic_ns()
        data = self._tails.pop(number, b"") + data
        end = 0
        for match in STAMP.finditer(data):
            if match.end() == len(data):
                break  # more digits may follow
            self.seconds.append((now - int(match[1])) / 1e9)
            end = match.end()
        self._tails[number] = data[max(end, len(data) - LONGEST_STAMP) :]
