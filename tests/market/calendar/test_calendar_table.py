"""Tables of settings as calendars, what is said about bad ones, and the samples that ship."""

from datetime import date
from typing import Any

import pytest

from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.calendar.calendar_table import SAMPLES, CalendarError, read_calendar
from rtserver.market.day import date_of_day, day_of_date, read_day
from tests.market.exchange import shown

TOKYO: dict[str, Any] = {"zone": "Asia/Tokyo", "sessions": ["09:00-11:30", "12:30-15:30"]}


def hours_of(calendar: Calendar, day: str) -> list[str]:
    sessions = calendar.sessions_of(read_day(day))
    return [f"{shown(calendar, each.start_ms)[:-3]} to {shown(calendar, each.end_ms)[11:-3]}" for each in sessions]


def closed_weekdays(calendar: Calendar, year: int) -> list[str]:
    days = range(day_of_date(date(year, 1, 1)), day_of_date(date(year, 12, 31)) + 1)
    found = (date_of_day(day) for day in days if not calendar.is_trading_day(day))
    return [f"{each:%m-%d}" for each in found if each.weekday() < 5]


def test_a_table_of_a_zone_alone_is_open_always_by_days_of_that_zone() -> None:
    calendar = read_calendar("X", {"zone": "Asia/Tokyo"})
    assert calendar.is_continuous
    assert hours_of(calendar, "2026-03-08") == ["2026-03-08 00:00 to 00:00"]


def test_a_table_with_sessions_has_them_from_monday_to_friday() -> None:
    calendar = read_calendar("TSE", TOKYO)
    assert (calendar.name, str(calendar.zone), calendar.is_continuous) == ("TSE", "Asia/Tokyo", False)
    assert hours_of(calendar, "2026-03-06") == ["2026-03-06 09:00 to 11:30", "2026-03-06 12:30 to 15:30"]
    assert hours_of(calendar, "2026-03-07") == []
    assert calendar.holidays_until is None


def test_other_weekdays_may_be_named() -> None:
    calendar = read_calendar("X", {**TOKYO, "weekdays": ["Sun", "Mon"]})
    assert [calendar.is_trading_day(read_day(f"2026-03-0{day}")) for day in (6, 7, 8, 9)] == [
        False,
        False,
        True,
        True,
    ]


def test_holidays_are_dates_or_texts_and_known_to_the_end_of_their_last_year() -> None:
    calendar = read_calendar("X", {**TOKYO, "holidays": [date(2026, 3, 6), "2026-03-09"]})
    assert not calendar.is_trading_day(read_day("2026-03-06"))
    assert not calendar.is_trading_day(read_day("2026-03-09"))
    assert calendar.holidays_until == read_day("2026-12-31")
    told = read_calendar("X", {**TOKYO, "holidays": [date(2026, 3, 6)], "holidays_until": date(2026, 6, 30)})
    assert told.holidays_until == read_day("2026-06-30")


def test_a_session_that_starts_later_than_it_ends_starts_the_day_before() -> None:
    calendar = read_calendar("X", {"zone": "America/Chicago", "sessions": ["17:00-16:00"]})
    assert hours_of(calendar, "2026-03-09") == ["2026-03-08 17:00 to 16:00"]
    day = read_calendar("X", {"zone": "America/Chicago", "sessions": ["17:00-17:00"]})
    assert hours_of(day, "2026-03-10") == ["2026-03-09 17:00 to 17:00"]


def test_a_night_may_have_several_sessions_around_midnight() -> None:
    night = ["21:00-23:00", "23:30-00:30", "01:00-02:30"]
    calendar = read_calendar("X", {"zone": "Asia/Shanghai", "night": night, "sessions": ["09:00-15:00"]})
    assert hours_of(calendar, "2026-03-09") == [
        "2026-03-06 21:00 to 23:00",
        "2026-03-06 23:30 to 00:30",
        "2026-03-07 01:00 to 02:30",
        "2026-03-09 09:00 to 15:00",
    ]


def test_a_sample_is_taken_by_its_name_and_changed_field_by_field() -> None:
    table = {
        "calendar": "SHFE",
        "night": ["21:00-23:00"],
        "holidays": ["2027-02-05"],
        "special_days": {"2026-03-06": []},
    }
    calendar = read_calendar("RUBBER", table)
    assert hours_of(calendar, "2026-03-10")[0] == "2026-03-09 21:00 to 23:00"
    closed = {"2026-02-16", "2027-02-05", "2026-03-06"}  # the sample's, those added, and a special day without hours
    assert {day for day in (*closed, "2026-03-05") if not calendar.is_trading_day(read_day(day))} == closed
    assert calendar.holidays_until == read_day("2027-12-31")


def test_one_holiday_more_does_not_shorten_what_the_sample_knows() -> None:
    calendar = read_calendar("X", {"calendar": "NYSE", "holidays": ["2026-03-06"]})
    assert calendar.holidays_until == read_day("2027-12-31")


def test_the_sample_that_never_closes_is_the_default() -> None:
    assert read_calendar("X", {"calendar": "24/7"}) is CONTINUOUS


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"24/7"}))
def test_a_sample_has_weekdays_only_and_no_holiday_twice(name: str) -> None:
    calendar = read_calendar(name, {"calendar": name})
    assert calendar.holidays_until is not None
    assert date_of_day(calendar.holidays_until).year >= 2026
    for year in range(2024, date_of_day(calendar.holidays_until).year + 1):
        assert 9 <= len(closed_weekdays(calendar, year)) <= 20


