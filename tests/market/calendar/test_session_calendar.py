"""Sessions of exchanges: breaks, nights, holidays, half days, summer time, and what comes outside of them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.calendar.calendar import CONTINUOUS, Calendar, SessionSpan
from rtserver.market.calendar.trading_day import OpenHours
from rtserver.market.day import DAY_MS, date_of_day, read_day
from tests.market.exchange import futures, globex, moment, shown, stocks, whole_days

CALENDARS = {
    "futures": futures(["2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-02-18"]),
    "stocks": stocks(["2026-01-01", "2026-01-19"], {"2026-11-27": (OpenHours(570, 780),), "2026-11-28": ()}),
    "globex": globex(),
    "new york": whole_days("America/New_York"),
    "24/7": CONTINUOUS,
}
MOMENTS = st.one_of(
    st.integers(read_day("2025-12-20") * DAY_MS, read_day("2026-12-31") * DAY_MS),
    st.integers(read_day("1972-01-01") * DAY_MS, read_day("2199-06-01") * DAY_MS),
)


def told(calendar: Calendar, sessions: tuple[SessionSpan, ...]) -> list[tuple[str, str]]:
    return [(shown(calendar, each.start_ms), shown(calendar, each.end_ms)) for each in sessions]


def day_at(calendar: Calendar, text: str) -> str:
    return str(date_of_day(calendar.session_at(moment(calendar, text)).day))


def test_a_night_session_belongs_to_the_next_trading_day() -> None:
    calendar = futures()
    assert told(calendar, calendar.sessions_of(read_day("2026-03-10"))) == [
        ("2026-03-09 21:00:00", "2026-03-10 02:30:00"),
        ("2026-03-10 09:00:00", "2026-03-10 10:15:00"),
        ("2026-03-10 10:30:00", "2026-03-10 11:30:00"),
        ("2026-03-10 13:30:00", "2026-03-10 15:00:00"),
    ]


def test_the_night_session_of_a_monday_is_on_friday_evening() -> None:
    calendar = futures()
    nights = told(calendar, calendar.sessions_of(read_day("2026-03-09")))[:1]
    assert nights == [("2026-03-06 21:00:00", "2026-03-07 02:30:00")]
    assert day_at(calendar, "2026-03-06 23:59:59") == day_at(calendar, "2026-03-07 01:00") == "2026-03-09"


def test_there_is_no_night_session_before_a_holiday() -> None:
    calendar = futures(["2026-05-01", "2026-05-04", "2026-05-05"])
    assert told(calendar, calendar.sessions_of(read_day("2026-05-06")))[0][0] == "2026-05-06 09:00:00"
    assert told(calendar, calendar.sessions_of(read_day("2026-05-07")))[0][0] == "2026-05-06 21:00:00"


def test_a_holiday_and_a_weekend_are_no_trading_days() -> None:
    calendar = futures(["2026-05-01"])
    traded = [calendar.is_trading_day(read_day(f"2026-05-0{day}")) for day in range(1, 5)]
    assert traded == [False, False, False, True]
    assert calendar.sessions_of(read_day("2026-05-01")) == ()


def test_a_half_day_closes_early_and_a_special_day_may_be_a_saturday() -> None:
    calendar = stocks(special={"2026-11-27": (OpenHours(570, 780),), "2026-11-28": (OpenHours(600, 720),)})
    assert told(calendar, calendar.sessions_of(read_day("2026-11-27"))) == [
        ("2026-11-27 09:30:00", "2026-11-27 13:00:00")
    ]
    assert calendar.is_trading_day(read_day("2026-11-28"))
    assert day_at(calendar, "2026-11-28 11:00") == "2026-11-28"


def test_an_opening_follows_summer_time() -> None:
    calendar = stocks()
    friday, monday = (calendar.sessions_of(read_day(day))[0] for day in ("2026-03-06", "2026-03-09"))
    assert monday.start_ms - friday.start_ms == 3 * DAY_MS - 3_600_000
    assert monday.end_ms - monday.start_ms == friday.end_ms - friday.start_ms == 390 * 60_000


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)])
def test_a_whole_day_is_an_hour_shorter_or_longer_when_clocks_change(day: str, hours: int) -> None:
    (session,) = whole_days("America/New_York").sessions_of(read_day(day))
    assert session.end_ms - session.start_ms == hours * 3_600_000


def test_a_session_may_begin_on_a_sunday_that_is_no_trading_day() -> None:
    calendar = globex()
    assert not calendar.is_trading_day(read_day("2026-03-08"))
    assert told(calendar, calendar.sessions_of(read_day("2026-03-09"))) == [
        ("2026-03-08 17:00:00", "2026-03-09 16:00:00")
    ]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2026-03-10 08:59:59", "2026-03-10 09:00:00"),  # before an open: the session that comes
        ("2026-03-10 10:15:00", "2026-03-10 09:00:00"),  # an end is outside, and the nearest session is over
        ("2026-03-10 10:22:30", "2026-03-10 09:00:00"),  # the middle of a break: a tie goes to the earlier one
        ("2026-03-10 10:22:30.001", "2026-03-10 10:30:00"),
        ("2026-03-10 15:00:03", "2026-03-10 13:30:00"),
        ("2026-03-14 12:00:00", "2026-03-13 21:00:00"),  # a Saturday: Friday's night session, of Monday, is nearest
    ],
)
def test_a_moment_outside_of_sessions_goes_to_the_nearest_one(text: str, start: str) -> None:
    calendar = futures()
    assert shown(calendar, calendar.session_at(moment(calendar, text)).start_ms) == start


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("2026-03-09", "21:00:00", "2026-03-06 21:00:00"),
        ("2026-03-09", "20:59:00", "2026-03-06 20:59:00"),  # what comes before the night's open is at its side
        ("2026-03-09", "00:30:00", "2026-03-07 00:30:00"),
        ("2026-03-09", "03:00:00", "2026-03-07 03:00:00"),
        ("2026-03-09", "08:59:00", "2026-03-09 08:59:00"),
        ("2026-03-09", "15:00:00", "2026-03-09 15:00:00"),
        ("2026-03-10", "00:30:00", "2026-03-10 00:30:00"),
        ("2026-03-08", "12:00:00", "2026-03-08 12:00:00"),  # no trading day: its own date
    ],
)
def test_a_clock_time_is_found_in_its_trading_day(day: str, clock: str, expected: str) -> None:
    calendar = futures()
    hours, minutes, seconds = map(int, clock.split(":"))
    found = calendar.clock_time(read_day(day), ((hours * 60 + minutes) * 60 + seconds) * 1000)
    assert shown(calendar, found) == expected


def test_a_clock_time_keeps_its_milliseconds() -> None:
    calendar = stocks()
    day = read_day("2026-07-01")
    assert calendar.clock_time(day, 36_000_123) == moment(calendar, "2026-07-01 10:00:00.123")
    assert CONTINUOUS.clock_time(day, 36_000_123) == day * DAY_MS + 36_000_123


def test_a_session_that_began_the_day_before_has_the_clock_times_of_both_days() -> None:
    calendar, monday = globex(), read_day("2026-03-09")
    evening, noon = (calendar.clock_time(monday, hour * 3_600_000) for hour in (18, 12))
    assert [shown(calendar, each) for each in (evening, noon)] == ["2026-03-08 18:00:00", "2026-03-09 12:00:00"]


@pytest.mark.parametrize("name", CALENDARS)
@given(time=MOMENTS)
def test_the_session_of_a_moment_is_the_nearest_and_the_earlier_of_two(name: str, time: int) -> None:
    calendar = CALENDARS[name]
    found = calendar.session_at(time)
    assert found.begin_ms <= time < found.until_ms
    assert found in calendar.sessions_of(found.day)
    if not found.start_ms <= time < found.end_ms:
        days = range(found.day - 12, found.day + 13)
        others = [session for day in days for session in calendar.sessions_of(day)]
        distances = [max(each.start_ms - time, time - each.end_ms) for each in others]
        assert found == others[distances.index(min(distances))]


@pytest.mark.parametrize("name", CALENDARS)
@given(time=MOMENTS)
def test_sessions_divide_all_time_among_them(name: str, time: int) -> None:
    calendar = CALENDARS[name]
    found = calendar.session_at(time)
    before, after = calendar.session_at(found.begin_ms - 1), calendar.session_at(found.until_ms)
    assert before.until_ms == found.begin_ms
    assert after.begin_ms == found.until_ms
    assert before.end_ms <= found.start_ms < found.end_ms <= after.start_ms


@pytest.mark.parametrize("name", CALENDARS)
@given(time=MOMENTS)
def test_a_clock_time_in_a_session_is_found_again(name: str, time: int) -> None:
    calendar = CALENDARS[name]
    found = calendar.session_at(time)
    time = min(max(time, found.start_ms), found.end_ms - 1)
    hours, minutes, seconds = map(int, shown(calendar, time).split()[1].split(":"))
    again = calendar.clock_time(found.day, ((hours * 60 + minutes) * 60 + seconds) * 1000)
    # The hour that clocks repeat in autumn means the first one.
    assert time // 1000 * 1000 - again in (0, 3_600_000)


@pytest.mark.parametrize(("time", "year"), [(-(2**52), 1900), (2**52, 2199)])
def test_a_moment_beyond_all_sessions_has_the_first_or_the_last(time: int, year: int) -> None:
    found = stocks().session_at(time)
    assert date_of_day(found.day).year == year
    assert found.begin_ms <= time < found.until_ms


@pytest.mark.parametrize("day", ["00010101", "99991231"])
def test_a_clock_time_beyond_all_sessions_is_that_of_utc(day: str) -> None:
    assert stocks().clock_time(read_day(day), 36_000_000) == read_day(day) * DAY_MS + 36_000_000


def test_many_years_of_trading_days_are_weekdays_but_for_the_holidays() -> None:
    calendar, first = stocks(["2026-01-01"]), read_day("2000-01-01")
    for day in range(first, first + 12_000):
        assert calendar.is_trading_day(day) == (
            date_of_day(day).weekday() < 5 and date_of_day(day) != date(2026, 1, 1)
        )


def test_hours_of_a_special_day_that_overlap_another_day_do_not_count_twice() -> None:
    calendar = stocks(special={"2026-03-10": (OpenHours(-1440 + 900, 600),)})
    monday, tuesday = (calendar.sessions_of(read_day(f"2026-03-{day}"))[0] for day in ("09", "10"))
    assert tuesday.start_ms == monday.end_ms


def test_a_calendar_says_whether_it_ever_closes() -> None:
    continuous = {name for name, calendar in CALENDARS.items() if calendar.is_continuous}
    assert continuous == {"new york", "24/7"}
