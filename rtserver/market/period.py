"""Period: the rule that cuts the ticks of a quote into bars.

A period is "0" (every tick is a bar), a span of time ("90s", "5m", "4h"), a number of trading days ("1d"), a week
("1w"), a month ("1M") or a quarter ("1q"). A bar asks it, and the calendar, only when a tick has left the bar.
"""

import math
import re
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.day import DAY_MS, first_of_month, month_of, year_of

Base: TypeAlias = Literal["1m", "1d"]

MAX_PERIOD = 7 * 86_400
"""Seconds of the longest period that is given in seconds: a week."""

FORMS = 'seconds, or a number and a unit such as "500ms", "30s", "5m", "4h", "1d", "1w", "1M" or "1q"'

_NAME = re.compile(r"([0-9]{1,9})(ms|s|m|h|d|w|M|q)")
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS, "w": 7 * DAY_MS}
_MINUTE_MS = 60_000
_FIRST_MONDAY = 4


class PeriodError(ValueError):
    """A period that does not exist. ``str`` of it is fit for the client."""


class BarSpan(NamedTuple):
    """One bar of a period.

    A tick of a time in [``begin_ms``, ``end_ms``) belongs to it. These bounds may lie outside of the session, because
    a tick that comes after the close counts into the last bar. ``label`` and ``time`` are epoch milliseconds.
    ``time`` is the start of trade. ``label`` is the same for spans, and midnight UTC of the first calendar day for
    days and longer. Bars of one ``group`` accumulate together: a trading day for spans, a calendar year for days and
    longer.
    """

    label: int
    begin_ms: int
    end_ms: int
    time: int
    group: int


class Period(ABC):
    """The rule that cuts ticks into bars. Two of one ``name`` are equal.

    ``name`` is canonical: 300 seconds, "300s" and "5m" are "5m". ``base`` is the base period whose bars make this
    one's; None if only ticks do. ``ms`` is the length of a span, else 0.
    """

    __slots__ = ("base", "ms", "name")

    is_ticks: ClassVar[bool] = False
    is_span: ClassVar[bool] = False

    def __init__(self, name: str, base: Base | None, ms: int = 0) -> None:
        self.name = name
        self.base = base
        self.ms = ms

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Period) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    @abstractmethod
    def bar_at(self, calendar: Calendar, time_ms: float) -> BarSpan:
        """Return the bar that a tick of this time belongs to."""


class TickPeriod(Period):
    """Every tick is a bar."""

    __slots__ = ()
    is_ticks = True

    def bar_at(self, calendar: Calendar, time_ms: float) -> BarSpan:
        time = math.floor(time_ms)
        return BarSpan(time, time, time + 1, time, calendar.session_at(time).day)


class SpanPeriod(Period):
    """Bars of a length of time. They start with the session and end with it, the last one too early if need be.

    Without sessions they are counted from 1970-01-01T00:00Z.
    """

    __slots__ = ()
    is_span = True

    def bar_at(self, calendar: Calendar, time_ms: float) -> BarSpan:
        if calendar is CONTINUOUS:
            start = int(time_ms // self.ms) * self.ms
            return BarSpan(start, start, start + self.ms, start, start // DAY_MS)
        first, close, day, begin, until = calendar.session_at(time_ms)
        if time_ms < first:
            start = first
        else:
            # What comes after the close belongs to the last bar.
            last = (close - 1 - first) // self.ms
            start = first + min(int(time_ms - first) // self.ms, last) * self.ms
        end = start + self.ms
        return BarSpan(start, begin if start == first else start, until if end >= close else end, start, day)


class DaysPeriod(Period):
    """Bars of some trading days, counted from the day ``anchor``: 7 from a Monday are a week."""

    __slots__ = ("_anchor", "_days")

    def __init__(self, name: str, days: int, anchor: int = 0) -> None:
        super().__init__(name, "1d")
        self._days = days
        self._anchor = anchor

    def bar_at(self, calendar: Calendar, time_ms: float) -> BarSpan:
        day = calendar.session_at(time_ms).day
        first = day - (day - self._anchor) % self._days
        return _bar_of_days(calendar, first, first + self._days - 1)


class MonthsPeriod(Period):
    """Bars of some months, counted from January."""

    __slots__ = ("_months",)

    def __init__(self, name: str, months: int) -> None:
        super().__init__(name, "1d")
        self._months = months

    def bar_at(self, calendar: Calendar, time_ms: float) -> BarSpan:
        month = month_of(calendar.session_at(time_ms).day)
        month -= month % self._months
        return _bar_of_days(calendar, first_of_month(month), first_of_month(month + self._months) - 1)


TICKS = TickPeriod("0", None)
MINUTE = SpanPeriod("1m", "1m", _MINUTE_MS)
DAY = DaysPeriod("1d", 1)


@lru_cache(maxsize=1_024)
def parse_period(value: float | str) -> Period:
    """Return the period of a number of seconds or of a name. Raises ``PeriodError``.

    A whole number of days in seconds is that many trading days: 86400 is "1d", 604800 is "1w".
    """
    if not isinstance(value, str):
        return _read_seconds(value)
    if value == "0":
        return TICKS
    match = _NAME.fullmatch(value)
    count, unit = (int(match[1]), match[2]) if match else (0, "")
    if unit == "M":
        return _months(value, count, {1: "1M", 3: "1q"})
    if unit == "q":
        return _months(value, 3 * count, {3: "1q"})
    if not count:
        raise PeriodError(f'period "{value[:40]}" is not {FORMS}')
    return _of_ms(value, count * _UNITS_MS[unit])


def _read_seconds(seconds: float) -> Period:
    exact = seconds * 1000
    if not 0 <= seconds <= MAX_PERIOD:
        raise PeriodError(f"period {seconds} is not from 0 to {MAX_PERIOD} seconds")
    if not math.isclose(exact, round(exact), rel_tol=1e-9, abs_tol=0):
        raise PeriodError(f"period {seconds} is not a whole number of milliseconds")
    return _of_ms(seconds, round(exact)) if exact else TICKS


def _of_ms(value: float | str, ms: int) -> Period:
    if ms > MAX_PERIOD * 1000:
        raise PeriodError(f'period {value} is longer than a week ("1w"): only "1M" and "1q" are')
    days, rest = divmod(ms, DAY_MS)
    if rest:
        return SpanPeriod(_span_name(ms), None if ms % _MINUTE_MS else "1m", ms)
    return DaysPeriod("1w", 7, _FIRST_MONDAY) if days == 7 else DaysPeriod(f"{days}d", days)


def _months(value: str, months: int, names: dict[int, str]) -> Period:
    name = names.get(months)
    if name is None:
        raise PeriodError(f'period "{value}" does not exist: beyond a week there are "1M" and "1q"')
    return MonthsPeriod(name, months)


def _span_name(ms: int) -> str:
    unit = next(unit for unit in ("h", "m", "s", "ms") if ms % _UNITS_MS[unit] == 0)
    return f"{ms // _UNITS_MS[unit]}{unit}"


def _bar_of_days(calendar: Calendar, first: int, last: int) -> BarSpan:
    begin, end, start = calendar.extent_of(first, last)
    return BarSpan(first * DAY_MS, begin, end, start, year_of(first))
