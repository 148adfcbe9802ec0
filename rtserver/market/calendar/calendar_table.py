"""CalendarTable: the calendar of an exchange as a table of settings, and the samples that ship.

A table of its own, or one that names a sample and changes some of it. ``docs/calendars.md`` documents the fields.
"""

import tomllib
from collections.abc import Callable, Container, Mapping
from datetime import date
from difflib import get_close_matches
from importlib.resources import files
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.calendar.open_hours import check_night, read_night, read_sessions
from rtserver.market.calendar.session_calendar import SessionCalendar
from rtserver.market.calendar.trading_day import DAY_MINUTES, OpenHours, TradingRules
from rtserver.market.day import day_of_date, read_day

SAMPLES = ("24/7", "NYSE", "SHFE", "SSE")
SESSIONS = 'a list such as ["09:30-11:30", "13:00-15:00"]'
TEXT = "text"
FORMS = {
    "weekdays": 'a list such as ["Mon", "Tue"]',
    "sessions": SESSIONS,
    "night": SESSIONS,
    "holidays": "a list of dates such as 2026-01-05, or a file with them",
    "holidays_until": "a date such as 2026-01-05",
    "half_days": SESSIONS,
    "special_days": 'dates with sessions, such as 2026-11-27 = ["09:30-13:00"]',
}
"""The fields that are no text, in words that follow "must be"."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

T = TypeVar("T")


class CalendarError(ValueError):
    """A table that makes no calendar. ``field`` is its bad field, empty for the whole table."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field = field
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}" if self.field else self.problem


class CalendarTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a table. None is a field that is not there."""

    calendar: str | None = None
    zone: str | None = None
    weekdays: tuple[str, ...] | None = None
    sessions: tuple[str, ...] | None = None
    night: tuple[str, ...] | None = None
    holidays: tuple[date, ...] = ()
    holidays_until: date | None = None
    holidays_of: str | None = None
    half_days: tuple[str, ...] | None = None
    special_days: dict[str, tuple[str, ...]] = {}


class ClosedDays(NamedTuple):
    """The holidays and the half days of an exchange, as somebody else knows them."""

    holidays: Container[int]
    half_days: Container[int]


class _Either(Container[int]):
    """The days that are in one container or in another."""

    def __init__(self, one: Container[int], other: Container[int]) -> None:
        self._one = one
        self._other = other

    def __contains__(self, day: object) -> bool:
        return day in self._one or day in self._other


def read_calendar(
    name: str, raw: Mapping[str, object], closed_days: Callable[[str], ClosedDays] | None = None
) -> Calendar:
    """Return the calendar of a table. Raises ``CalendarError``.

    ``closed_days`` returns those of the exchange that the field ``holidays_of`` names, or raises ``ValueError``.
    """
    table = _merged(_convert(raw))
    if table.calendar == "24/7":
        _refuse_fields_of_continuous(raw)
        return CONTINUOUS
    if table.zone is None:
        raise CalendarError("zone", 'is missing; it must be a time zone such as "Asia/Shanghai"')
    whole_day = (OpenHours(0, DAY_MINUTES),)
    sessions = whole_day if table.sessions is None else _of("sessions", read_sessions, table.sessions)
    night = _of("night", read_night, table.night or ())
    if not sessions:
        raise CalendarError("sessions", "are empty; leave them out for whole days")
    _of("night", lambda hours: check_night(hours, sessions), night)
    known = _closed_days(table, closed_days)
    own = frozenset(map(day_of_date, table.holidays))
    rules = TradingRules(
        _of("zone", _zone, table.zone),
        _weekdays(table.weekdays, is_whole_week=table.sessions is None),
        sessions,
        night,
        own if known is None else _Either(own, known.holidays),
        {_of("special_days", read_day, day): _special(day, hours) for day, hours in table.special_days.items()},
        frozenset() if known is None else known.half_days,
        _of("half_days", read_sessions, table.half_days or ()),
    )
    return SessionCalendar(name, rules, _last_known(table))


def _closed_days(table: CalendarTable, closed_days: Callable[[str], ClosedDays] | None) -> ClosedDays | None:
    if table.holidays_of is None:
        if table.half_days is not None:
            raise CalendarError("half_days", "needs holidays_of, which knows them; list others under special_days")
        return None
    if closed_days is None:
        raise CalendarError("holidays_of", "is not allowed here")
    return _of("holidays_of", closed_days, table.holidays_of)


def _convert(raw: Mapping[str, object]) -> CalendarTable:
    try:
        return msgspec.convert(raw, CalendarTable)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$.")
        field = path.rstrip("`").partition("[")[0]
        if "unknown field" in problem:
            unknown = next(key for key in raw if key not in CalendarTable.__struct_fields__)
            raise CalendarError(unknown, f"unknown; known are {', '.join(CalendarTable.__struct_fields__)}") from None
        raise CalendarError(field, f"is not allowed; it must be {FORMS.get(field, TEXT)}") from None


def _merged(table: CalendarTable) -> CalendarTable:
    """Return the table with the fields of its sample. Holidays and special days are added to the sample's."""
    if table.calendar is None:
        return table
    if table.calendar not in SAMPLES:
        raise CalendarError("calendar", f'"{table.calendar[:40]}" is no sample; there are {", ".join(SAMPLES)}')
    if table.calendar == "24/7":
        return table
    text = (files(__package__) / "samples" / f"{table.calendar}.toml").read_text(encoding="utf-8")
    sample = msgspec.convert(tomllib.loads(text), CalendarTable)
    own = {field: value for field, value in msgspec.structs.asdict(table).items() if value is not None}
    own["holidays"] = (*sample.holidays, *table.holidays)
    own["special_days"] = {**sample.special_days, **table.special_days}
    own["holidays_until"] = table.holidays_until
    return msgspec.structs.replace(sample, **own)


def _last_known(table: CalendarTable) -> int | None:
    """Return the day up to which holidays are known, without a word the end of the last one's year.

    Those of ``holidays_of`` go on.
    """
    if table.holidays_until is None and (table.holidays_of or not table.holidays):
        return None
    return day_of_date(table.holidays_until or max(table.holidays).replace(month=12, day=31))


def _refuse_fields_of_continuous(raw: Mapping[str, object]) -> None:
    for field in raw:
        if field != "calendar":
            raise CalendarError(field, 'is not allowed beside calendar = "24/7", which never closes; its zone is UTC')


def _weekdays(names: tuple[str, ...] | None, *, is_whole_week: bool) -> frozenset[int]:
    if names is None:
        return frozenset(range(7 if is_whole_week else 5))
    if not names or not set(names) <= set(WEEKDAYS):
        raise CalendarError("weekdays", f"must be one or more of {', '.join(WEEKDAYS)}")
    return frozenset(map(WEEKDAYS.index, names))


def _special(day: str, texts: tuple[str, ...]) -> tuple[OpenHours, ...]:
    return _of(f"special_days.{day}", read_sessions, texts)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # an unknown zone, a path, a directory
        known = available_timezones()
        close = get_close_matches(name, known, n=1)
        hint = f'did you mean "{close[0]}"?' if close else "it must be one such as " + '"Asia/Shanghai"'
        advice = hint if known else "install the package tzdata: this system has no time zones"
        raise ValueError(f'"{name[:40]}" is no time zone; {advice}') from None


def _of(field: str, read: Callable[..., T], value: object) -> T:
    """Return what ``read`` makes of a field's value. A ``ValueError`` of it becomes a ``CalendarError``."""
    try:
        return read(value)
    except ValueError as error:
        raise CalendarError(field, str(error)) from None
