"""The tables ``[exchanges.NAME]`` of the configuration: a calendar for each exchange, and their files of holidays.

``rtserver/market/calendar/calendar_table.py`` defines the fields of a table.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import ConfigError
from rtserver.bootstrap.config.holiday_package import closed_days_of
from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.calendar.calendar_table import CalendarError, read_calendar
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.market.day import date_of_day, read_day

EXCHANGES = "exchanges"
DEMO = "DEMO"
"""The exchange of the demo's quotes. Its times are invented: a trading day takes a minute."""

MOST_BYTES = 1_048_576


def read_exchanges(source: str, raw: object) -> dict[str, Calendar]:
    """Return the calendar of each exchange. Raises ``ConfigError``, which names the exchange and the field."""
    if not isinstance(raw, Mapping):
        raise ConfigError(source, EXCHANGES, f"{raw!r} is not allowed; it must be tables [{EXCHANGES}.NAME]")
    return {exchange: _read_one(source, exchange, table) for exchange, table in raw.items()}


def exchange_calendars(config: Config) -> ExchangeCalendars:
    """Return the calendars of a configuration. Raises ``ConfigError``."""
    calendars = read_exchanges("configuration", config.exchanges)
    if config.demo_quotes and not config.django_settings:
        calendars.setdefault(DEMO, CONTINUOUS)
    return ExchangeCalendars(calendars, is_closed=config.exchanges_only)


def _read_one(source: str, exchange: str, table: object) -> Calendar:
    key = f"{EXCHANGES}.{exchange}"
    if not exchange or ":" in exchange or any(map(str.isspace, exchange)):
        raise ConfigError(source, key, "an exchange has neither spaces nor colons: it is the first part of a quote")
    if not isinstance(table, Mapping):
        raise ConfigError(source, key, f"{table!r} is not allowed; it must be a table [{key}]")
    try:
        return read_calendar(exchange, _with_file(source, key, table), closed_days_of)
    except CalendarError as error:
        raise ConfigError(source, ".".join(filter(None, (key, error.field))), error.problem) from None


def _with_file(source: str, key: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table with the dates of its file in the place of the file's name."""
    path = table.get("holidays")
    if not isinstance(path, str):
        return table
    key = f"{key}.holidays"
    try:
        with open(path, "rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no UTF-8"
        raise ConfigError(source, key, f"{path} cannot be read ({reason})") from None
    return {**table, "holidays": list(_dates(source, key, path, text))}


def _dates(source: str, key: str, path: str, text: str) -> Iterator[date]:
    """Yield the dates of a file: one a line, behind it or above it a comment after "#"."""
    for number, line in enumerate(text.splitlines(), 1):
        word = line.partition("#")[0].strip()
        try:
            if word:
                yield date_of_day(read_day(word))
        except ValueError as error:
            raise ConfigError(source, key, f"{path}:{number}: {error}") from None
