"""Bars for the tests of history."""

from collections.abc import Iterable

from rtserver.market.market_bar import Bar

MINUTE, DAY = 60_000, 86_400_000
MONDAY = 20_458  # 2026-01-05, in days since 1970-01-01
QUOTE = "SHFE:cu:20260105"


def minute_bar(day: int, minute: int, price: float = 100) -> Bar:
    """Return a bar of one minute of a day; both count from 0."""
    at = day * DAY + minute * MINUTE
    return Bar(at, price, price + 1, price - 1, price + 2, 10, 10.5 * price, day, at)


def minute_bars(day: int, minutes: Iterable[int]) -> list[Bar]:
    """Return bars of a day, each with a price of its own."""
    return [minute_bar(day, minute, 100 + minute) for minute in minutes]


def day_bar(day: int, year: int, price: float = 100) -> Bar:
    """Return the bar of a whole day."""
    return Bar(day * DAY, price, price, price, price, 1000, None, year, day * DAY)
