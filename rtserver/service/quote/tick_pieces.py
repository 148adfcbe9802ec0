"""TickPieces: the ticks of a quote, as pieces of the bars of a series. Pure."""

from collections.abc import Iterable

from rtserver.market.book.bar_series import label_of
from rtserver.market.book.growing_bar import total
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.book.tick import Tick
from rtserver.market.book.tick_tail import TickTail
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number
from rtserver.market.period import MINUTE, Period
from rtserver.service.quote.bar_maker import NEVER, BarMaker, SpanMaker, TickMaker
from rtserver.service.quote.pieces import OlderBars

FEW_TICKS = 500
"""Ticks that are read at once, rather than from a copy."""


class TickPieces:
    """The ticks that a quote's book keeps. ``older`` are the minutes that their first day has before them."""

    are_ticks = True
    lost = False

    def __init__(
        self,
        book: QuoteBook,
        calendar: Calendar,
        period: Period,
        older: OlderBars | None = None,
        end_ms: Number | None = None,
    ) -> None:
        self._older = older
        self._book = book
        self._calendar = calendar
        self._period = period
        self._end_ms = end_ms
        self.is_cut = book.tail.is_cut
        self.has_older = False

    @property
    def seq(self) -> int:
        """Number of the quote's ticks so far."""
        return self._book.seq

    def new_bar(self) -> BarMaker:
        """Return a maker of bars."""
        if self._period.is_ticks:
            return TickMaker(self._calendar)
        return SpanMaker(self._period, self._calendar, self._book.clock)

    def since(self, begin_ms: Number) -> Iterable[Tick] | None:
        """Return the ticks from a time on, as they are now; None if some are gone, or if ticks have no times."""
        tail = self._book.tail
        self.is_cut = tail.is_cut
        if begin_ms == NEVER:
            return self._ticks(0)
        if not tail.covers(begin_ms) or not (len(tail) and tail[-1].has_time):
            return None
        return self._ticks(tail.index_at(begin_ms))

    def is_whole(self, first: Bar) -> bool:
        """Return False: the first bar of a cut tail may lack ticks."""
        return False

    def begins_group(self, first: Bar) -> bool:
        """Return False: the first tick of a cut tail is hardly the first of its day."""
        return False

    def forget(self, begin_ms: Number) -> None:
        """Do nothing: the book keeps the ticks."""

    def before(self, begin_ms: Number) -> Bar | None:
        """Return the sum of what a trading day has before a bar, None if it is not known.

        It is that of the minutes before, and of the ticks behind these.
        """
        book, tail = self._book, self._book.tail
        minute = MINUTE.bar_at(self._calendar, begin_ms)
        minutes = book.bars.finished("1m")
        day_start = self._calendar.extent_of(minute.group, minute.group).start_ms
        begins_late = minutes.first_label is None or minutes.first_label > day_start
        read = self._older if self._older is not None and self._older.begin == day_start else None
        if not tail.covers(minute.begin_ms) or (minutes.is_cut and begins_late and read is None):
            return None
        volume: Number | None = None
        turnover: Number | None = None
        bars = book.bars.read("1m", day_start, minute.label)
        end = label_of(bars[0]) if bars else minute.label
        older = [bar for bar in read.bars if label_of(bar) < end] if read is not None else []
        for bar in (*older, *bars):
            volume, turnover = total(volume, bar.volume), total(turnover, bar.turnover)
        for tick in tail.ticks(tail.index_at(minute.begin_ms), tail.index_at(begin_ms)):
            volume, turnover = total(volume, tick.volume), total(turnover, tick.value)
        return Bar(minute.label, 0, 0, 0, 0, volume, turnover, minute.group, minute.time)

    def _ticks(self, first: int) -> Iterable[Tick]:
        """Return the ticks from an index on as they are now."""
        tail = self._book.tail
        end = None if self._end_ms is None else tail.index_at(self._end_ms)
        if len(tail) - first <= FEW_TICKS:
            return list(tail.ticks(first, end))
        copy = TickTail(len(tail), self._book.clock)
        copy.restore(tail.state)
        return copy.ticks(first, end)
