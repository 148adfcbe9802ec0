"""Moving averages of the close: sma, ema, wma."""

from operator import add

from rtserver.market.indicator.indicator_line import Cells, Parameter
from rtserver.market.indicator.line_part import ComposedLine
from rtserver.market.indicator.sliding_window import SlidingWindow, Weighted, combine_weighted
from rtserver.market.indicator.smoothing import exponential, exponential_reach
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number


class SmaLine(ComposedLine):
    """Simple moving average: the mean of the last ``period`` closes."""

    name = "sma"
    title = "Simple moving average"
    parameters = (Parameter("period", 20),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._sum: SlidingWindow[Number] = SlidingWindow(period, add)
        super().__init__(self._sum)

    @property
    def reach(self) -> int:
        return self._period

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        total = self._sum.next(bar.close, keep=keep)
        return (None if total is None else total / self._period,)


class EmaLine(ComposedLine):
    """Exponential moving average: weight 2 / (period + 1), begun with the simple average of the first closes."""

    name = "ema"
    title = "Exponential moving average"
    parameters = (Parameter("period", 12),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._average = exponential(period)
        super().__init__(self._average)

    @property
    def reach(self) -> int:
        return exponential_reach(self._period)

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        return (self._average.next(bar.close, keep=keep),)


class WmaLine(ComposedLine):
    """Weighted moving average: of the last ``period`` closes the oldest weighs 1 and the newest ``period``."""

    name = "wma"
    title = "Weighted moving average"
    parameters = (Parameter("period", 20),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._sums: SlidingWindow[Weighted] = SlidingWindow(period, combine_weighted)
        super().__init__(self._sums)

    @property
    def reach(self) -> int:
        return self._period

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        sums = self._sums.next((1, bar.close, bar.close), keep=keep)
        return (None if sums is None else sums[2] * 2 / (self._period * (self._period + 1)),)
