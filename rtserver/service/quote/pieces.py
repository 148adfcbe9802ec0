"""Pieces of a quote: what a series makes its bars of, ticks or base bars. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from rtserver.market.book.bar_series import BarSeries, label_of
from rtserver.market.book.growing_bar import GrowingBar, total
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.book.tick import Tick
from rtserver.market.book.tick_tail import TickTail
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS, first_of_month
from rtserver.market.market_bar import Bar
from rtserver.market.number import Label, Number
from rtserver.market.period import MINUTE, BarSpan, Base, Period
from rtserver.service.quote.bar_maker import NEVER, BarMaker, BaseMaker, SpanMaker, TickMaker
from rtserver.service.quote.series import Pieces

FEW_TICKS = 500
"""Ticks that are read at once, rather than from a copy."""


class OlderBars(NamedTuple):
    """Base bars that were read from the history, ascending; the newest may be in the book as well.

    It ``has_older`` ones, or ``is_cut`` if there were some; every bar from the label ``begin`` on is there, or from
    the first one on if that is None.
    """

    bars: Sequence[Bar]
    has_older: bool
    is_cut: bool
    begin: int | None = None


class TickPieces:
    """The ticks that a quote's book keeps. ``older`` are the minutes that their first day has before them."""

    are_ticks = True

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


class BasePieces:
    """The base bars of a quote: ``part`` is what was read of its history, its book has the newest ones.

    A part that is None was not asked for: then the book has all there is.
    """

    are_ticks = False

    def __init__(
        self,
        book: QuoteBook,
        calendar: Calendar,
        period: Period,
        part: OlderBars | None,
        end_ms: int | None = None,
    ) -> None:
        self._book = book
        self._calendar = calendar
        self._period = period
        self._end_ms = end_ms
        self._base: Base = cast(Base, period.base)
        self._older: Sequence[Bar] = () if part is None else part.bars
        # What the book has before these is not needed.
        self._start = label_of(self._older[0]) if self._older and part is not None and part.has_older else None
        self.has_older = part is not None and part.has_older
        self.is_cut = self.has_older or (self._series.is_cut if part is None else part.is_cut)
        self._first: Bar | None = None
        self._begin = None if part is None else part.begin  # every bar is at hand from this label on
        self._from: int | None = None  # none before this label is asked for again

    @property
    def seq(self) -> int:
        """Number of the quote's ticks so far."""
        return self._book.seq

    @property
    def _series(self) -> BarSeries:
        return self._book.bars.finished(self._base)

    def new_bar(self) -> BarMaker:
        """Return a maker of bars."""
        return BaseMaker(self._period, self._calendar, self._label_of, self._grow)

    def since(self, begin_ms: Number) -> Iterable[Bar] | None:
        """Return the bars from a time on, the growing one included; None if some are gone."""
        if begin_ms == NEVER:
            bars, first = self._read(self._start), self._first
            self._first = bars[0] if bars else None
            if first is not None and (self._first is None or label_of(self._first) > label_of(first)):
                self.is_cut, self._begin = True, self._from
            return bars
        label = self._period.bar_at(self._calendar, begin_ms).label
        return None if self._from is not None and label < self._from else self._read(label)

    def is_whole(self, first: Bar) -> bool:
        """Return True if the first bar begins with the first base bar, or behind all that may be missing."""
        label = self._period.bar_at(self._calendar, first.time).label
        begins = self._begin is not None and self._begin <= label
        return begins or (self._first is not None and self._first.time == first.time)

    def begins_group(self, first: Bar) -> bool:
        """Return True if all base bars of the first bar's group are at hand."""
        return self._begin is not None and self._begin <= begin_of_group(self._period, self._calendar, first.group)

    def before(self, begin_ms: Number) -> Bar | None:
        """Return None: what was read begins with a group, if an indicator needs that."""
        return None

    def forget(self, begin_ms: Number) -> None:
        """Drop the bars of the history before a time."""
        if self._older and begin_ms != NEVER:
            self._from = self._period.bar_at(self._calendar, begin_ms).label
            self._older = self._older[bisect_left(self._older, self._from, key=label_of) :]

    def _read(self, label: int | None) -> list[Bar]:
        bars = self._book.bars.read(self._base, label, self._end_ms)
        return [*self._older_than(bars[0] if bars else None, label), *bars]

    def _older_than(self, first: Bar | None, label: int | None) -> Sequence[Bar]:
        older = self._older
        low = 0 if label is None else bisect_left(older, label, key=label_of)
        high = len(older) if first is None else bisect_left(older, label_of(first), key=label_of)
        return older[low:high]

    def _grow(self, span: BarSpan) -> GrowingBar | None:
        is_older_needed = bool(self._older) and label_of(self._older[-1]) >= span.label
        bars = self._book.bars.read(self._base, span.label) if is_older_needed else []
        older = self._older_than(bars[0], span.label) if bars else ()
        return self._book.bars.grow(self._base, span, older)

    def _label_of(self, span: BarSpan) -> Label:
        tail = self._book.tail
        is_clock = self._period.is_span and tail.ends_with_clock
        return self._book.clock.label(span.time) if is_clock else span.label


def begin_of_group(period: Period, calendar: Calendar, group: int) -> int:
    """Return the label of the first base bar that a group of a period's bars may have."""
    if period.base == "1m":
        return calendar.extent_of(group, group).start_ms
    return first_of_month(12 * group) * DAY_MS


def open_pieces(
    book: QuoteBook, calendar: Calendar, period: Period, part: OlderBars | None, end_ms: int | None = None
) -> Pieces:
    """Return what the bars of a period are made of. Those whose labels are ``end_ms`` or later are not wanted."""
    has_times = not book.seq or book.settled_ms is not None
    if period.base is None or not has_times:
        return TickPieces(book, calendar, period, part, end_ms)
    return BasePieces(book, calendar, period, part, end_ms)
