"""BasePieces: the base bars of a quote, as pieces of the longer bars of a series. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import cast

from rtserver.market.book.bar_run import BarRun, run_of
from rtserver.market.book.bar_series import BarSeries, label_of
from rtserver.market.book.growing_bar import GrowingBar
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS, first_of_month
from rtserver.market.market_bar import Bar
from rtserver.market.number import Label, Number
from rtserver.market.period import BarSpan, Base, Period
from rtserver.service.quote.bar_maker import NEVER, BarMaker, BaseMaker
from rtserver.service.quote.pieces import OlderBars


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
        self.lost = False
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
                self.is_cut, self.lost, self._begin = True, True, self._from
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

    def _read(self, label: int | None) -> BarRun:
        bars = self._book.bars.run(self._base, label, self._end_ms)
        return run_of(self._older_than(bars[0] if bars else None, label), bars)

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
