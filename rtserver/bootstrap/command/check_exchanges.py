"""The part of ``rtserver check`` about exchanges: their next sessions, and up to when their holidays are known."""

from collections.abc import Iterator
from datetime import datetime

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.exchange import DEMO, exchange_calendars
from rtserver.bootstrap.site.finding import Finding, Severity
from rtserver.market.calendar.calendar import Calendar, SessionSpan
from rtserver.market.day import date_of_day

SUBJECT = "exchanges"


def check_exchanges(config: Config, now_ms: int) -> Iterator[Finding]:
    """Tell each exchange's session, and warn where holidays are not known any more."""
    calendars = exchange_calendars(config)
    outdated = dict(calendars.outdated(now_ms))
    listed = [
        (exchange, calendar) for exchange, calendar in calendars if exchange != DEMO or exchange in config.exchanges
    ]
    for exchange, calendar in listed:
        text = f"{exchange}: {tell_session(calendar, now_ms)}"
        if exchange in outdated:
            yield Finding(
                Severity.WARN, SUBJECT, f"{text}; holidays are known up to {outdated[exchange]} only: add more"
            )
        elif calendar.holidays_until is None:
            yield Finding(Severity.OK, SUBJECT, f"{text}; no holidays")
        else:
            yield Finding(Severity.OK, SUBJECT, f"{text}; holidays up to {date_of_day(calendar.holidays_until)}")
    if not listed:
        others = "none is known: nobody sees a quote" if config.exchanges_only else "all are open always, in UTC"
        yield Finding(Severity.WARN if config.exchanges_only else Severity.OK, SUBJECT, others)


def tell_session(calendar: Calendar, now_ms: int) -> str:
    """Return a clause about the session of a moment, or the next one, by the exchange's clock."""
    if calendar.is_continuous:
        return f"open always, in days of {calendar.zone}"
    session = calendar.session_at(now_ms)
    if now_ms >= session.end_ms:
        session = calendar.session_at(session.until_ms)
    state = "open" if session.start_ms <= now_ms else "next session"
    return f"{state} {_tell(calendar, session)} {calendar.zone}"


def _tell(calendar: Calendar, session: SessionSpan) -> str:
    start, end = (datetime.fromtimestamp(each // 1000, calendar.zone) for each in (session.start_ms, session.end_ms))
    day = date_of_day(session.day)
    belongs = "" if start.date() == day else f" of the trading day {day}"
    return f"{start:%Y-%m-%d %H:%M} to {end:%H:%M}{belongs}"
