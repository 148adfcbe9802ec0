"""Indicators that add up over a group of bars, and begin anew with the next: vwap, obv."""

from rtserver.market.indicator.indicator_line import WHOLE_GROUP, Cells, Output
from rtserver.market.indicator.line_part import ComposedLine, Kept
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number, finite


class VwapLine(ComposedLine):
    """Volume-weighted average price: turnover / volume, both summed over the group of bars up to this one.

    It is the same for every period that bars are made of. A bar without a turnover weighs nothing.
    """

    name = "vwap"
    title = "Volume-weighted average price"
    merges = True

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
        if bar.turnover is not None:
            volume += bar.volume or 0
            turnover += bar.turnover
        if keep:
            self._sums.value = (bar.group, volume, turnover)
        return (finite(turnover / volume) if volume else None,)


class ObvLine(ComposedLine):
    """On-balance volume: the volume of bars that closed higher than the bar before, less that of those that fell.

    The first bar of a group counts as risen, as in TA-Lib. A bar without volume changes nothing.
    """

    name = "obv"
    title = "On-balance volume"
    outputs = (Output("", "obv"),)

    def __init__(self) -> None:
        self._state: Kept[tuple[int | None, Number, Number | None]] = Kept((None, 0, None))
        super().__init__(self._state)

    @property
    def reach(self) -> int:
        return WHOLE_GROUP

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        group, close, total = self._state.value
        if group != bar.group:
            total = None
        if bar.volume is not None:
            total = bar.volume if total is None else total + _signed(bar.volume, bar.close - close)
        if keep:
            self._state.value = (bar.group, bar.close, total)
        return (total,)


def _signed(volume: Number, change: Number) -> Number:
    if change > 0:
        return volume
    return -volume if change < 0 else 0
