"""The made-up past of instruments: minute bars and daily bars that end before a given day. Pure."""

import random
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import pairwise

from rtserver.market.market_bar import Bar

DAY_MS, MINUTE_MS = 86_400_000, 60_000
OPENS_MS = 9 * 3_600_000
UNIX_DAY = date(1970, 1, 1).toordinal()
SHAPES = 16
"""Days that differ. Instruments take turns with them, so that making them costs little beside storing them."""


def quotes(count: int) -> list[str]:
    """Return the keys of so many instruments."""
    return [f"MARKET:I{number:05}" for number in range(count)]


def trading_days(before: int, count: int) -> list[int]:
    """Return the last ``count`` weekdays before a day, ascending. Days are counted from 1970-01-01, a Thursday."""
    found: list[int] = []
    day = before
    while len(found) < count:
        day -= 1
        if (day + 3) % 7 < 5:
            found.append(day)
    return found[::-1]


def minute_bars(number: int, day: int, minutes: int) -> list[Bar]:
    """Return the minutes of an instrument's trading day, from nine o'clock UTC on."""
    start = day * DAY_MS + OPENS_MS
    return [
        Bar(time, *prices, day, time)
        for time, prices in zip(
            range(start, start + minutes * MINUTE_MS, MINUTE_MS),
            _shape((number + day) % SHAPES, minutes),
            strict=True,
        )
    ]


def day_bars(number: int, days: list[int]) -> list[Bar]:
    """Return the daily bars of an instrument."""
    shapes = _shape(number % SHAPES, len(days))
    return [
        Bar(day * DAY_MS, *prices, date.fromordinal(UNIX_DAY + day).year, day * DAY_MS)
        for day, prices in zip(days, shapes, strict=True)
    ]


@cache
def _shape(seed: int, length: int) -> tuple[tuple[float, float, float, float, int, float], ...]:
    return tuple(_bars(random.Random(seed), length))


def _bars(chance: random.Random, length: int) -> Iterator[tuple[float, float, float, float, int, float]]:
    """Yield open, close, low, high, volume and turnover, with two decimals of a price."""
    walk = [100.0 + chance.randrange(100)]
    for _ in range(length):
        walk.append(round(walk[-1] * (1 + chance.gauss(0, 0.0005)), 2))
    for opened, close in pairwise(walk):
        low = round(min(opened, close) - abs(chance.gauss(0, 0.03)), 2)
        high = round(max(opened, close) + abs(chance.gauss(0, 0.03)), 2)
        volume = chance.randrange(1, 50_000)
        yield opened, close, low, high, volume, round((high + low + close) / 3 * volume, 2)
