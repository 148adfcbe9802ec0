"""Quotes from a CSV file: its rows as points of the service message ``quote``.

The first line names the columns, in any order and case: either Date, Open, High, Low, Close, Volume, or time, price
and perhaps volume and id. A date or time is epoch milliseconds, an ISO date with or without a time of day (UTC if it
names no zone), or any label.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from rtserver.market.number import Label, Number
from rtserver.service.message import BadData
from rtserver.service.quote.tick import QuoteInfo, read_tick

_MILLISECONDS = re.compile(r"-?[0-9]{1,16}")
_BAR_COLUMNS = ("open", "close", "low", "high", "volume")


class QuoteFileError(ValueError):
    """A line that cannot be read. ``str`` of it is ``file:line: fault``."""

    def __init__(self, file: str, line: int, text: str) -> None:
        super().__init__(file, line, text)
        self.file = file
        self.line = line
        self.text = text

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def read_quotes(path: Path | Traversable) -> Iterator[QuoteInfo]:
    """Yield the points of a file in the order of its lines, reading as they are taken.

    Raises ``QuoteFileError``; ``OSError`` if the file cannot be opened.
    """
    with path.open(encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        try:
            read = _row_reader(rows.fieldnames or ())
            for row in rows:
                info = read({str(name).strip().lower(): value for name, value in row.items()})
                read_tick(info)
                yield info
        except (BadData, UnicodeDecodeError, csv.Error) as error:
            raise QuoteFileError(str(path), max(rows.line_num, 1), str(error)) from error


def quote_item(quote: str, info: QuoteInfo) -> dict[str, object]:
    """Return the item of a quote message, as plain data for a queue."""
    plain = msgspec.structs.asdict(info)
    return {"quote": quote, "info": {name: value for name, value in plain.items() if value is not None}}


def _row_reader(header: Iterable[str]) -> Callable[[Mapping[str, str | None]], QuoteInfo]:
    names = {name.strip().lower() for name in header}
    if {"date", *_BAR_COLUMNS} <= names:
        return _read_bar
    if {"time", "price"} <= names:
        return _read_price
    raise BadData('the first line has to name "Date,Open,High,Low,Close,Volume" or "time,price[,volume]"')


def _read_bar(row: Mapping[str, str | None]) -> QuoteInfo:
    return QuoteInfo([read_label(row["date"]), *(_read_number(row, name) for name in _BAR_COLUMNS)])


def _read_price(row: Mapping[str, str | None]) -> QuoteInfo:
    volume = _read_number(row, "volume") if row.get("volume") else None
    return QuoteInfo([read_label(row["time"]), _read_number(row, "price")], volume, id=row.get("id") or None)


def read_label(text: str | None) -> Label:
    """Return the label of a point: epoch milliseconds for a number or an ISO date, else the text itself."""
    stripped = (text or "").strip()
    # Eight digits are a date without hyphens: nobody writes a time of 1970 in milliseconds.
    if _MILLISECONDS.fullmatch(stripped) and len(stripped) != 8:
        return int(stripped)
    try:
        moment = datetime.fromisoformat(stripped)
    except ValueError:
        return stripped
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _read_number(row: Mapping[str, str | None], name: str) -> Number:
    text = (row.get(name) or "").strip()
    try:
        return msgspec.json.decode(text, type=int | float)
    except msgspec.DecodeError:
        raise BadData(f'{name} "{text[:40]}" is not a number') from None
