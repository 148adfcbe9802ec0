"""Tick: one checked point of a quote, and the error for one whose time is impossible."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from rtserver.market.number import MOST_EXACT, Label, Number


class BadTime(ValueError):  # noqa: N818 (the reason of its dead letter is called so)
    """The time of a tick is impossible. ``str`` of it is a sentence for the producer."""


class MissingBars(BadTime):
    """The bars that a time of day would correct are not in memory. It is possible once they are."""


Price: TypeAlias = tuple[int, Number, Number | None]
"""A tick that is a price alone, as nearly all are: epoch milliseconds, the price and the volume."""


class Tick(msgspec.Struct, frozen=True, gc=False):
    """One checked point. The four prices of a single price are equal.

    ``label`` is the time as it was sent. ``time`` is epoch milliseconds: for a number the label, for a time of day
    the moment that the book found (``is_clock``), for any other text the number 0.

    The volume of a price is what was traded at that tick, the volume of a bar is the whole bar's; the same is true of
    ``turnover``. Both are None if none was sent. ``fields`` are the newest values of what else is known of the quote,
    by name; None for none. ``id`` tells a tick from others, ``decimals`` is the number of decimals of all prices from
    then on.
    """

    label: Label
    open: Number
    close: Number
    low: Number
    high: Number
    volume: Number | None
    is_bar: bool = False
    time: int | float = 0
    is_clock: bool = False
    turnover: Number | None = None
    fields: Mapping[str, Number] | None = None
    id: str | int | None = None
    decimals: int | None = None

    @property
    def has_time(self) -> bool:
        """False for a text that is no time of day."""
        return self.is_clock or not isinstance(self.label, str)

    @property
    def value(self) -> Number | None:
        """The traded value: what was sent, else price times volume. A bar's price is (high + low + close) / 3."""
        if self.turnover is not None or self.volume is None:
            return self.turnover
        if self.is_bar:
            return (self.high + self.low + self.close) / 3 * self.volume
        value = self.close * self.volume
        return value if -MOST_EXACT <= value <= MOST_EXACT else float(value)


def tick_of(tick: Price | Tick) -> Tick:
    """Return a tick as a ``Tick``."""
    if isinstance(tick, Tick):
        return tick
    time, price, volume = tick
    return Tick(time, price, price, price, price, volume, False, time)
