"""Calendars for tests, and moments of an exchange's clock."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from rtserver.market.calendar.calendar import Calendar
from rtserver.market.calendar.session_calendar import SessionCalendar
from rtserver.market.calendar.trading_day import OpenHours, TradingRules
from rtserver.market.day import read_day

WORKDAYS = frozenset(range(5))
SHANGHAI = (OpenHours(540, 615), OpenHours(630, 690), OpenHours(810, 900))
"""09:00-10:15, 10:30-11:30, 13:30-15:00"""

NIGHT = (OpenHours(21 * 60, 26 * 60 + 30),)
"""21:00-02:30"""


def futures(holidays: Iterable[str] = ()) -> Calendar:
    """Return a calendar with breaks and a night session."""
    days = frozenset(map(read_day, holidays))
    return SessionCalendar("SHFE", TradingRules(ZoneInfo("Asia/Shanghai"), WORKDAYS, SHANGHAI, NIGHT, days))


def stocks(holidays: Iterable[str] = (), special: Mapping[str, tuple[OpenHours, ...]] | None = None) -> Calendar:
    """Return a calendar with one session a day, in a zone with summer time."""
    days = frozenset(map(read_day, holidays))
    hours = {read_day(day): each for day, each in (special or {}).items()}
    session = (OpenHours(570, 960),)
    return SessionCalendar("NYSE", TradingRules(ZoneInfo("America/New_York"), WORKDAYS, session, (), days, hours))


def globex() -> Calendar:
    """Return a calendar whose sessions begin the day before: Monday's on Sunday."""
    rules = TradingRules(ZoneInfo("America/Chicago"), WORKDAYS, (OpenHours(-7 * 60, 16 * 60),))
    return SessionCalendar("GLOBEX", rules)


def whole_days(zone: str) -> Calendar:
    """Return a calendar of whole days, every day."""
    return SessionCalendar(zone, TradingRules(ZoneInfo(zone), frozenset(range(7)), (OpenHours(0, 1440),)))


def moment(calendar: Calendar, text: str) -> int:
    """Return the epoch milliseconds of "2026-01-05 09:00[:00]" by the exchange's clock."""
    return round(datetime.fromisoformat(text).replace(tzinfo=calendar.zone).timestamp() * 1000)


def shown(calendar: Calendar, time_ms: int) -> str:
    """Return what the exchange's clock shows: "2026-01-05 09:00:00"."""
    return f"{datetime.fromtimestamp(time_ms // 1000, calendar.zone):%Y-%m-%d %H:%M:%S}"
