"""MemoryNeed: the memory that the history of a number of quotes needs, in a server and in Redis. Pure arithmetic.

The bytes were measured: a price with a volume in a tail of ticks, whose arrays are up to an eighth longer than the
tail; minute bars of prices with two decimals in blocks; a quote without ticks, with bars that no block has yet.
"""

from typing import NamedTuple

TICK_BYTES = 28
BAR_BYTES = 24
QUOTE_BYTES = 20_000


class Kept(NamedTuple):
    """Amount that is kept of one quote: so many ticks, and bars of so many trading days with so many minutes."""

    ticks: int
    trading_days: int
    minutes_a_day: int

    @property
    def bars(self) -> int:
        """Return the number of minute bars and daily bars."""
        return self.trading_days * (self.minutes_a_day + 1)


class MemoryNeed(NamedTuple):
    """Bytes of all quotes together: in a server that has all ticks at hand, in Redis, and in Redis without bars.

    The last is the need where the bars are in a database, behind the setting ``history``.
    """

    server: int
    redis: int
    redis_without_bars: int


def memory_need(quotes: int, kept: Kept) -> MemoryNeed:
    """Return the need of a number of quotes."""
    ticks = quotes * (kept.ticks * TICK_BYTES + QUOTE_BYTES)
    return MemoryNeed(ticks, ticks + quotes * kept.bars * BAR_BYTES, ticks)


def quotes_within(budget: int, kept: Kept) -> int:
    """Return the number of quotes that a server with a budget of bytes has at hand with all of their ticks."""
    return budget // memory_need(1, kept).server