def test_new_york_closes_on_the_holidays_of_its_rule() -> None:
    calendar = read_calendar("NYSE", {"calendar": "NYSE"})
    assert closed_weekdays(calendar, 2026) == [
        *("01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25")
    ]
    for year in range(2024, 2028):
        for month, nth, weekday in ((1, 3, 0), (2, 3, 0), (9, 1, 0), (11, 4, 3)):
            days = [date(year, month, day) for day in range(1, 31) if month != 2 or day < 29]
            holiday = [day for day in days if day.weekday() == weekday][nth - 1]
            assert not calendar.is_trading_day(day_of_date(holiday)), holiday
    assert hours_of(calendar, "2026-11-27") == ["2026-11-27 09:30 to 13:00"]
    assert hours_of(calendar, "2026-11-30") == ["2026-11-30 09:30 to 16:00"]


def test_shanghai_has_one_list_of_holidays_for_stocks_and_futures() -> None:
    stocks, futures = (read_calendar(name, {"calendar": name}) for name in ("SSE", "SHFE"))
    for year in (2024, 2025, 2026):
        assert closed_weekdays(stocks, year) == closed_weekdays(futures, year)
    assert hours_of(stocks, "2026-10-08") == ["2026-10-08 09:30 to 11:30", "2026-10-08 13:00 to 15:00"]
    # No night before the first day after a holiday, and one on the evening of that day.
    assert hours_of(futures, "2026-10-08")[0] == "2026-10-08 09:00 to 10:15"
    assert hours_of(futures, "2026-10-09")[0] == "2026-10-08 21:00 to 02:30"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, 'zone: is missing; it must be a time zone such as "Asia/Shanghai"'),
        ({"zone": "Asia/Shangai"}, 'zone: "Asia/Shangai" is no time zone; did you mean "Asia/Shanghai"?'),
        (
            {"zone": "../../etc/passwd"},
            'zone: "../../etc/passwd" is no time zone; it must be one such as "Asia/Shanghai"',
        ),
        ({"zone": 8}, "zone: is not allowed; it must be text"),
        ({"zones": "UTC"}, "zones: unknown; known are calendar, zone, weekdays, "),
        ({"calendar": "LSE"}, 'calendar: "LSE" is no sample; there are 24/7, NYSE, SHFE, SSE'),
        ({"calendar": "24/7", "zone": "UTC"}, 'zone: is not allowed beside calendar = "24/7"'),
        ({**TOKYO, "sessions": []}, "sessions: are empty"),
        ({**TOKYO, "sessions": ["9-15"]}, 'sessions: "9-15" is no session of the form "09:30-16:00"'),
        ({**TOKYO, "sessions": ["09:00-25:00"]}, 'sessions: "09:00-25:00" is no session'),
        ({**TOKYO, "sessions": ["09:00-24:01"]}, 'sessions: "09:00-24:01" is no session'),
        ({**TOKYO, "sessions": ["24:00-09:00"]}, 'sessions: "24:00-09:00" is no session'),
        (
            {**TOKYO, "sessions": ["09:00-12:00", "11:00-15:00"]},
            'sessions: "11:00-15:00" starts before "09:00-12:00" ends',
        ),
        (
            {**TOKYO, "sessions": ["17:00-16:00", "16:30-18:00"]},
            'sessions: "16:30-18:00" ends after "17:00-16:00" of the',
        ),
        ({**TOKYO, "night": ["15:00-16:00"]}, "night: a night session overlaps the sessions of the day"),
        ({**TOKYO, "night": ["21:00-10:00"]}, "night: a night session overlaps the sessions of the day"),
        ({"zone": "UTC", "night": ["21:00-22:00"]}, "night: a night session overlaps the sessions of the day"),
        (
            {**TOKYO, "holidays": ["2026-02-30"]},
            "holidays: is not allowed; it must be a list of dates such as 2026-01-05, or a file",
        ),
        ({**TOKYO, "holidays_until": "soon"}, "holidays_until: is not allowed; it must be a date such as 2026-01-05"),
        ({**TOKYO, "sessions": "09:00-15:00"}, 'sessions: is not allowed; it must be a list such as ["09:30-11:30"'),
        (
            {**TOKYO, "special_days": {"2026-01-01": 1}},
            "special_days: is not allowed; it must be dates with sessions",
        ),
        ({**TOKYO, "weekdays": ["Montag"]}, "weekdays: must be one or more of Mon, Tue, Wed, Thu, Fri, Sat, Sun"),
        ({**TOKYO, "special_days": {"friday": []}}, 'special_days: "friday" is no date of the form 2026-01-05'),
        ({**TOKYO, "special_days": {"2026-01-01": ["x"]}}, 'special_days.2026-01-01: "x" is no session of the form'),
    ],
)
def test_a_table_that_makes_no_calendar_is_refused_with_its_field(table: dict[str, Any], said: str) -> None:
    with pytest.raises(CalendarError) as caught:
        read_calendar("X", table)
    assert str(caught.value).startswith(said)
    assert caught.value.field == said.partition(":")[0]
