"""Calendar: the trading days and the sessions of one exchange.

All moments are epoch milliseconds, all days are numbers of days since 1970-01-01 (``rtserver/market/day.py``). A day
is a trading day: a night session that belongs to the next trading day has that day.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rtserver.market.day import DAY_MS


class SessionSpan(NamedTuple):
    """One session: trade happens in [``start_ms``, ``end_ms``), and counts for the trading day ``day``.

    In [``begin_ms``, ``until_ms``) no other session is nearer. The midpoint of a break belongs to the earlier one.
    """

    start_ms: int
    end_ms: int
    day: int
    begin_ms: int
    until_ms: int


class DaysExtent(NamedTuple):
    """The moments that count for a row of days: [``begin_ms``, ``end_ms``). Trade starts at ``start_ms``."""

    begin_ms: int
    end_ms: int
    start_ms: int


class Calendar(ABC):
    """The trading days and sessions of one exchange.

    ``name`` is the exchange's or the sample's, ``zone`` the time zone of its clock. ``is_continuous`` says that every
    moment lies in a session, ``has_nights`` that some sessions begin on a date before their trading day. Holidays are
    known up to the day ``holidays_until``; None if there are none to know.
    """

    name: str
    zone: ZoneInfo
    is_continuous: bool
    has_nights: bool
    holidays_until: int | None = None

    @property
    def zone_name(self) -> str | None:
        """The zone's IANA name, for those who read moments; None if the exchange has no zone of its own."""
        return self.zone.key

    @abstractmethod
    def session_at(self, time_ms: float) -> SessionSpan:
        """Return the session that holds the moment; outside of all sessions, the nearest one."""

    @abstractmethod
    def sessions_of(self, day: int) -> tuple[SessionSpan, ...]:
        """Return the sessions of a trading day in their order, none for another day."""

    @abstractmethod
    def is_trading_day(self, day: int) -> bool:
        """Return whether the day has a session."""

    @abstractmethod
    def clock_time(self, day: int, clock_ms: int) -> int:
        """Return the moment of a time of day, in milliseconds since midnight, within a trading day.

        21:00 of a night session is the evening before. A time outside of all sessions is next to the nearest one.
        """

    @abstractmethod
    def extent_of(self, first: int, last: int) -> DaysExtent:
        """Return the moments that count for the days from ``first`` to ``last``, both included.

        Days without a session extend from midnight to midnight, UTC.
        """


class ContinuousCalendar(Calendar):
    """The calendar of what is traded always: days are days of UTC."""

    name = "24/7"
    zone = ZoneInfo("UTC")
    is_continuous = True
    has_nights = False

    @property
    def zone_name(self) -> str | None:
        return None

    def session_at(self, time_ms: float) -> SessionSpan:
        return _whole_day(int(time_ms // DAY_MS))

    def sessions_of(self, day: int) -> tuple[SessionSpan, ...]:
        return (_whole_day(day),)

    def is_trading_day(self, day: int) -> bool:
        return True

    def clock_time(self, day: int, clock_ms: int) -> int:
        return day * DAY_MS + clock_ms

    def extent_of(self, first: int, last: int) -> DaysExtent:
        return DaysExtent(first * DAY_MS, (last + 1) * DAY_MS, first * DAY_MS)


CONTINUOUS = ContinuousCalendar()
"""The calendar of an exchange that the configuration does not name."""


def _whole_day(day: int) -> SessionSpan:
    start, end = day * DAY_MS, (day + 1) * DAY_MS
    return SessionSpan(start, end, day, start, end)
