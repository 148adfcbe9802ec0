"""Ticks for the tests of the book, short to write."""

from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.book.tick import Tick
from rtserver.market.number import Label, Number

MINUTE = 60_000
NOON = 1_767_614_400_000  # 2026-01-05T12:00Z, a Monday
MONDAY = 20_458


def price(label: Label, value: Number, volume: Number | None = None) -> Tick:
    return Tick(label, value, value, value, value, volume, time=0 if isinstance(label, str) else label)


def bar(label: Label, *values: Number) -> Tick:
    """A bar of open, close, low, high and volume."""
    opened, close, low, high, volume = values
    return Tick(label, opened, close, low, high, volume, True, 0 if isinstance(label, str) else label)


def take(book: QuoteBook, *ticks: Tick, now_ms: int | None = None) -> list[float | None]:
    """Return a book's answers to ticks that come one after the other; without ``now_ms``, each at its time."""
    answers = []
    for tick in ticks:
        now = now_ms if now_ms is not None else int(tick.time) or NOON
        checked = book.check(tick, now)
        assert checked is not None, "the tick is a duplicate"
        answers.append(book.take(checked))
    return answers
