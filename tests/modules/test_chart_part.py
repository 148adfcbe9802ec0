"""Dates and times in requests for charts, by the calendar and the clock of an exchange."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from rtserver.market.calendar.calendar import CONTINUOUS, Calendar, DaysExtent, SessionSpan
from rtserver.market.calendar.calendar_table import read_calendar
from rtserver.market.day import DAY_MS, read_day
from rtserver.modules.chart_part import Part, feed_request, page_of, part_of, within_page
from rtserver.modules.chart_request import ChartRequest, MoreRequest
from tests.handlers.market import chart_request

HOUR_MS = 3_600_000
UTC_MIDNIGHT = 1_767_571_200_000
"""2026-01-05T00:00Z, a Monday"""


class NightCalendar(Calendar):
    """Shanghai's time. A trading day begins at 21:00 of the weekday before, and there is none at weekends."""

    name = "NIGHT"
    zone = ZoneInfo("Asia/Shanghai")
    is_continuous = False

    def is_trading_day(self, day: int) -> bool:
        return (day + 3) % 7 < 5

    def extent_of(self, first: int, last: int) -> DaysExtent:
        before = next(day for day in range(first - 1, first - 8, -1) if self.is_trading_day(day))
        begin = before * DAY_MS + 13 * HOUR_MS
        return DaysExtent(begin, last * DAY_MS + 13 * HOUR_MS, begin)

    def session_at(self, time_ms: float) -> SessionSpan:
        raise NotImplementedError

    def sessions_of(self, day: int) -> tuple[SessionSpan, ...]:
        raise NotImplementedError

    def clock_time(self, day: int, clock_ms: int) -> int:
        return day * DAY_MS + clock_ms - 8 * HOUR_MS


NIGHT = NightCalendar()


def asked(**more: Any) -> ChartRequest:
    return msgspec.convert(chart_request(update="static", **more), ChartRequest)


def start(begin: int | str, calendar: Calendar = NIGHT, period: float | str = 60) -> int | None:
    return part_of(asked(period=period, **{"from": begin}), calendar).start_ms


def test_a_date_is_the_begin_of_its_trading_day_and_that_may_be_the_evening_before() -> None:
    friday_night = UTC_MIDNIGHT - 3 * DAY_MS + 13 * HOUR_MS
    assert start("2026-01-05") == friday_night
    assert start("20260106") == UTC_MIDNIGHT + 13 * HOUR_MS
    assert start("2026-01-05", CONTINUOUS) == UTC_MIDNIGHT


@pytest.mark.parametrize("sample", ["SHFE", "SSE", "NYSE"])
def test_a_date_parts_the_sessions_of_an_exchange_where_its_trading_day_does(sample: str) -> None:
    calendar = read_calendar(sample, {"calendar": sample})
    before, day = read_day("2025-09-16"), read_day("2025-09-17")
    begin = start("2025-09-17", calendar)
    assert begin is not None
    assert calendar.sessions_of(before)[-1].end_ms <= begin <= calendar.sessions_of(day)[0].start_ms


@pytest.mark.parametrize("date", ["2026-01-03", "2026-01-04", "2026-01-05"])
def test_a_holiday_stands_for_the_trading_day_after_it(date: str) -> None:
    assert start(date) == start("2026-01-05")


@pytest.mark.parametrize("period", [86_400, "1d", "1w", "1M", "1q"])
def test_bars_of_days_and_longer_are_found_by_their_date(period: float | str) -> None:
    assert start("2026-01-05", period=period) == read_day("2026-01-05") * DAY_MS


@pytest.mark.parametrize("period", [0, 60, "4h", "nonsense"])
def test_other_bars_are_found_by_the_sessions(period: float | str) -> None:
    assert start("2026-01-06", period=period) == UTC_MIDNIGHT + 13 * HOUR_MS


def test_a_time_without_a_zone_is_one_of_the_exchanges_clock() -> None:
    assert start("2026-01-05T09:00") == UTC_MIDNIGHT + HOUR_MS
    assert start("2026-01-05T09:00Z") == UTC_MIDNIGHT + 9 * HOUR_MS
    assert start("2026-01-05T09:00", CONTINUOUS) == UTC_MIDNIGHT + 9 * HOUR_MS


def test_a_time_of_day_belongs_to_the_date_of_the_quote() -> None:
    page = page_of(asked(date="20260105"), MoreRequest("c1", "09:30:01", 500), NIGHT)
    assert page.end_ms == UTC_MIDNIGHT + HOUR_MS + 1_801_000


def test_a_label_may_lie_between_two_milliseconds() -> None:
    more = msgspec.convert({"type": "more", "chart_id": "c1", "before": 5.5, "count": 1}, MoreRequest)
    assert page_of(asked(), more, NIGHT).end_ms == 6


def test_a_time_of_day_means_nothing_of_the_continuous_quote() -> None:
    with pytest.raises(ValueError, match=r"^before "):
        page_of(asked(date=None), MoreRequest("c1", "09:30:01", 500), NIGHT)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"from": "2026-02-30"}, "from"),
        ({"from": "9" * 40}, "from"),
        ({"to": "soon"}, "to"),
        ({"from": "2026-01-06", "to": "2026-01-05"}, "from"),
        ({"from": 5, "to": 5}, "from"),
    ],
)
def test_the_error_of_a_wrong_range_names_the_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} "):
        part_of(asked(**wrong), NIGHT)


def test_a_page_ends_before_its_label_and_has_the_count_of_its_request() -> None:
    chart = asked(count=9, **{"from": 5})
    more = MoreRequest("c1", UTC_MIDNIGHT, 500)
    page = page_of(chart, more, NIGHT)
    assert page == Part(None, UTC_MIDNIGHT, 500)
    assert feed_request(chart, page) == {
        "quote": "DEMO:AAPL:20130301",
        "period": 0,
        "indicators": (),
        "end_ms": UTC_MIDNIGHT,
        "count": 500,
    }


def test_no_more_rows_are_asked_for_than_a_page_has_room_for() -> None:
    part = Part(None, UTC_MIDNIGHT, 10_000)
    line, candles = asked(), asked(shape="ohlc", indicators=["sma:5", "macd"])
    counts = [within_page(part, chart, 131_072).count or 0 for chart in (line, candles)]
    assert 10_000 > counts[0] > 2 * counts[1] > 1_000
    assert within_page(Part(5, None, 500), candles, 131_072) == Part(5, None, 500)
    assert within_page(Part(5), candles, 131_072) == Part(5)


def test_an_error_names_the_field_of_the_client() -> None:
    for moment in (9_007_199_254_740_991, -8.65e15):
        with pytest.raises(msgspec.ValidationError, match=r"8640000000000000.* - at `\$\.from`"):
            asked(**{"from": moment})
    with pytest.raises(ValueError, match="from is a time of the date '20260230', which the calendar does not have"):
        part_of(asked(date="20260230", **{"from": "09:30"}), CONTINUOUS)
