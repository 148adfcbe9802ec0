"""The holidays and half days of exchanges as the package ``holidays`` knows them, the extra ``calendars``.

The package computes a year when it is asked for one of its days.
"""

from collections.abc import Container
from datetime import date

from rtserver.market.calendar.calendar_table import ClosedDays
from rtserver.market.day import date_of_day

EXTRA = 'pip install "rtserver[calendars]"'
HALF_DAY = "half_day"


class _Days(Container[int]):
    """Dates as days."""

    def __init__(self, dates: Container[date]) -> None:
        self._dates = dates

    def __contains__(self, day: object) -> bool:
        return isinstance(day, int) and date_of_day(day) in self._dates


def closed_days_of(code: str) -> ClosedDays:
    """Return the holidays and half days of an exchange by its ISO 10383 code. Raises ``ValueError``."""
    try:
        # Optional, and 30 ms that only those pay who name an exchange.
        import holidays
    except ImportError:
        raise ValueError(f"needs the package holidays: {EXTRA}") from None
    try:
        closed = holidays.financial_holidays(code)
    except NotImplementedError:
        known = ", ".join(sorted(holidays.list_supported_financial()))
        raise ValueError(f'"{code[:40]}" is unknown to the package holidays; it knows {known}') from None
    if HALF_DAY not in closed.supported_categories:
        return ClosedDays(_Days(closed), frozenset())
    return ClosedDays(_Days(closed), _Days(holidays.financial_holidays(code, categories=(HALF_DAY,))))
