"""Makers of bars: pieces of a quote in, bars of a period out. Pure.

``TickMaker`` makes a bar of each tick, ``SpanMaker`` bars of a period from ticks, ``BaseMaker`` bars of a period from
those of a shorter one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from rtserver.market.book.clock_label import ZoneClock
from rtserver.market.book.growing_bar import GrowingBar, amounts_of, grown_bar, total
from rtserver.market.book.tick import Tick
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.market_bar import Bar, BarRow
from rtserver.market.number import Label, Number
from rtserver.market.period import BarSpan, Period

Piece: TypeAlias = Tick | Bar
LabelOf: TypeAlias = Callable[[BarSpan], Label]
Grow: TypeAlias = Callable[[BarSpan], GrowingBar | None]
"""Function from a span to its bar with the quote's newest tick, which takes the next ones."""

NEVER = float("-inf")
_NOTHING: tuple[Number | None, Number | None] = (None, None)


class BegunBar(NamedTuple):
    """A bar, and the time from which pieces belong to it."""

    begin_ms: Number
    bar: Bar


class BarMaker(ABC):
    """The newest bar, made of pieces in their order. A piece of the time ``begin_ms`` or later belongs to it, or to a
    bar behind it.
    """

    __slots__ = ("begin_ms",)

    def __init__(self) -> None:
        self.begin_ms: Number = NEVER

    @property
    @abstractmethod
    def bar(self) -> Bar | None:
        """The bar as it stands; None before the first piece."""

    @property
    @abstractmethod
    def row(self) -> BarRow:
        """``row`` of the bar, after the first piece."""

    @abstractmethod
    def add(self, piece: Any) -> Bar | None:
        """Take the next ``Piece``. Return the bar that has ended with that, or None."""

    def absorbs(self, tick: Tick) -> bool:
        """Return True if ``add`` takes a tick that came late."""
        return False

    def add_all(self, pieces: Sequence[Any]) -> list[BegunBar]:
        """Take the next pieces. Return the bars that have ended with that."""
        ended: list[BegunBar] = []
        for piece in pieces:
            begin = self.begin_ms
            bar = self.add(piece)
            if bar is not None:
                ended.append(BegunBar(begin, bar))
        return ended


class TickMaker(BarMaker):
    """Bars of one tick. A tick with the label of the last one replaces its prices.

    Volumes add up, but for that of a producer's bar that is sent again: it is the whole bar's. Such a bar keeps its
    label, as it does in the tail, if it comes with another one of the same moment.
    """

    __slots__ = ("_bar_time", "_before", "_calendar", "_day", "_day_end", "_ends_with_bar", "bar")

    def __init__(self, calendar: Calendar) -> None:
        super().__init__()
        self.bar: Bar | None = None
        self._before = _NOTHING  # volume and turnover of the bar without its last tick
        self._ends_with_bar = False
        self._bar_time: Number | None = None  # of the last tick, if it is a bar that has a time
        self._calendar = calendar
        self._day = 0
        self._day_end: Number = NEVER

    @property
    def row(self) -> BarRow:
        """``row`` of the bar, after the first tick."""
        assert self.bar is not None, "no tick has come"
        return self.bar.row

    def add(self, piece: Any) -> Bar | None:
        """Take the next tick. Return the bar that has ended with that, or None."""
        ended, label, time = self.bar, piece.label, piece.time
        volume, turnover = piece.volume, piece.value
        bar_time = time if piece.is_bar and piece.has_time else None
        if ended is not None and (label == ended.label or (bar_time is not None and bar_time == self._bar_time)):
            label = ended.label
            if not (piece.is_bar and self._ends_with_bar):
                self._before = ended.volume, ended.turnover
            before_volume, before_turnover = self._before
            volume, turnover = total(before_volume, volume), total(before_turnover, turnover)
            ended = None
        else:
            self._before = _NOTHING
            self.begin_ms = time
            if time >= self._day_end:
                session = self._calendar.session_at(time)
                self._day, self._day_end = session.day, session.until_ms
        self._ends_with_bar, self._bar_time = piece.is_bar, bar_time
        start = time if type(time) is int else int(time)
        self.bar = Bar(label, piece.open, piece.close, piece.low, piece.high, volume, turnover, self._day, start)
        return ended


