"""BarRow: finished bars as a plug-in or a file has them, checked and made bars. Pure.

A row is a ``Bar``, or (label, open, close, low, high, volume) with perhaps a turnover behind. The label is epoch
milliseconds, a ``datetime`` with a zone, or, for a day, a ``date``. It is the start of a minute, or midnight in UTC
of a trading day. A volume or turnover may be None.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from rtserver.history.group import label_of
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS, day_of_date, year_of
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number
from rtserver.market.period import Base

MAX_NUMBER, MAX_TURNOVER = 1e15, 1e30
MINUTE_MS = 60_000
MAX_LABEL = 8_640_000_000_000_000
"""The last moment that a JavaScript Date can name."""

Row: TypeAlias = Bar | Sequence[Any]


class SourcePart(NamedTuple):
    """Answer of a plug-in: the rows of a range, ascending. The rest is as in ``HistoryPart``."""

    rows: Iterable[Row]
    has_older: bool = False
    is_cut: bool = False


class BadRow(ValueError):  # noqa: N818 (as the errors of ticks are called)
    """A row that is no bar. ``str`` of it says what is wrong."""


def bars_of(rows: Iterable[Row], base: Base, calendar: Calendar) -> Iterator[Bar]:
    """Yield the bars of rows, whose labels must ascend. Raises ``BadRow`` with the number of the row, from 1."""
    before: int | None = None
    for number, row in enumerate(rows, 1):
        try:
            bar = bar_of(row, base, calendar)
            label = label_of(bar)
            if before is not None and label <= before:
                raise BadRow(f"the label {label} does not come after {before}, the one before it")
        except BadRow as error:
            raise BadRow(f"row {number}: {error}") from None
        before = label
        yield bar


def bar_of(row: Row, base: Base, calendar: Calendar) -> Bar:
    """Return the bar of a row. Raises ``BadRow``."""
    values = _values_of(row)
    label = _label_of(values[0], base)
    opened, close, low, high = map(_number, ("open", "close", "low", "high"), values[1:5])
    if not (low <= opened <= high and low <= close <= high):
        raise BadRow(f"open {opened} and close {close} are not between low {low} and high {high}")
    volume, turnover = map(_amount, ("volume", "turnover"), values[5:])
    if base == "1m":
        group, time = calendar.session_at(label).day, label
    else:
        day = label // DAY_MS
        group, time = year_of(day), calendar.extent_of(day, day).start_ms
    return Bar(label, opened, close, low, high, volume, turnover, group, time)


def _values_of(row: Row) -> Sequence[Any]:
    if isinstance(row, Bar):
        return (row.label, row.open, row.close, row.low, row.high, row.volume, row.turnover)
    try:
        values = tuple(row)
    except TypeError:
        values = ()
    if len(values) not in (6, 7):
        raise BadRow(f"{str(row)[:80]} is no (label, open, close, low, high, volume[, turnover])")
    return values if len(values) == 7 else (*values, None)


def _label_of(value: Any, base: Base) -> int:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadRow(f"the label {value} names no time zone")
        value = round(value.timestamp() * 1000)
    elif isinstance(value, date):
        value = day_of_date(value) * DAY_MS
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -MAX_LABEL <= value <= MAX_LABEL:
        raise BadRow(f"the label {str(value)[:40]!r} is no epoch time in milliseconds")
    if base == "1d" and value % DAY_MS:
        raise BadRow(f"the label {value} of a day is not midnight in UTC")
    if value % MINUTE_MS:
        raise BadRow(f"the label {value} is not the start of a minute")
    return value


def _number(name: str, value: Any, most: float = MAX_NUMBER) -> Number:
    if isinstance(value, int) and not isinstance(value, bool):
        number: Number = value
    else:
        try:
            number = float(value)  # Decimal, too
        except (TypeError, ValueError):
            number = math.nan
    # Written so that NaN, which is neither above nor below, is refused as well.
    if not -most <= number <= most:
        raise BadRow(f"{name} {str(value)[:40]!r} is not a number between {-most:g} and {most:g}")
    return number


def _amount(name: str, value: Any) -> Number | None:
    if value is None:
        return None
    number = _number(name, value, MAX_TURNOVER if name == "turnover" else MAX_NUMBER)
    if name == "volume" and number < 0:
        raise BadRow(f"{name} {number} is negative")
    return number
