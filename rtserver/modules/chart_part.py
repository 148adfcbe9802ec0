"""The part of a quote's history that a client asks for, as epoch milliseconds. Pure.

A moment in a request is a number of epoch milliseconds, a date, or a time of ISO 8601. A date is a trading day of the
exchange's calendar. A time without a zone is one of the exchange's clock. A time of day, the label of a quote whose
producer sends such times, belongs to the quote's date.
"""

from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import TypeAlias

import msgspec

from rtserver.market.book.clock_label import read_clock
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS, read_day
from rtserver.market.number import Label
from rtserver.market.period import PeriodError, parse_period
from rtserver.modules.chart_request import ChartRequest, MoreRequest

CalendarOf: TypeAlias = Callable[[str], Calendar]
"""A function from an exchange to its calendar."""

LONGEST_HOLIDAY = 31
"""Days after which a trading day is not looked for any more."""

LABEL_BYTES = 10
"""Bytes of a label, at least: a time of day in quotes. Epoch milliseconds have as many since April 1970."""

FORMS = 'epoch milliseconds, a date such as "2026-01-05", a time such as "2026-01-05T09:30Z", or "09:30" of a date'


class Part(msgspec.Struct, frozen=True):
    """Rows whose labels are in [``start_ms``, ``end_ms``), at most the ``count`` newest ones. None is no bound."""

    start_ms: int | None = None
    end_ms: int | None = None
    count: int | None = None


def part_of(request: ChartRequest, calendar: Calendar) -> Part:
    """Return the part that a chart's request asks for.

    Raises ``ValueError``, which names the field and is fit for the client.
    """
    start_ms = None if request.start is None else _moment_ms(request.start, "from", request, calendar)
    end_ms = None if request.to is None else _moment_ms(request.to, "to", request, calendar)
    if start_ms is not None and end_ms is not None and start_ms >= end_ms:
        raise ValueError(f"from {request.start!r} is not before to {request.to!r}")
    return Part(start_ms, end_ms, request.count)


def page_of(chart: ChartRequest, more: MoreRequest, calendar: Calendar) -> Part:
    """Return the part of a page of older rows. It may begin before the part of the chart. Raises ``ValueError``."""
    return Part(end_ms=_moment_ms(more.before, "before", chart, calendar), count=more.count)


def within_page(part: Part, chart: ChartRequest, page_bytes: int) -> Part:
    """Return a part without rows that a page of so many bytes has no room for, however short their numbers are."""
    if part.count is None:
        return part
    # Each row has its label on the axis, and a point of a label and some numbers in each series.
    values = [4 if chart.shape == "ohlc" else 1, *[1] * len(chart.indicators)]
    row_bytes = LABEL_BYTES + sum(LABEL_BYTES + 2 * count + len("[]") for count in values)
    return msgspec.structs.replace(part, count=min(part.count, page_bytes // row_bytes + 1))


def is_moment(label: Label, *, is_dated: bool) -> bool:
    """Return True if the rows before a label can be asked for. ``is_dated``: the quote has a date."""
    return not isinstance(label, str) or (is_dated and read_clock(label) is not None)


def feed_request(chart: ChartRequest, part: Part) -> dict[str, object]:
    """Return the request to the quote service."""
    key = (chart.exchange, chart.item) if chart.date is None else (chart.exchange, chart.item, chart.date)
    feed: dict[str, object] = {"quote": ":".join(key), "period": chart.period, "indicators": chart.indicators}
    return feed | {name: value for name, value in msgspec.structs.asdict(part).items() if value is not None}


def _moment_ms(moment: float | str, field: str, chart: ChartRequest, calendar: Calendar) -> int:
    if not isinstance(moment, str):
        return ceil(moment)
    clock_ms = read_clock(moment)
    if clock_ms is not None and chart.date is not None:
        return calendar.clock_time(_date_of(chart.date, field), int(clock_ms))
    try:
        day = read_day(moment)
    except ValueError:
        return _time_ms(moment, field, calendar)
    if has_days(chart.period):
        return day * DAY_MS
    trading_day = next((each for each in range(day, day + LONGEST_HOLIDAY) if calendar.is_trading_day(each)), day)
    return calendar.extent_of(trading_day, trading_day).begin_ms


def _date_of(date: str, field: str) -> int:
    try:
        return read_day(date)
    except ValueError:
        raise ValueError(f"{field} is a time of the date {date!r}, which the calendar does not have") from None


def _time_ms(moment: str, field: str, calendar: Calendar) -> int:
    try:
        time = datetime.fromisoformat(moment)
        return round((time if time.tzinfo else time.replace(tzinfo=calendar.zone)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ValueError(f"{field} {moment!r} is none of {FORMS}") from None


def has_days(period: float | str) -> bool:
    """Return True for bars of days and longer, whose labels are midnights of UTC. A wrong period is the service's."""
    try:
        read = parse_period(period)
    except PeriodError:
        return False
    return not (read.is_ticks or read.is_span)
