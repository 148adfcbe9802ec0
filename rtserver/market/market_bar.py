"""Bar: what was traded in one period, or at one tick."""

from typing import TypeAlias

import msgspec

from rtserver.market.number import Label, Number

BarRow: TypeAlias = tuple[Label, Number, Number, Number, Number, Number | None]
"""The label, open, close, low, high and volume of a bar."""


class Bar(msgspec.Struct, frozen=True, gc=False):
    """A bar as it stands. The four prices of a single price are equal.

    ``volume`` and ``turnover`` are None if none of the bar's ticks had one. ``turnover`` is the traded value: what
    the producer said, else the sum over the ticks of price times volume, where the price of a bar is (high + low +
    close) / 3.

    Cumulative indicators begin anew with each ``group``: a trading day, in days since 1970-01-01, and for bars of a
    day or longer the calendar year. ``time`` is the bar's start in epoch milliseconds, 0 for a label that is no time.
    """

    label: Label
    open: Number
    close: Number
    low: Number
    high: Number
    volume: Number | None
    turnover: Number | None
    group: int
    time: int = 0

    @property
    def row(self) -> BarRow:
        """The bar without what only indicators need."""
        return (self.label, self.open, self.close, self.low, self.high, self.volume)
