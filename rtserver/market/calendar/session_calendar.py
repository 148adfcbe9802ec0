"""SessionCalendar: the calendar of an exchange with sessions, from its rules.

Sessions are laid out in tables of some weeks each, as they are asked for: a look-up is one bisection.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from rtserver.market.calendar.calendar import Calendar, DaysExtent, SessionSpan
from rtserver.market.calendar.trading_day import (
    DAY_MINUTES,
    FIRST_DAY,
    LAST_DAY,
    MINUTE_MS,
    OpenSpan,
    TradingDays,
    TradingRules,
)
from rtserver.market.day import DAY_MS

TABLE_DAYS = 32
KEPT_TABLES = 256
"""Tables that are kept: 22 years."""

ALWAYS_MS = 2**53
"""A moment beyond all that a tick may name."""

_FIRST_MS = FIRST_DAY * DAY_MS
_LAST_MS = (LAST_DAY + 1) * DAY_MS - 1


class _Table(NamedTuple):
    """The sessions around ``TABLE_DAYS`` days, the moments from which on each is the nearest one, and each day's."""

    begins: list[int]
    sessions: list[SessionSpan]
    days: dict[int, tuple[SessionSpan, ...]]


class SessionCalendar(Calendar):
    """The calendar of an exchange, from its rules.

    It has sessions from 1900 to 2199. Before them the first one is the nearest, after them the last one.
    """

    def __init__(self, name: str, rules: TradingRules, holidays_until: int | None = None) -> None:
        self.name = name
        self.zone = rules.zone
        self.holidays_until = holidays_until
        self.has_nights = rules.has_nights
        self._days = TradingDays(rules)
        self._tables: dict[int, _Table] = {}
        whole = sum(hours.end - hours.start for hours in rules.sessions) == DAY_MINUTES
        self.is_continuous = (
            whole and len(rules.weekdays) == 7 and rules.holidays == frozenset() and not rules.special_days
        )

    def session_at(self, time_ms: float) -> SessionSpan:
        number = int(min(max(time_ms, _FIRST_MS), _LAST_MS) // DAY_MS) // TABLE_DAYS
        begins, sessions, _ = self._tables.get(number) or self._lay_out(number)
        return sessions[bisect_right(begins, time_ms) - 1]

    def sessions_of(self, day: int) -> tuple[SessionSpan, ...]:
        if not FIRST_DAY <= day <= LAST_DAY:
            return ()
        number = day // TABLE_DAYS
        table = self._tables.get(number) or self._lay_out(number)
        return table.days.get(day, ())

    def is_trading_day(self, day: int) -> bool:
        return bool(self.sessions_of(day))

    def clock_time(self, day: int, clock_ms: int) -> int:
        if not FIRST_DAY <= day <= LAST_DAY:
            return day * DAY_MS + clock_ms
        spans = self._days.spans_of(day)
        moments_of_trade = (moment for span in spans for moment in (span.start_ms, span.end_ms - 1))
        dates = {day, *map(self._days.local_day, moments_of_trade)}
        moments = [self._days.moment(date, clock_ms / MINUTE_MS) for date in sorted(dates)]
        if not spans:
            return moments[0]
        return min(moments, key=lambda moment: min(_distance(span, moment) for span in spans))

    def extent_of(self, first: int, last: int) -> DaysExtent:
        opening, closing = self._days.next_day(first), self._days.last_day(last)
        if opening is None or closing is None or opening > closing:
            return DaysExtent(first * DAY_MS, (last + 1) * DAY_MS, first * DAY_MS)
        start, until = self.sessions_of(opening)[0], self.sessions_of(closing)[-1]
        return DaysExtent(start.begin_ms, until.until_ms, start.start_ms)

    def _lay_out(self, number: int) -> _Table:
        """Make the table of the days from ``number * TABLE_DAYS`` on.

        Two trading days before them and two behind them go along: the nearest session may be of the inner one, and
        the outer one bounds it. A day's difference between UTC and local time is allowed for.
        """
        first = self._days.last_day(number * TABLE_DAYS - 2)
        last = self._days.next_day((number + 1) * TABLE_DAYS + 1)
        first = None if first is None else self._days.last_day(first - 1)
        last = None if last is None else self._days.next_day(last + 1)
        days = range(FIRST_DAY if first is None else first, (LAST_DAY if last is None else last) + 1)
        table = _table_of(list(_apart((span, day) for day in days for span in self._days.spans_of(day))))
        if len(self._tables) >= KEPT_TABLES:
            self._tables.clear()
        self._tables[number] = table
        return table


def _apart(spans: Iterable[tuple[OpenSpan, int]]) -> Iterator[tuple[OpenSpan, int]]:
    """Yield the sessions without what overlaps an earlier one: hours of special days may do so."""
    open_until = -ALWAYS_MS
    for span, day in spans:
        if span.end_ms > open_until:
            yield span._replace(start_ms=max(span.start_ms, open_until)), day
            open_until = span.end_ms


def _table_of(spans: Sequence[tuple[OpenSpan, int]]) -> _Table:
    begins = [-ALWAYS_MS, *(_turn(before.end_ms, after.start_ms) for (before, _), (after, _) in pairwise(spans))]
    untils = [*begins[1:], ALWAYS_MS]
    sessions = [
        SessionSpan(span.start_ms, span.end_ms, day, begin, until)
        for (span, day), begin, until in zip(spans, begins, untils, strict=True)
    ]
    days = {day: tuple(each) for day, each in groupby(sessions, key=attrgetter("day"))}
    return _Table(begins, sessions, days)


def _turn(end_ms: int, start_ms: int) -> int:
    """Return the first moment in a break that is nearer to the next session than to the one before."""
    return start_ms if end_ms == start_ms else (end_ms + start_ms) // 2 + 1


def _distance(span: OpenSpan, moment: int) -> int:
    return max(span.start_ms - moment, moment - span.end_ms + 1, 0)
