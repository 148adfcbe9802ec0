"""TradingDays: the rules of an exchange in local time, and the sessions of one day that follow from them.

Times of day are minutes since midnight. They are wall clock times: where a change to or from summer time lies within
a session, the session is an hour shorter or longer.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import datetime, time, timedelta
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rtserver.market.day import DAY_MS, date_of_day, day_of_date, read_day, weekday_of

DAY_MINUTES = 24 * 60
MINUTE_MS = 60_000
KEPT_MIDNIGHTS = 4_096
FIRST_DAY = read_day("1900-01-01")
LAST_DAY = read_day("2199-12-31")
"""Sessions exist from the first to the last of these days: within what ``datetime`` can tell of any zone."""


class OpenHours(NamedTuple):
    """Hours of one session, in minutes since midnight. A negative start is the day before, an end past 1440 the day
    after.
    """

    start: int
    end: int


class TradingRules(NamedTuple):
    """The rules of an exchange.

    ``weekdays`` are those with sessions (0 is Monday). ``sessions`` are the hours of a trading day on its own date.
    ``night`` are hours from the evening of the trading day before: before Monday that is Friday's. There is no night
    session if a holiday lies between. ``special_days`` have hours of their own, or none, in the place of all others;
    ``half_days`` that are no special days have ``half_hours``, if there are any.
    """

    zone: ZoneInfo
    weekdays: frozenset[int]
    sessions: tuple[OpenHours, ...]
    night: tuple[OpenHours, ...] = ()
    holidays: Container[int] = frozenset()
    special_days: Mapping[int, tuple[OpenHours, ...]] = {}
    half_days: Container[int] = frozenset()
    half_hours: tuple[OpenHours, ...] = ()

    @property
    def has_nights(self) -> bool:
        """True if some sessions begin on a date before their trading day."""
        hours = (*self.sessions, *self.half_hours, *chain.from_iterable(self.special_days.values()))
        return bool(self.night) or any(each.start < 0 for each in hours)


class OpenSpan(NamedTuple):
    """One session as moments: [``start_ms``, ``end_ms``). ``midnight`` is the day whose midnight its hours count
    from.
    """

    start_ms: int
    end_ms: int
    midnight: int


class TradingDays:
    """The sessions of each trading day."""

    def __init__(self, rules: TradingRules) -> None:
        self._rules = rules
        self._plain_midnights: dict[int, int | None] = {}

    def is_trading_day(self, day: int) -> bool:
        """Return whether the rules give the day sessions."""
        if not FIRST_DAY <= day <= LAST_DAY:
            return False
        special = self._special_hours(day)
        if special is not None:
            return bool(special)
        return weekday_of(day) in self._rules.weekdays and day not in self._rules.holidays

    def next_day(self, day: int) -> int | None:
        """Return the first trading day from ``day`` on; None if there is none."""
        return next((each for each in range(max(day, FIRST_DAY), LAST_DAY + 1) if self.is_trading_day(each)), None)

    def last_day(self, day: int) -> int | None:
        """Return the last trading day up to ``day``; None if there is none."""
        return next(
            (each for each in range(min(day, LAST_DAY), FIRST_DAY - 1, -1) if self.is_trading_day(each)), None
        )

    def spans_of(self, day: int) -> tuple[OpenSpan, ...]:
        """Return the sessions of a day in their order."""
        if not self.is_trading_day(day):
            return ()
        special = self._special_hours(day)
        if special is not None:
            return tuple(self._spans(day, special))
        return (*self._night_spans(day), *self._spans(day, self._rules.sessions))

    def moment(self, day: int, minutes: float) -> int:
        """Return the epoch milliseconds of a wall clock time. One that summer time skips is an hour later; of two
        equal ones the first counts.
        """
        if day not in self._plain_midnights:
            self._look_at_midnight(day)
        midnight = self._plain_midnights[day]
        return self._wall_time(day, minutes) if midnight is None else midnight + round(minutes * MINUTE_MS)

    def _look_at_midnight(self, day: int) -> None:
        """Note the midnight of a day if no clock changes on it, the day before or the day after.

        Then the moments of its hours are a sum; otherwise a date has to be made for each, at ten times the cost.
        """
        first, midnight, end = (self._wall_time(day, days * DAY_MINUTES) for days in (-1, 0, 2))
        if len(self._plain_midnights) >= KEPT_MIDNIGHTS:
            self._plain_midnights.clear()
        self._plain_midnights[day] = midnight if end - first == 3 * DAY_MS else None

    def _wall_time(self, day: int, minutes: float) -> int:
        wall = datetime.combine(date_of_day(day), time()) + timedelta(minutes=minutes)
        return round(wall.replace(tzinfo=self._rules.zone).timestamp() * 1000)

    def local_day(self, time_ms: int) -> int:
        """Return the date that the exchange's clock shows at a moment."""
        return day_of_date(datetime.fromtimestamp(time_ms / 1000, self._rules.zone).date())

    def _special_hours(self, day: int) -> tuple[OpenHours, ...] | None:
        rules = self._rules
        hours = rules.special_days.get(day)
        return rules.half_hours if hours is None and rules.half_hours and day in rules.half_days else hours

    def _night_spans(self, day: int) -> Iterable[OpenSpan]:
        if not self._rules.night:
            return ()
        eve = self.last_day(day - 1)
        if eve is None or any(between in self._rules.holidays for between in range(eve + 1, day)):
            return ()
        return self._spans(eve, self._rules.night)

    def _spans(self, midnight: int, hours: Iterable[OpenHours]) -> Iterable[OpenSpan]:
        for each in hours:
            start, end = self.moment(midnight, each.start), self.moment(midnight, each.end)
            # Summer time may skip a whole session.
            if start < end:
                yield OpenSpan(start, end, midnight)
