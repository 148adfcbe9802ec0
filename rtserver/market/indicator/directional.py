"""Directional movement after Wilder: dmi, adx."""

from rtserver.market.indicator.indicator_line import Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine, Kept, PartGroup
from rtserver.market.indicator.smoothing import WilderSum, wilder, wilder_reach
from rtserver.market.indicator.true_range import TrueRange
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number


class DirectionalIndex(PartGroup):
    """The two directional indicators: upward and downward movement, as percentages of the true range.

    A bar moves upward by as much as its high is above that of the bar before, downward by as much as its low is below
    it; the larger movement counts, the other one is 0. Movements and true ranges are Wilder's sums.
    """

    __slots__ = ("_bar", "_minus", "_plus", "_range", "_ranges")

    def __init__(self, period: int) -> None:
        self._bar: Kept[tuple[Number, Number] | None] = Kept(None)  # high and low
        self._range = TrueRange()
        self._plus, self._minus, self._ranges = WilderSum(period), WilderSum(period), WilderSum(period)
        super().__init__(self._bar, self._range, self._plus, self._minus, self._ranges)

    def next(self, bar: Bar, *, keep: bool) -> tuple[Number, Number] | None:
        """Return the indicators with ``bar``, or None while there are too few bars. Both are 0 if no price moved."""
        before = self._bar.next((bar.high, bar.low), keep=keep)
        true_range = self._range.next(bar, keep=keep)
        if before is None or true_range is None:
            return None
        up, down = bar.high - before[0], before[1] - bar.low
        plus = self._plus.next(up if up > down and up > 0 else 0, keep=keep)
        minus = self._minus.next(down if down > up and down > 0 else 0, keep=keep)
        ranges = self._ranges.next(true_range, keep=keep)
        if plus is None or minus is None or ranges is None:
            return None
        return (100 * plus / ranges, 100 * minus / ranges) if ranges else (0, 0)


class DmiLine(ComposedLine):
    """Directional movement index: Wilder's indicators +DI and -DI, from bar ``period`` + 1 on."""

    name = "dmi"
    title = "Directional movement index"
    parameters = (Parameter("period", 14, least=2),)
    outputs = (Output("/plus", "dmi"), Output("/minus", "dmi"))

    def __init__(self, period: int) -> None:
        self._period = period
        self._index = DirectionalIndex(period)
        super().__init__(self._index)

    @property
    def reach(self) -> int:
        return wilder_reach(self._period) + 1

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        return self._index.next(bar, keep=keep) or (None, None)


class AdxLine(ComposedLine):
    """Average directional index: Wilder's average of 100 * |+DI - -DI| / (+DI + -DI), which is 0 if both are 0."""

    name = "adx"
    title = "Average directional index"
    parameters = (Parameter("period", 14, least=2),)
    outputs = (Output("", "adx"),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._index = DirectionalIndex(period)
        self._average = wilder(period)
        super().__init__(self._index, self._average)

    @property
    def reach(self) -> int:
        return 2 * wilder_reach(self._period) + 1

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        index = self._index.next(bar, keep=keep)
        if index is None:
            return (None,)
        plus, minus = index
        total = plus + minus
        return (self._average.next(100 * abs(plus - minus) / total if total else 0, keep=keep),)
