"""Tick: the shapes of the service message ``quote``, and the checks that turn its points into ticks.

It decides what a producer may send, and knows nothing of bars, feeds or subscribers.

A message is a list of items ``{"quote": "EXCHANGE:ITEM:DATE", "info": {"point": [...], "volume"?: number,
"decimals"?: integer}}``. A point is ``[time, price]`` or ``[time, open, close, low, high, volume]``. ``time`` is
epoch milliseconds or a label such as "09:30:01". The volume of a price is what was traded at that tick; the volume of
a bar is the whole bar's, so that a producer may send a bar again while it grows. ``decimals`` is the number of
decimals of the quote's prices from then on.
"""

import re
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec

from rtserver.market.number import Label, Number
from rtserver.service.message import BadData

MAX_ITEMS = 20_000
"""Items in one message: a whole history of one quote fits, and the service thread is not held up for long."""

MAX_NUMBER = 1e15
"""Bound of prices and volumes: every integer below it is exact in a float, and no sum or square of them overflows."""

MAX_TIME_MS = 8_640_000_000_000_000
"""The last moment that a JavaScript Date can name, in the year 275760."""

MAX_LABEL = 64
MAX_KEY = 140
MAX_DECIMALS = 12
_KEY = re.compile(r"[^\s:]{1,64}:[^\s:]{1,64}(:[0-9]{8})?")


class QuoteInfo(msgspec.Struct, frozen=True, gc=False):
    """One point of a quote, as it came. A ``volume`` beside a bar is ignored: the bar has its own.

    ``id`` names the tick among those of its quote: a second one with it is a repeat.
    """

    point: list[int | float | str]
    volume: int | float | None = None
    decimals: int | None = None
    id: int | str | None = None


class QuoteItem(msgspec.Struct, frozen=True, gc=False):
    """One element of a quote message."""

    quote: str
    info: QuoteInfo


QuoteMessage: TypeAlias = Annotated[list[QuoteItem], msgspec.Meta(max_length=MAX_ITEMS)]


class Tick(msgspec.Struct, frozen=True, gc=False):
    """One checked point. The four prices of a single price are equal; ``volume`` is None if none was sent."""

    time: Label
    open: Number
    close: Number
    low: Number
    high: Number
    volume: Number | None
    is_bar: bool


def check_key(key: str) -> None:
    """Raise ``BadData`` unless ``key`` is ``EXCHANGE:ITEM:DATE`` or, of a continuous quote, ``EXCHANGE:ITEM``.

    DATE is YYYYMMDD.
    """
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        form = "EXCHANGE:ITEM:DATE with the date as YYYYMMDD, or EXCHANGE:ITEM"
        raise BadData(f'quote "{key[:MAX_KEY]}" is not of the form {form}')


def read_tick(info: QuoteInfo) -> Tick:
    """Return the tick of a point. Raises ``BadData`` with the fault."""
    point = info.point
    if len(point) == 2:
        price = _number("price", point[1])
        return Tick(_time(point[0]), price, price, price, price, _volume(info.volume), False)
    if len(point) == 6:
        return _read_bar(point)
    raise BadData(
        f"a point is [time, price] or [time, open, close, low, high, volume], this one has length {len(point)}"
    )


def read_decimals(decimals: int | None) -> int | None:
    """Return the decimals of a quote, None if it names none. Raises ``BadData`` for a number out of bounds."""
    if decimals is not None and not 0 <= decimals <= MAX_DECIMALS:
        raise BadData(f"decimals {str(decimals)[:MAX_LABEL]} are not from 0 to {MAX_DECIMALS}")
    return decimals


def _read_bar(point: Sequence[Label]) -> Tick:
    opened, close, low, high = map(_number, ("open", "close", "low", "high"), point[1:5])
    if not (low <= opened <= high and low <= close <= high):
        raise BadData(f"open {opened} and close {close} are not between low {low} and high {high}")
    return Tick(_time(point[0]), opened, close, low, high, _volume(point[5]), True)


def _time(value: Label) -> Label:
    if isinstance(value, str):
        if not 0 < len(value) <= MAX_LABEL or not value.isprintable():
            raise BadData(f"a time label has 1 to {MAX_LABEL} printable characters")
        return value
    if not -MAX_TIME_MS <= value <= MAX_TIME_MS:
        raise BadData(f"time {str(value)[:MAX_LABEL]} is no epoch time in milliseconds")
    # 1.0 and 1 are one label, in JSON as well.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(name: str, value: Label) -> Number:
    # Written so that NaN, which is neither above nor below, is refused as well.
    if isinstance(value, str) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise BadData(f"{name} {str(value)[:MAX_LABEL]!r} is not a number between -1e15 and 1e15")
    return value


def _volume(value: Label | None) -> Number | None:
    if value is None:
        return None
    number = _number("volume", value)
    if number < 0:
        raise BadData(f"volume {number} is negative")
    return number
