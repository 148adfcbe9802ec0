"""QuoteBook: the ticks of one quote as they came: their times, the newest of them, and the bars they make.

A book is a function of the ticks and of the server's clock at their arrival, which is a part of the id of an entry of
the bus. So every worker has the same book.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from rtserver.market.book.base_bars import BarsState, BaseBars
from rtserver.market.book.clock_label import ZoneClock, read_clock
from rtserver.market.book.recent_ids import RecentIds
from rtserver.market.book.tick import BadTime, MissingBars, Price, Tick, tick_of
from rtserver.market.book.tick_tail import TailState, TickTail
from rtserver.market.book.time_gate import TimeGate, TimeRules, TimeState
from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number


class BookRules(NamedTuple):
    """Number of the newest ticks that are kept, and the bounds of times in milliseconds."""

    tail_ticks: int = 20_000
    late_ms: int = 60_000
    future_ms: int = 300_000


DEFAULT_RULES = BookRules()

MOST_WAITING = 16
"""Prices that wait to be put into tail and bars together: a fifth of the time that they would take one by one."""

NOTHING = float("inf")


class BookState(msgspec.Struct, frozen=True, array_like=True):
    """State of a book without its tail and its finished bars. It is plain data and small."""

    seq: int
    decimals: int | None
    fields: dict[str, int | float]
    time: TimeState
    bars: BarsState
    ids: list[tuple[str | int, int]]


class QuoteBook:
    """The ticks of one quote. ``day`` is the trading day that its key names, None if it names none.

    ``append`` takes a price that comes in order, ``check`` and ``take`` any tick. Prices wait until there are
    some, or somebody looks at tail or bars: a run of them costs much less than each of them alone.

    ``seq`` is the number of accepted ticks since the first one, ``decimals`` what the quote last said of its prices,
    ``fields`` the newest value of each optional field. ``clock`` shows the time of the exchange.
    """

    __slots__ = (
        "_bars",
        "_gate",
        "_ids",
        "_newest",
        "_now_ms",
        "_tail",
        "_waiting",
        "clock",
        "decimals",
        "fields",
        "seq",
    )

    def __init__(
        self, calendar: Calendar = CONTINUOUS, rules: BookRules = DEFAULT_RULES, *, day: int | None = None
    ) -> None:
        self.seq = 0
        self.decimals: int | None = None
        self.fields: dict[str, Number] = {}
        self.clock = ZoneClock(calendar.zone)
        self._tail = TickTail(rules.tail_ticks, self.clock)
        self._bars = BaseBars(calendar, self._tail)
        self._gate = TimeGate(calendar, TimeRules(rules.late_ms, rules.future_ms), day, self.clock)
        self._ids = RecentIds(rules.late_ms)
        self._now_ms = 0
        self._waiting: list[Price] = []
        self._newest: float = NOTHING  # the time from which on a price may be appended

    @property
    def tail(self) -> TickTail:
        """The newest ticks."""
        if self._waiting:
            self._settle()
        return self._tail

    @property
    def bars(self) -> BaseBars:
        """The minutes and days."""
        if self._waiting:
            self._settle()
        return self._bars

    @property
    def state(self) -> BookState:
        """The state for ``restore``."""
        bars = self.bars.state
        return BookState(self.seq, self.decimals, dict(self.fields), self._gate.state, bars, self._ids.state)

    @property
    def size(self) -> int:
        """Bytes of the ticks and ids."""
        return self.tail.size + self._ids.size

    @property
    def settled_ms(self) -> int | float | None:
        """The moment before which nothing changes any more; None before the first tick that has a time.

        A time of day that jumps back is the exception.
        """
        if self._waiting:
            self._settle()
        return None if self._gate.newest is None else self._gate.settled_ms

    def append(self, price: Price, now_ms: int) -> bool:
        """Take a price that comes in order. Return False if it does not: then it is for ``check`` and ``take``.

        ``now_ms`` is the server's clock at its arrival.
        """
        if not self._newest <= price[0] <= now_ms:
            return False
        self._newest = price[0]
        self._now_ms = now_ms
        self.seq += 1
        waiting = self._waiting
        waiting.append(price)
        if len(waiting) >= MOST_WAITING:
            self._settle()
        return True

    def check(self, tick: Tick, now_ms: int) -> Tick | None:
        """Return a tick with its time found, for ``take``; None if its id has come before.

        ``now_ms`` is the server's clock at its arrival. To be called once for each tick, before the next one. Raises
        ``BadTime`` if the time is impossible.
        """
        if self._waiting:
            self._settle()
        self._newest = NOTHING
        if tick.id is not None and self._ids.has(tick.id, now_ms):
            return None
        self._now_ms = now_ms
        label = tick.label
        if not isinstance(label, str):
            newest = self._gate.newest
            if newest is not None and newest <= label <= now_ms:
                return tick  # nearly every tick: in order, and not ahead of the server's clock
            self._gate.check(label, now_ms)
            if tick.is_bar and self._tail.has_lost(tick.time):
                raise BadTime(f"time {label} is older than the kept ticks, so it is not known what the bar replaces")
            return tick
        clock_ms = read_clock(label)
        if clock_ms is None:
            return tick
        time = self._gate.find(clock_ms, now_ms, label)
        if not self._bars.can_correct(time):
            raise MissingBars(f'time "{label}" is of a minute that is finished')
        return msgspec.structs.replace(tick, time=time, is_clock=True)

    def take(self, tick: Tick) -> int | float | None:
        """Take a checked tick.

        Return None if it is the newest, else the moment in epoch milliseconds from which bars have changed: the tick
        was late, or is a bar that was sent again behind others.
        """
        self.seq += 1
        bars = self._bars
        if bars.stale and self._tail.is_full:
            bars.refresh()
        if tick.id is not None or tick.fields is not None or tick.decimals is not None:
            self._take_more(tick)
        is_newest = self._tail.add(tick)
        if type(tick.label) is str and not tick.is_clock:
            return None
        self._gate.pass_by(tick.time, self._now_ms)
        if not is_newest:
            bars.correct(tick, self._tail.replaced)
        elif bars.newest is not None and tick.time < bars.newest_end:
            bars.newest.add(tick)
        else:
            self._begin_minute(tick)
        if not bars.stale and self._gate.newest is not None:
            self._newest = self._gate.newest
        return None if is_newest else tick.time

    def shorten(self, length: int) -> int:
        """Drop all ticks but the newest ones. Return how many were dropped."""
        self.bars.refresh()
        return self.tail.shorten(length)

    def restore(
        self, state: BookState, tail: TailState, minutes: Iterable[Bar], days: Iterable[Bar], *, is_cut: bool
    ) -> None:
        """Go on from a state, as a book that has taken nothing yet.

        ``minutes`` and ``days`` are the newest finished bars, ascending. ``is_cut``: the store has older ones.
        """
        self.seq = state.seq
        self.decimals = state.decimals
        self.fields = dict(state.fields)
        self._gate.restore(state.time)
        self._ids.restore(state.ids)
        self._tail.restore(tail)
        self._bars.restore(state.bars, minutes, days, is_cut=is_cut)

    def _settle(self) -> None:
        """Put the prices that wait into tail and bars. No minute is stale."""
        prices, self._waiting = self._waiting, []
        bars = self._bars
        self._tail.extend(prices)
        while prices:
            newest, end = bars.newest, bars.newest_end
            count = len(prices) if prices[-1][0] < end else sum(1 for time, _, _ in prices if time < end)
            if newest is not None and count:
                newest.add_prices(prices[:count])
                prices = prices[count:]
            else:
                self._gate.pass_by(prices[0][0], self._now_ms)
                self._begin_minute(tick_of(prices[0]))
                del prices[0]
        self._gate.pass_by(self._newest, self._now_ms)

    def _begin_minute(self, tick: Tick) -> None:
        self._bars.begin(tick)
        self._bars.finish_before(self._gate.settled_ms)

    def _take_more(self, tick: Tick) -> None:
        if tick.id is not None:
            self._ids.add(tick.id, self._now_ms)
        if tick.decimals is not None:
            self.decimals = tick.decimals
        newest = self._gate.newest
        if tick.fields is not None and (newest is None or tick.time >= newest or not tick.has_time):
            self.fields = {**self.fields, **tick.fields}
