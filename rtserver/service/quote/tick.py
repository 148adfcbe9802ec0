"""The shapes of the service message ``quote``, and the checks that turn its points into ticks.

This file decides what a producer may send; whether the time of a tick is possible is up to its quote's book. It knows
nothing of bars, feeds or subscribers.

A message is a list of items ``{"quote": "EXCHANGE:ITEM:DATE", "info": {"point": [...], "volume"?: number,
"decimals"?: integer, "id"?: string or integer, "bid"?: number, "ask"?: number, "open_interest"?: number,
"turnover"?: number, "settlement"?: number}}``. A quote without ``:DATE`` is another one, which goes on from day to
day. A point is ``[time, price]`` or ``[time, open, close, low, high, volume]``. ``time`` is epoch milliseconds or a
label such as "09:30:01". The volume and the turnover of a price are what was traded at that tick; those of a bar are
the whole bar's, so that a producer may send a bar again while it grows. ``decimals`` is the number of decimals of the
quote's prices from then on.
"""

import re
from typing import Annotated, TypeAlias

import msgspec

from rtserver.market.book.tick import Price, Tick
from rtserver.market.day import read_day
from rtserver.market.number import Label, Number
from rtserver.service.message import BadData

MAX_ITEMS = 20_000
"""Items in one message: a whole history of one quote fits, and the service thread is not held up for long."""

MAX_NUMBER = 1e15
"""Bound of prices and volumes: every integer below it is exact in a float, and no sum or square of them overflows."""

MAX_TIME_MS = 8_640_000_000_000_000
"""The last moment that a JavaScript Date can name, in the year 275760."""

MIN_NUMBER, MIN_TIME_MS = -MAX_NUMBER, -MAX_TIME_MS
MAX_LABEL = 64
MAX_KEY = 140
MAX_DECIMALS = 12
MAX_ID = 64
MAX_INT = 2**63
_KEY = re.compile(r"[^\s:]{1,64}:[^\s:]{1,64}(:[0-9]{8})?")
_FIELDS = ("bid", "ask", "open_interest", "turnover", "settlement")


class QuoteInfo(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One point of a quote, as it came. A ``volume`` beside a bar is ignored: the bar has its own.

    ``id`` tells a tick from all others of its quote: one that comes again is left out.
    """

    point: list[int | float | str]
    volume: int | float | None = None
    decimals: int | None = None
    id: str | int | None = None
    bid: int | float | None = None
    ask: int | float | None = None
    open_interest: int | float | None = None
    turnover: int | float | None = None
    settlement: int | float | None = None


class QuoteItem(msgspec.Struct, frozen=True, gc=False):
    """One element of a quote message."""

    quote: str
    info: QuoteInfo


QuoteMessage: TypeAlias = Annotated[list[QuoteItem], msgspec.Meta(max_length=MAX_ITEMS)]


def check_key(key: str) -> None:
    """Raise ``BadData`` unless ``key`` is ``EXCHANGE:ITEM:DATE`` or, of a continuous quote, ``EXCHANGE:ITEM``.

    DATE is YYYYMMDD.
    """
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        form = "EXCHANGE:ITEM:DATE with the date as YYYYMMDD, or EXCHANGE:ITEM"
        raise BadData(f'quote "{key[:MAX_KEY]}" is not of the form {form}')


def day_of_key(key: str) -> int | None:
    """Return the day that a quote's key names, in days since 1970-01-01; None if it names none, or no date."""
    _, _, date = key.partition(":")[2].partition(":")
    try:
        return read_day(date) if date else None
    except ValueError:
        return None


def exchange_of(key: str) -> str:
    """Return the exchange of a key."""
    return key.partition(":")[0]


def read_tick(info: QuoteInfo) -> Price | Tick:
    """Return the tick of a point, a ``Price`` if it is no more than that. Raises ``BadData`` with the fault."""
    point = info.point
    length = len(point)
    if length == 2:
        # Nearly all ticks are a price at an integer time, with a volume at most: they need no further call.
        time, price = point
        size = info.volume
        if (
            info.id is info.bid is info.ask is info.open_interest is info.turnover is None
            and info.settlement is info.decimals is None
            and type(time) is int
            and not isinstance(price, str)
            and MIN_TIME_MS <= time <= MAX_TIME_MS
            and MIN_NUMBER <= price <= MAX_NUMBER
            and (size is None or 0 <= size <= MAX_NUMBER)
        ):
            return time, price, size
        opened = close = low = high = _number("price", point[1])
        volume = _volume(info.volume)
    elif length == 6:
        opened, close, low, high = map(_number, ("open", "close", "low", "high"), point[1:5])
        if not (low <= opened <= high and low <= close <= high):
            raise BadData(f"open {opened} and close {close} are not between low {low} and high {high}")
        volume = _volume(point[5])
    else:
        raise BadData(
            f"a point is [time, price] or [time, open, close, low, high, volume], this one has length {length}"
        )
    label = _label(point[0])
    return Tick(
        label,
        opened,
        close,
        low,
        high,
        volume,
        length == 6,
        0 if isinstance(label, str) else label,
        turnover=_maybe_number("turnover", info.turnover),
        fields=_fields(info),
        id=_id(info.id),
        decimals=read_decimals(info.decimals),
    )


def read_decimals(decimals: int | None) -> int | None:
    """Return the decimals of a quote, None if it names none. Raises ``BadData`` for a number out of bounds."""
    if decimals is not None and not 0 <= decimals <= MAX_DECIMALS:
        raise BadData(f"decimals {str(decimals)[:MAX_LABEL]} are not from 0 to {MAX_DECIMALS}")
    return decimals


def _label(value: Label) -> Label:
    if isinstance(value, str):
        if not 0 < len(value) <= MAX_LABEL or not value.isprintable():
            raise BadData(f"a time label has 1 to {MAX_LABEL} printable characters")
        return value
    if not MIN_TIME_MS <= value <= MAX_TIME_MS:
        raise BadData(f"time {str(value)[:MAX_LABEL]} is no epoch time in milliseconds")
    # 1.0 and 1 are one label, in JSON as well.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(name: str, value: Label) -> Number:
    # Written so that NaN, which is neither above nor below, is refused as well.
    if isinstance(value, str) or not MIN_NUMBER <= value <= MAX_NUMBER:
        raise BadData(f"{name} {str(value)[:MAX_LABEL]!r} is not a number between -1e15 and 1e15")
    return value


def _volume(value: Label | None) -> Number | None:
    if value is None:
        return None
    number = _number("volume", value)
    if number < 0:
        raise BadData(f"volume {number} is negative")
    return number


def _maybe_number(name: str, value: Number | None) -> Number | None:
    return None if value is None else _number(name, value)


def _fields(info: QuoteInfo) -> dict[str, Number] | None:
    if info.bid is info.ask is info.open_interest is info.turnover is info.settlement is None:
        return None
    sent = ((name, getattr(info, name)) for name in _FIELDS)
    return {name: _number(name, value) for name, value in sent if value is not None}


def _id(value: str | int | None) -> str | int | None:
    is_fine = len(value) <= MAX_ID if isinstance(value, str) else value is None or abs(value) < MAX_INT
    if not is_fine:
        raise BadData(f"an id has at most {MAX_ID} characters, or is an integer of 64 bits")
    return value
