"""Day: a date as the number of days since 1970-01-01, and the weeks, months and years that it belongs to.

Any integer is a day: those beyond the years 1 to 9999 of ``datetime.date`` as well, in the proleptic Gregorian
calendar.
"""

import re
from datetime import date

DAY_MS = 86_400_000

_EPOCH = date(1970, 1, 1).toordinal()
_CYCLE_DAYS = 146_097
_CYCLE_YEARS = 400
"""The Gregorian calendar repeats itself after 400 years."""

_DATE = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")


def read_day(text: str) -> int:
    """Return the day of "2026-01-05" or "20260105". Raises ``ValueError`` with a sentence."""
    match = _DATE.fullmatch(text)
    try:
        year, _, month, day = match.groups() if match else ("0", "", "0", "0")
        return date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        raise ValueError(f'"{text[:40]}" is no date of the form 2026-01-05') from None


def day_of_date(value: date) -> int:
    """Return the day of a date."""
    return value.toordinal() - _EPOCH


def date_of_day(day: int) -> date:
    """Return the date of a day. Raises ``ValueError`` or ``OverflowError`` beyond the years 1 to 9999."""
    return date.fromordinal(day + _EPOCH)


def monday_of(day: int) -> int:
    """Return the Monday of a day's week (ISO 8601)."""
    return day - (day + 3) % 7


def weekday_of(day: int) -> int:
    """Return the weekday of a day: 0 is Monday, 6 is Sunday."""
    return (day + 3) % 7


def month_of(day: int) -> int:
    """Return the month of a day, counted from 0 for January of the year 0."""
    cycle, rest = divmod(day + _EPOCH - 1, _CYCLE_DAYS)
    within = date.fromordinal(rest + 1)
    return (cycle * _CYCLE_YEARS + within.year) * 12 + within.month - 1


def first_of_month(month: int) -> int:
    """Return the first day of a month as ``month_of`` counts them."""
    year, within = divmod(month, 12)
    cycle, rest = divmod(year - 1, _CYCLE_YEARS)
    return date(rest + 1, within + 1, 1).toordinal() - _EPOCH + cycle * _CYCLE_DAYS


def year_of(day: int) -> int:
    """Return the calendar year of a day."""
    return month_of(day) // 12
