"""CSV files of bars, for ``rtserver history``: read and checked as a whole, and written.

The first line names the columns, in any order and case: Date (or Time), Open, High, Low, Close, and perhaps Volume
and Turnover, which may be empty. A date or time is as in ``quote_file``: epoch milliseconds or an ISO date with or
without a time of day, UTC if it names no zone. Lines may be in any order.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import msgspec

from rtserver.history.bar_row import BadRow, bar_of
from rtserver.history.group import label_of
from rtserver.market.bar_block import merged_bars
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number
from rtserver.market.period import Base
from rtserver.service.quote.quote_file import QuoteFileError, read_label

COLUMNS = ("Date", "Open", "High", "Low", "Close", "Volume", "Turnover")
_PRICES = ("open", "close", "low", "high")


def read_bars(paths: Iterable[Path], base: Base, calendar: Calendar) -> list[Bar]:
    """Return the bars of files in ascending order. Raises ``QuoteFileError`` with file and line, and ``OSError``."""
    return merged_bars(bar for path in paths for bar in _bars_in(path, base, calendar))


def write_bars(bars: Iterable[Bar], base: Base, file: TextIO) -> None:
    """Write bars as lines. ``write_header`` comes first."""
    lines = csv.writer(file, lineterminator="\n")
    for bar in bars:
        numbers = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.turnover)
        lines.writerow([_time_of(label_of(bar), base), *map(_text_of, numbers)])


def write_header(file: TextIO) -> None:
    """Write the line with the names of the columns."""
    file.write(",".join(COLUMNS) + "\n")


def _bars_in(path: Path, base: Base, calendar: Calendar) -> Iterator[Bar]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        try:
            time = _time_column(rows.fieldnames or ())
            for row in rows:
                yield _bar_of({str(name).strip().lower(): value for name, value in row.items()}, time, base, calendar)
        except (BadRow, UnicodeDecodeError, csv.Error) as error:
            raise QuoteFileError(str(path), max(rows.line_num, 1), str(error)) from error


def _time_column(header: Sequence[str]) -> str:
    names = {name.strip().lower() for name in header}
    time = "date" if "date" in names else "time"
    if not {time, *_PRICES} <= names:
        raise BadRow('the first line has to name "Date,Open,High,Low,Close[,Volume][,Turnover]"')
    return time


def _bar_of(row: Mapping[str, str | None], time: str, base: Base, calendar: Calendar) -> Bar:
    values = [_number_of(row, name) for name in (*_PRICES, "volume", "turnover")]
    return bar_of((read_label(row[time]), *values), base, calendar)


def _number_of(row: Mapping[str, str | None], name: str) -> Number | None:
    text = (row.get(name) or "").strip()
    if not text and name not in _PRICES:
        return None
    try:
        return msgspec.json.decode(text, type=int | float)
    except msgspec.DecodeError:
        raise BadRow(f'{name} "{text[:40]}" is not a number') from None


def _text_of(number: Number | None) -> str:
    return "" if number is None else repr(number)


def _time_of(label: int, base: Base) -> str:
    """Return the date of a day, or the minute in UTC; milliseconds beyond the years that a date can have."""
    try:
        moment = datetime.fromtimestamp(label / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(label)
    return moment.date().isoformat() if base == "1d" else moment.strftime("%Y-%m-%dT%H:%M:00Z")
