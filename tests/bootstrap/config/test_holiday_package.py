"""Holidays that the package ``holidays`` knows, in the calendars of exchanges."""

import sys
from pathlib import Path

import pytest

from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.config.error import ConfigError
from rtserver.bootstrap.config.exchange import exchange_calendars
from rtserver.bootstrap.config.holiday_package import closed_days_of
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.calendar.calendar_table import read_calendar
from rtserver.market.day import date_of_day, read_day
from tests.market.exchange import shown

LONDON = '[exchanges.LSE]\nzone = "Europe/London"\nsessions = ["08:00-16:30"]\n'


def london(directory: Path, *lines: str) -> Calendar:
    file = directory / "rtserver.toml"
    file.write_text(LONDON + "\n".join(lines), encoding="utf-8")
    return exchange_calendars(load_config(environ={}, file=file)).of("LSE")


def test_the_days_that_the_package_knows_are_closed_beside_those_of_the_table(tmp_path: Path) -> None:
    calendar = london(tmp_path, 'holidays_of = "XLON"', "holidays = [2026-06-23]")
    closed = ("2026-04-03", "2026-12-25", "2031-12-25", "2026-06-23")
    assert not any(calendar.is_trading_day(read_day(day)) for day in closed)
    assert calendar.is_trading_day(read_day("2026-12-24"))
    assert calendar.holidays_until is None


def test_half_days_have_the_hours_of_the_table_and_without_them_those_of_every_day(tmp_path: Path) -> None:
    eve = read_day("2026-12-24")
    ends = [
        shown(calendar, calendar.sessions_of(eve)[-1].end_ms)[11:-3]
        for calendar in (
            london(tmp_path, 'holidays_of = "XLON"', 'half_days = ["08:00-12:30"]'),
            london(tmp_path, 'holidays_of = "XLON"'),
        )
    ]
    assert ends == ["12:30", "16:30"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('holidays_of = "XXX"', 'exchanges.LSE.holidays_of: "XXX" is unknown to the package holidays; it knows '),
        ('half_days = ["08:00-12:30"]', "exchanges.LSE.half_days: needs holidays_of"),
        ('holidays_of = "XLON"\nhalf_days = ["noon"]', 'exchanges.LSE.half_days: "noon" is no session of the form'),
    ],
)
def test_what_the_package_does_not_know_is_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"rtserver\.toml: ") as caught:
        london(tmp_path, line)
    assert said in str(caught.value)


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ConfigError) as caught:
        london(tmp_path, 'holidays_of = "XLON"')
    assert str(caught.value).endswith('holidays_of: needs the package holidays: pip install "rtserver[calendars]"')


@pytest.mark.parametrize(("sample", "code"), [("NYSE", "XNYS"), ("SSE", "XSHG"), ("SHFE", "XSHG")])
def test_the_samples_agree_with_the_package_as_far_as_they_go(sample: str, code: str) -> None:
    calendar, known = read_calendar(sample, {"calendar": sample}), closed_days_of(code)
    assert calendar.holidays_until is not None
    for day in range(read_day("2024-01-01"), calendar.holidays_until + 1):
        is_open = date_of_day(day).weekday() < 5 and day not in known.holidays
        assert calendar.is_trading_day(day) == is_open, date_of_day(day)
        if day in known.half_days:
            assert calendar.sessions_of(day)[-1].end_ms < calendar.clock_time(day, 14 * 3_600_000)
