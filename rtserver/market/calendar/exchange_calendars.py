"""ExchangeCalendars: the calendar of each exchange, and which exchanges there are."""

from collections.abc import Iterator, Mapping
from datetime import date

from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.day import date_of_day


class UnknownExchangeError(ValueError):
    """An exchange that is not listed where only listed ones exist. ``str`` of it is fit for the client."""


class ExchangeCalendars:
    """The calendars of exchanges by name. An exchange without one is continuous, unless ``is_closed``."""

    def __init__(self, calendars: Mapping[str, Calendar] | None = None, *, is_closed: bool = False) -> None:
        self._calendars = dict(calendars or {})
        self._is_closed = is_closed

    def __iter__(self) -> Iterator[tuple[str, Calendar]]:
        """Yield the exchanges that have a calendar of their own."""
        return iter(self._calendars.items())

    def of(self, exchange: str) -> Calendar:
        """Return the calendar of an exchange."""
        return self._calendars.get(exchange, CONTINUOUS)

    def check(self, exchange: str) -> None:
        """Raise ``UnknownExchangeError`` if quotes of this exchange are neither taken nor shown."""
        if self._is_closed and exchange not in self._calendars:
            known = ", ".join(sorted(self._calendars)) or "none"
            raise UnknownExchangeError(f'exchange "{exchange[:40]}" is unknown; known are {known}')

    def outdated(self, now_ms: int) -> Iterator[tuple[str, date]]:
        """Yield the exchanges whose holidays are not known any more, and up to which date they were."""
        for exchange, calendar in self:
            until = calendar.holidays_until
            if until is not None and calendar.session_at(now_ms).day > until:
                yield exchange, date_of_day(until)


NO_CALENDARS = ExchangeCalendars()
"""Every exchange is continuous."""
