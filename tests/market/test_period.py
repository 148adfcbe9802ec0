"""Periods: their names, and the bars they cut; compared with pandas, and with sessions."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.day import DAY_MS, date_of_day, read_day
from rtserver.market.period import BarSpan, PeriodError, parse_period
from tests.market.exchange import futures, globex, moment, shown, stocks, whole_days

HOLIDAYS = ["2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-04-06", "2026-05-01"]
CALENDARS = {
    "futures": futures(HOLIDAYS),
    "stocks": stocks(HOLIDAYS),
    "globex": globex(),
    "new york": whole_days("America/New_York"),
    "24/7": CONTINUOUS,
}
NAMES = ("500ms", "7s", "90s", "1m", "5m", "1h", "4h", "7h", "25h", "1d", "2d", "3d", "1w", "1M", "1q")
MOMENTS = st.integers(read_day("2025-12-20") * DAY_MS, read_day("2026-12-31") * DAY_MS)


@pytest.mark.parametrize(
    ("value", "name", "base"),
    [
        (0, "0", None),
        ("0", "0", None),
        (0.5, "500ms", None),
        (7, "7s", None),
        ("30s", "30s", None),
        (90, "90s", None),
        (60, "1m", "1m"),
        ("60s", "1m", "1m"),
        (300, "5m", "1m"),
        ("30m", "30m", "1m"),
        (5400, "90m", "1m"),
        ("60m", "1h", "1m"),
        ("4h", "4h", "1m"),
        (90_000, "25h", "1m"),
        (86_400, "1d", "1d"),
        ("24h", "1d", "1d"),
        (172_800, "2d", "1d"),
        ("7d", "1w", "1d"),
        (604_800.0, "1w", "1d"),
        ("1w", "1w", "1d"),
        ("1M", "1M", "1d"),
        ("3M", "1q", "1d"),
        ("1q", "1q", "1d"),
    ],
)
def test_a_period_has_one_name_and_the_coarsest_base_that_makes_it(
    value: str | float, name: str, base: str | None
) -> None:
    period = parse_period(value)
    assert (period.name, period.base) == (name, base)
    assert period == parse_period(name)
    assert hash(period) == hash(parse_period(name))
    assert (period.is_ticks, period.is_span) == (name == "0", name[-1] in "smh")
    assert (period.ms > 0) == period.is_span


@pytest.mark.parametrize(
    "value",
    [
        *(-1, 1e-9, 0.0005, 604_801, 1e300, float("nan"), float("inf")),
        *("", "m", "5", "5M", "0m", "2q", "2w", "8d", "1y", "-5m", "5 m", "5min", "1.5h", "1" * 40 + "m"),
    ],
)
def test_a_period_that_does_not_exist_is_refused(value: str | float) -> None:
    with pytest.raises(PeriodError, match="period"):
        parse_period(value)


def test_one_name_is_one_period() -> None:
    assert parse_period("1m") != parse_period("1M")
    assert parse_period("1m") != "1m"


@pytest.mark.parametrize(
    ("name", "frequency"),
    [
        *(
            ("500ms", "500ms"),
            ("7s", "7s"),
            ("90s", "90s"),
            ("1m", "1min"),
            ("5m", "5min"),
            ("1h", "1h"),
            ("4h", "4h"),
        ),
        *(("1d", "1D"), ("2d", "2D"), ("5d", "5D"), ("1w", "W-MON"), ("1M", "MS"), ("1q", "QS")),
    ],
)
@given(start=st.integers(-(10**12), 4 * 10**12), steps=st.lists(st.integers(1, 9 * DAY_MS), min_size=1, max_size=9))
def test_without_sessions_bars_are_those_of_pandas(name: str, frequency: str, start: int, steps: list[int]) -> None:
    period = parse_period(name)
    # Pandas makes the empty bars as well: ticks are as far apart as leaves few of them.
    unit = period.ms or DAY_MS
    times = [start]
    for step in steps:
        times.append(times[-1] + step % (3 * unit))
    series = pd.Series(1, index=pd.to_datetime(times, unit="ms"))
    sides = {"closed": "left", "label": "left"} if name[-1] in "wMq" else {"origin": "epoch"}
    counted = series.resample(frequency, **sides).sum()
    expected = {int(label.timestamp() * 1000): count for label, count in counted.items() if count}
    labels: dict[int, int] = {}
    for time in times:
        label = period.bar_at(CONTINUOUS, time).label
        labels[label] = labels.get(label, 0) + 1
    assert labels == expected


@pytest.mark.parametrize(
    ("name", "frequency"),
    [
        ("7s", "7s"),
        ("1m", "1min"),
        ("30m", "30min"),
        ("1h", "1h"),
        ("4h", "4h"),
        ("1d", "1D"),
        ("1w", "W-MON"),
        ("1M", "MS"),
    ],
)
@given(
    seconds=st.lists(st.integers(0, 390 * 60 - 1), min_size=1, max_size=6),
    first=st.dates(date(2026, 1, 1), date(2026, 12, 1)),
)
def test_with_sessions_bars_are_those_of_pandas_for_each_day_in_its_zone(
    name: str, frequency: str, seconds: list[int], first: date
) -> None:
    """One session a day in New York, in summer time and out of it."""
    period, calendar = parse_period(name), stocks()
    days = pd.bdate_range(first, periods=len(seconds))
    opening = [pd.Timestamp(f"{day:%Y-%m-%d} 09:30", tz="America/New_York") for day in days]
    times = [opened + pd.Timedelta(seconds=second) for opened, second in zip(opening, seconds, strict=True)]
    if period.is_span:
        series = [
            pd.Series(1, index=[time]).resample(frequency, origin=opened)
            for time, opened in zip(times, opening, strict=True)
        ]
        expected = [round(each.sum().index[0].timestamp() * 1000) for each in series]
    else:
        sides = {} if name == "1d" else {"closed": "left", "label": "left"}
        dates = [pd.Series(1, index=[day]).resample(frequency, **sides).sum().index[0] for day in days]
        expected = [round(each.timestamp() * 1000) for each in dates]
    assert [period.bar_at(calendar, round(time.timestamp() * 1000)).label for time in times] == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("exchange", CALENDARS)
@given(time=MOMENTS)
def test_bars_divide_all_time_among_them(exchange: str, name: str, time: int) -> None:
    calendar, period = CALENDARS[exchange], parse_period(name)
    bar = period.bar_at(calendar, time)
    assert bar.begin_ms <= time < bar.end_ms
    assert period.bar_at(calendar, bar.begin_ms) == period.bar_at(calendar, bar.end_ms - 1) == bar
    assert period.bar_at(calendar, bar.time) == bar
    before, after = period.bar_at(calendar, bar.begin_ms - 1), period.bar_at(calendar, bar.end_ms)
    assert before.end_ms == bar.begin_ms
    assert after.begin_ms == bar.end_ms
    assert before.label < bar.label < after.label
    assert before.time < bar.time < after.time
    assert before.group <= bar.group <= after.group


@pytest.mark.parametrize("name", [name for name in NAMES if name[-1] in "smh"])
@pytest.mark.parametrize("exchange", ["futures", "stocks", "globex", "new york"])
@given(time=MOMENTS)
def test_a_span_starts_with_its_session_and_ends_with_it(exchange: str, name: str, time: int) -> None:
    calendar, period = CALENDARS[exchange], parse_period(name)
    session, bar = calendar.session_at(time), period.bar_at(calendar, time)
    assert session.start_ms <= bar.label == bar.time < session.end_ms
    assert (bar.label - session.start_ms) % period.ms == 0
    assert session.begin_ms <= bar.begin_ms < bar.end_ms <= session.until_ms
    assert bar.group == session.day


@pytest.mark.parametrize("name", [name for name in NAMES if parse_period(name).base])
@pytest.mark.parametrize("exchange", CALENDARS)
@given(time=MOMENTS)
def test_a_period_can_be_made_from_the_bars_of_its_base(exchange: str, name: str, time: int) -> None:
    calendar, period = CALENDARS[exchange], parse_period(name)
    assert period.base is not None
    part = parse_period(period.base).bar_at(calendar, time)
    bar = period.bar_at(calendar, time)
    assert period.bar_at(calendar, part.time) == bar
    assert bar.begin_ms <= part.begin_ms < part.end_ms <= bar.end_ms


def bar_texts(calendar: Calendar, name: str, text: str) -> tuple[str, str]:
    bar = parse_period(name).bar_at(calendar, moment(calendar, text))
    return str(datetime(1970, 1, 1) + timedelta(milliseconds=bar.label)), shown(calendar, bar.time)


@pytest.mark.parametrize(
    ("name", "text", "label", "start"),
    [
        ("1d", "2026-03-06 21:00", "2026-03-09 00:00:00", "2026-03-06 21:00:00"),
        ("1d", "2026-03-09 14:59:59", "2026-03-09 00:00:00", "2026-03-06 21:00:00"),
        ("1d", "2026-03-09 15:00:03", "2026-03-09 00:00:00", "2026-03-06 21:00:00"),
        ("1w", "2026-03-06 23:00", "2026-03-09 00:00:00", "2026-03-06 21:00:00"),
        ("1w", "2026-03-13 14:00", "2026-03-09 00:00:00", "2026-03-06 21:00:00"),
        ("1M", "2026-02-27 22:00", "2026-03-01 00:00:00", "2026-02-27 21:00:00"),
        ("1q", "2026-01-05 10:00", "2026-01-01 00:00:00", "2026-01-05 09:00:00"),  # no night after the holiday
    ],
)
def test_days_and_longer_are_of_trading_days(name: str, text: str, label: str, start: str) -> None:
    assert bar_texts(CALENDARS["futures"], name, text) == (label, start)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2026-03-10 10:14:59", "2026-03-10 10:00:00"),
        ("2026-03-10 10:15:01", "2026-03-10 10:00:00"),
        ("2026-03-10 10:29:59", "2026-03-10 10:30:00"),
        ("2026-03-10 11:31:00", "2026-03-10 11:00:00"),
        ("2026-03-10 14:45:00", "2026-03-10 14:30:00"),
        ("2026-03-11 02:40:00", "2026-03-11 02:00:00"),
    ],
)
def test_half_hours_begin_anew_after_each_break(text: str, start: str) -> None:
    assert bar_texts(CALENDARS["futures"], "30m", text)[1] == start


def test_two_shanghai_trading_days_are_two_bars() -> None:
    calendar = CALENDARS["futures"]
    texts = ["2026-03-09 21:30", "2026-03-10 01:00", "2026-03-10 09:30", "2026-03-10 14:00"]
    texts += ["2026-03-10 21:30", "2026-03-11 01:00", "2026-03-11 09:30", "2026-03-11 14:00"]
    bars = [parse_period("1d").bar_at(calendar, moment(calendar, text)) for text in texts]
    assert [str(date_of_day(bar.label // DAY_MS)) for bar in bars] == ["2026-03-10"] * 4 + ["2026-03-11"] * 4


def test_every_tick_is_a_bar_of_its_trading_day() -> None:
    calendar = CALENDARS["futures"]
    time = moment(calendar, "2026-03-06 21:30")
    assert parse_period(0).bar_at(calendar, time) == BarSpan(time, time, time + 1, time, read_day("2026-03-09"))
    assert parse_period(0).bar_at(CONTINUOUS, -1.5).begin_ms == -2


def test_groups_are_trading_days_and_calendar_years() -> None:
    calendar = CALENDARS["futures"]
    time = moment(calendar, "2026-12-30 21:30")
    assert parse_period("1m").bar_at(calendar, time).group == read_day("2026-12-31")
    assert {parse_period(name).bar_at(calendar, time).group for name in ("1d", "1w", "1M", "1q")} == {2026}


def test_a_fraction_of_a_millisecond_changes_no_bar() -> None:
    for calendar in (CONTINUOUS, CALENDARS["stocks"]):
        for name in ("1m", "1d"):
            time = moment(calendar, "2026-03-10 10:00")
            assert parse_period(name).bar_at(calendar, time + 0.5) == parse_period(name).bar_at(calendar, time)