class SpanMaker(BarMaker):
    """Bars of a period, made of ticks. A text that is no time of day is a bar of its own.

    ``clock`` shows the times of day by which such bars are labelled, if their ticks are.
    """

    __slots__ = ("_calendar", "_clock", "_end_ms", "_growing", "_period")

    def __init__(self, period: Period, calendar: Calendar, clock: ZoneClock) -> None:
        super().__init__()
        self._period = period
        self._calendar = calendar
        self._clock = clock
        self._end_ms: Number = NEVER
        self._growing: GrowingBar | None = None

    @property
    def bar(self) -> Bar | None:
        """The bar as it stands; None before the first tick."""
        return None if self._growing is None else self._growing.bar

    @property
    def row(self) -> BarRow:
        """``row`` of the bar, after the first tick."""
        assert self._growing is not None, "no tick has come"
        return self._growing.row

    def absorbs(self, tick: Tick) -> bool:
        """See ``BarMaker``. A producer's bar may replace what is not known any more."""
        return self.begin_ms <= tick.time < self._end_ms and not tick.is_bar

    def add(self, piece: Any) -> Bar | None:
        """Take the next tick, or one that it ``absorbs``. Return the bar that has ended with that, or None."""
        growing = self._growing
        if growing is not None and self.begin_ms <= piece.time < self._end_ms:
            if piece.time < growing.last:
                growing.absorb(piece)
            else:
                growing.add(piece)
            return None
        return self._begin(piece)

    def _begin(self, tick: Tick) -> Bar | None:
        growing = self._growing
        if tick.has_time:
            span = self._period.bar_at(self._calendar, tick.time)
            self.begin_ms, self._end_ms = span.begin_ms, span.end_ms
            label = self._clock.label(span.time) if tick.is_clock else span.label
            self._growing = GrowingBar(label, tick, group=span.group, start=span.time)
        elif growing is not None and growing.label == tick.label:
            growing.add(tick)
            return None
        else:
            self.begin_ms = self._end_ms = 0
            self._growing = GrowingBar(tick.label, tick, group=0, start=0)
        return None if growing is None else growing.bar


class BaseMaker(BarMaker):
    """Bars of a period, made of base bars, and behind these of ticks, the first of which is in the last base bar.

    ``grow`` gives the growing bar of a span, with the quote's newest tick in it.
    """

    __slots__ = ("_calendar", "_grow", "_growing", "_label_of", "_made", "_period", "_span")

    def __init__(self, period: Period, calendar: Calendar, label_of: LabelOf, grow: Grow) -> None:
        super().__init__()
        self._period = period
        self._calendar = calendar
        self._label_of = label_of
        self._grow = grow
        self._span: BarSpan | None = None
        self._made: Bar | None = None
        self._growing: GrowingBar | None = None

    @property
    def bar(self) -> Bar | None:
        """The bar as it stands; None before the first piece."""
        return self._made if self._growing is None else self._growing.bar

    @property
    def row(self) -> BarRow:
        """``row`` of the bar, after the first piece."""
        return cast(Bar, self._made).row if self._growing is None else self._growing.row

    def add(self, piece: Any) -> Bar | None:
        """Take the next piece. Return the bar that has ended with that, or None."""
        span, growing = self._span, self._growing
        if span is not None and span.begin_ms <= piece.time < span.end_ms:
            if growing is not None:
                growing.add(piece)
            elif isinstance(piece, Bar):
                self._made = grown_bar(cast(Bar, self._made), (piece,))
            else:
                self._go_on(span)
            return None
        ended = self.bar
        self._begin(piece)
        return ended

    def add_all(self, pieces: Sequence[Bar]) -> list[BegunBar]:
        """See ``BarMaker``. The pieces are base bars."""
        ended: list[BegunBar] = []
        place, count = 0, len(pieces)
        while place < count:
            begin = self.begin_ms
            bar = self.add(pieces[place])
            if bar is not None:
                ended.append(BegunBar(begin, bar))
            first = place = place + 1
            end_ms = cast(BarSpan, self._span).end_ms
            while place < count and pieces[place].time < end_ms:
                place += 1
            if place > first:
                self._made = grown_bar(cast(Bar, self._made), pieces[first:place])
        return ended

    def _begin(self, piece: Piece) -> None:
        span = self._span = self._period.bar_at(self._calendar, piece.time)
        self.begin_ms = span.begin_ms
        if not isinstance(piece, Bar):
            self._go_on(span)
            return
        label = self._label_of(span)
        is_same = (piece.label, piece.group, piece.time) == (label, span.group, span.time)
        self._made = piece if is_same else Bar(label, *amounts_of(piece), span.group, span.time)

    def _go_on(self, span: BarSpan) -> None:
        """Go on with ticks."""
        growing = self._growing = cast(GrowingBar, self._grow(span))
        growing.label = self._label_of(span)
