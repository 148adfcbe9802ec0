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
from rtserver.market.book.tick import BadTime, MissingBars, Tick
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

    ``seq`` is the number of accepted ticks since the first one, ``decimals`` what the quote last said of its prices,
    ``fields`` the newest value of each optional field. ``clock`` shows the time of the exchange.
    """

    __slots__ = (
        "_gate",
        "_ids",
        "_now_ms",
        "bars",
        "clock",
        "decimals",
        "fields",
        "seq",
        "tail",
    )

    def __init__(
        self, calendar: Calendar = CONTINUOUS, rules: BookRules = DEFAULT_RULES, *, day: int | None = None
    ) -> None:
        self.seq = 0
        self.decimals: int | None = None
        self.fields: dict[str, Number] = {}
        self.clock = ZoneClock(calendar.zone)
        self.tail = TickTail(rules.tail_ticks, self.clock)
        self.bars = BaseBars(calendar, self.tail)
        self._gate = TimeGate(calendar, TimeRules(rules.late_ms, rules.future_ms), day, self.clock)
        self._ids = RecentIds(rules.late_ms)
        self._now_ms = 0

    @property
    def state(self) -> BookState:
        """The state for ``restore``."""
        return BookState(
            self.seq, self.decimals, dict(self.fields), self._gate.state, self.bars.state, self._ids.state
        )

    @property
    def size(self) -> int:
        """Bytes of the ticks and ids."""
        return self.tail.size + self._ids.size

    @property
    def settled_ms(self) -> int | float | None:
        """The moment before which nothing changes any more; None before the first tick that has a time.

        A time of day that jumps back is the exception.
        """
        return None if self._gate.newest is None else self._gate.settled_ms

    def check(self, tick: Tick, now_ms: int) -> Tick | None:
        """Return a tick with its time found, for ``take``; None if its id has come before.

        ``now_ms`` is the server's clock at its arrival. To be called once for each tick, before the next one. Raises
        ``BadTime`` if the time is impossible.
        """
        if tick.id is not None and self._ids.has(tick.id, now_ms):
            return None
        self._now_ms = now_ms
        label = tick.label
        if not isinstance(label, str):
            newest = self._gate.newest
            if newest is not None and newest <= label <= now_ms:
                return tick  # nearly every tick: in order, and not ahead of the server's clock
            self._gate.check(label, now_ms)
            if tick.is_bar and self.tail.has_lost(tick.time):
                raise BadTime(f"time {label} is older than the kept ticks, so it is not known what the bar replaces")
            return tick
        clock_ms = read_clock(label)
        if clock_ms is None:
            return tick
        time = self._gate.find(clock_ms, now_ms, label)
        if not self.bars.can_correct(time):
            raise MissingBars(f'time "{label}" is of a minute that is finished')
        return msgspec.structs.replace(tick, time=time, is_clock=True)

    def take(self, tick: Tick) -> int | float | None:
        """Take a checked tick.

        Return None if it is the newest, else the moment in epoch milliseconds from which bars have changed: the tick
        was late, or is a bar that was sent again behind others.
        """
        self.seq += 1
        bars = self.bars
        if bars.stale and self.tail.is_full:
            bars.refresh()
        if tick.id is not None or tick.fields is not None or tick.decimals is not None:
            self._take_more(tick)
        is_newest = self.tail.add(tick)
        if type(tick.label) is str and not tick.is_clock:
            return None
        self._gate.pass_by(tick.time, self._now_ms)
        if is_newest:
            newest = bars.newest
            if newest is not None and tick.time < bars.newest_end:
                newest.add(tick)
            else:
                bars.begin(tick)
                bars.finish_before(self._gate.settled_ms)
            return None
        bars.correct(tick, self.tail.replaced)
        return tick.time

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
        self.tail.restore(tail)
        self.bars.restore(state.bars, minutes, days, is_cut=is_cut)

    def _take_more(self, tick: Tick) -> None:
        if tick.id is not None:
            self._ids.add(tick.id, self._now_ms)
        if tick.decimals is not None:
            self.decimals = tick.decimals
        newest = self._gate.newest
        if tick.fields is not None and (newest is None or tick.time >= newest or not tick.has_time):
            self.fields = {**self.fields, **tick.fields}
