"""Indicators that add up over a group of bars, and begin anew with the next: vwap."""

from rtserver.market.indicator.indicator_line import WHOLE_GROUP, Cells
from rtserver.market.indicator.line_part import ComposedLine, Kept
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number


class VwapLine(ComposedLine):
    """Volume-weighted average price: turnover / volume, both summed over the group of bars up to this one.

    It is the same for every period that bars are made of. A bar without volume or turnover weighs nothing.
    """

    name = "vwap"
    title = "Volume-weighted average price"

    def __init__(self) -> None:
        self._sums: Kept[tuple[int | None, Number, Number]] = Kept((None, 0, 0))
        super().__init__(self._sums)

    @property
    def reach(self) -> int:
        return WHOLE_GROUP

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        group, volume, turnover = self._sums.value
        if group != bar.group:
            volume = turnover = 0
        if bar.volume and bar.turnover is not None:
            volume += bar.volume
            turnover += bar.turnover
        if keep:
            self._sums.value = (bar.group, volume, turnover)
        return (turnover / volume if volume else None,)
