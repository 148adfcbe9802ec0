"""BaseBars: the bars of a quote's base periods, "1m" and "1d", each built once from every tick as it comes.

Minutes that a late tick may still change are *open*. The others are finished, and so are the days whose minutes are
all finished. A day is the sum of its minutes, so a tick costs one bar only.
"""

from collections.abc import Iterable, Sequence
from functools import reduce

import msgspec

from rtserver.market.book.bar_run import BarRun, run_of
from rtserver.market.book.bar_series import BarSeries, label_of
from rtserver.market.book.growing_bar import GrowingBar, GrowingState, amounts_of, difference, grown_bar, joined
from rtserver.market.book.tick import Tick
from rtserver.market.book.tick_tail import TickTail
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.market_bar import Bar
from rtserver.market.period import DAY, MINUTE, BarSpan, Base


class BarsState(msgspec.Struct, frozen=True, array_like=True):
    """State of ``BaseBars`` without the finished bars: the open minutes, and the day so far without them.

    ``finished`` is the label of the newest finished minute.
    """

    open: list[GrowingState]
    day: Bar | None
    finished: int | None = None


class BaseBars:
    """The bars of one quote in memory, in ascending order of their labels.

    ``newest`` is the minute of the newest tick, None before the first one. It takes the next ticks itself, those
    before ``newest_end``: that saves a call for nearly every tick.

    ``stale`` has the labels of minutes in which a bar was replaced. They are made anew when somebody reads them, so
    that many corrections cost as much as one. The caller calls ``refresh`` before the tail drops ticks.
    """

    __slots__ = (
        "_calendar",
        "_day",
        "_day_end",
        "_finished",
        "_open",
        "_series",
        "_tail",
        "newest",
        "newest_end",
        "stale",
    )

    def __init__(self, calendar: Calendar, tail: TickTail) -> None:
        self._calendar = calendar
        self._tail = tail
        self._series: dict[Base, BarSeries] = {"1m": BarSeries(), "1d": BarSeries()}
        self._day: Bar | None = None  # of the finished minutes behind the last finished day
        self._day_end: float = 0  # minutes before it belong to that day; 0 if that is to be found out
        self._open: list[tuple[BarSpan, GrowingBar]] = []
        self.newest: GrowingBar | None = None
        self.newest_end: float = 0
        self.stale: set[int] = set()
        self._finished: int | None = None

    @property
    def state(self) -> BarsState:
        """The state for ``restore``."""
        self.refresh()
        return BarsState([growing.state for _, growing in self._open], self._day, self._finished)

    def restore(self, state: BarsState, minutes: Iterable[Bar], days: Iterable[Bar], *, is_cut: bool) -> None:
        """Go on from a state and the newest finished bars. ``is_cut``: the store has older ones."""
        for series, bars in zip(self._series.values(), (minutes, days), strict=True):
            series.is_cut = is_cut
            for bar in bars:
                series.append(bar)
        self._day, self._day_end, self._finished = state.day, 0, state.finished
        self._open = [
            (MINUTE.bar_at(self._calendar, each.bar.time), GrowingBar.restored(each)) for each in state.open
        ]
        self._point_to_newest()

    def finished(self, base: Base) -> BarSeries:
        """Return the finished bars, to be read only."""
        return self._series[base]

    def growing(self, base: Base) -> list[Bar]:
        """Return the bars that are not finished, ascending. The newest tick is in the last one."""
        self.refresh()
        return self._unfinished(base, (growing.bar for _, growing in self._open))

    def read(
        self, base: Base, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> list[Bar]:
        """Return the bars whose labels are in [``start``, ``end``), or the newest ``limit`` of them, ascending.

        The growing ones are among them.
        """
        return list(self.run(base, start, end, limit))

    def run(self, base: Base, start: int | None = None, end: int | None = None, limit: int | None = None) -> BarRun:
        """``read`` as a run. It stays as it is, whatever comes."""
        later = [
            bar
            for bar in self.growing(base)
            if (start is None or label_of(bar) >= start) and (end is None or label_of(bar) < end)
        ]
        if limit is not None and len(later) >= limit:
            return run_of(later[len(later) - limit :])
        return run_of(self._series[base].run(start, end, None if limit is None else limit - len(later)), later)

    def grow(self, base: Base, span: BarSpan, older: Iterable[Bar] = ()) -> GrowingBar | None:
        """Return the growing bar of a longer period, which has the newest tick; None before the first tick.

        ``older`` are bars of the base that belong to it and are not in memory.
        """
        self.refresh()
        newest = self.newest
        if newest is None:
            return None
        if base == "1m" and newest.label == span.label:
            return newest.behind(None, span.label, group=span.group, start=span.time)
        others = self._unfinished(base, (growing.bar for _, growing in self._open[:-1]))
        bars = [*older, *self._series[base].read(span.label), *(bar for bar in others if label_of(bar) >= span.label)]
        before = reduce(joined, map(amounts_of, bars)) if bars else None
        return newest.behind(before, span.label, group=span.group, start=span.time)

    def begin(self, tick: Tick) -> None:
        """Begin a minute with the newest tick. After that, older minutes may be finished."""
        span = MINUTE.bar_at(self._calendar, tick.time)
        self._open.append((span, _begun(span, tick)))
        self._point_to_newest()

    def finish_before(self, settled_ms: float) -> None:
        """Finish the minutes that end at or before a moment, but for the newest one."""
        self.refresh()
        while len(self._open) > 1 and self._open[0][0].end_ms <= settled_ms:
            self._finish(self._open.pop(0)[1].bar)

    def can_correct(self, time_ms: float) -> bool:
        """Return True unless the minute of a moment is finished, and its day is not in memory."""
        if self._finished is None or MINUTE.bar_at(self._calendar, time_ms).label > self._finished:
            return True
        minutes = self._series["1m"]
        if not minutes.is_cut:
            return True
        first = minutes.first_label
        return first is not None and first < DAY.bar_at(self._calendar, time_ms).begin_ms

    @property
    def first_minute(self) -> int | None:
        """The label from which on all minutes are in memory; None if no minute is finished."""
        first = self._series["1m"].first_label
        return self._finished + 1 if first is None and self._finished is not None else first

    def prepend(self, minutes: Sequence[Bar], *, is_cut: bool) -> None:
        """Take finished minutes that are older than those in memory. ``is_cut``: there are older ones still."""
        self._series["1m"].prepend(minutes, is_cut=is_cut)

    def correct(self, tick: Tick, replaced: Tick | None) -> None:
        """Take a tick that is not the newest, when the tail has it. ``replaced`` is the bar that it is sent for."""
        span = MINUTE.bar_at(self._calendar, tick.time)
        last = self._series["1m"].last_label
        if last is not None and span.label <= last:
            self._reopen(span.label)
        place = sum(1 for each, _ in self._open if each.label < span.label)
        if place == len(self._open) or self._open[place][0].label != span.label:
            self._open.insert(place, (span, _begun(span, tick)))
        else:
            self._correct(place, tick, replaced)
        self._point_to_newest()

    def _correct(self, place: int, tick: Tick, replaced: Tick | None) -> None:
        span, known = self._open[place]
        if span.label in self.stale:
            return
        if replaced is None or known.replaces(tick):
            known.absorb(tick)
        elif self._tail.covers(span.begin_ms):
            self.stale.add(span.label)
        else:
            known.absorb(difference(tick, replaced))

    def refresh(self) -> None:
        """Make the stale minutes from the ticks of the tail, which has all of theirs."""
        if not self.stale:
            return
        for place, (span, _) in enumerate(self._open):
            if span.label in self.stale:
                self._open[place] = (span, self._rebuilt(span))
        self.stale.clear()
        self._point_to_newest()

    def _rebuilt(self, span: BarSpan) -> GrowingBar:
        tail = self._tail
        ticks = tail.ticks(tail.index_at(span.begin_ms), tail.index_at(span.end_ms))
        first, *others = (tick for tick in ticks if tick.has_time)
        growing = _begun(span, first)
        for tick in others:
            growing.add(tick)
        return growing

    def _reopen(self, label: int) -> None:
        """Open finished minutes again, because a clock has jumped back."""
        minutes = self._series["1m"].take_from(label)
        self._finished = self._series["1m"].last_label
        self._open[:0] = [
            (MINUTE.bar_at(self._calendar, bar.time), GrowingBar.restored(GrowingState(bar, bar.time, bar.time)))
            for bar in minutes
        ]
        day = DAY.bar_at(self._calendar, minutes[0].time)
        self._series["1d"].take_from(day.label)
        remaining = self._days_of(None, self._series["1m"].read(day.begin_ms))
        self._day, self._day_end = remaining[-1] if remaining else None, 0

    def _finish(self, minute: Bar) -> None:
        self._series["1m"].append(minute)
        self._finished = label_of(minute)
        if self._day is not None and minute.time < self._day_end:
            self._day = grown_bar(self._day, (minute,))
            return
        *finished, self._day = self._days_of(self._day, [minute])
        self._day_end = DAY.bar_at(self._calendar, self._day.time).end_ms
        for day in finished:
            self._series["1d"].append(day)

    def _unfinished(self, base: Base, minutes: Iterable[Bar]) -> list[Bar]:
        """Return the bars of a base that are not finished, given the last minutes."""
        return list(minutes) if base == "1m" else self._days_of(self._day, minutes)

    def _days_of(self, day: Bar | None, minutes: Iterable[Bar]) -> list[Bar]:
        """Return a day grown by later minutes, and the days that follow it."""
        days = [] if day is None else [day]
        end = None if day is None else DAY.bar_at(self._calendar, day.time).end_ms
        for minute in minutes:
            if end is not None and minute.time < end:
                days[-1] = grown_bar(days[-1], (minute,))
            else:
                span = DAY.bar_at(self._calendar, minute.time)
                end = span.end_ms
                days.append(Bar(span.label, *amounts_of(minute), span.group, span.time))
        return days

    def _point_to_newest(self) -> None:
        if self._open:
            span, self.newest = self._open[-1]
            self.newest_end = span.end_ms


def _begun(span: BarSpan, tick: Tick) -> GrowingBar:
    return GrowingBar(span.label, tick, group=span.group, start=span.time)
