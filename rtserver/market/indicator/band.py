"""Bands around the price: boll, donchian, keltner."""

import math

from rtserver.market.indicator.indicator_line import Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine
from rtserver.market.indicator.sliding_window import Moments, SlidingWindow, combine_moments
from rtserver.market.indicator.smoothing import exponential, exponential_reach
from rtserver.market.indicator.true_range import AverageRange, average_range_reach
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number

_WIDTH = Parameter("width", 2, least=0.01, is_integer=False)
_BANDS = (Output("/upper"), Output("/middle"), Output("/lower"))


class BollLine(ComposedLine):
    """Bollinger bands: the simple average of the last ``period`` closes, and ``width`` deviations above and below.

    The deviation is the population's: its square is a mean over ``period``, not over ``period`` - 1.
    """

    name = "boll"
    title = "Bollinger bands"
    parameters = (Parameter("period", 20), _WIDTH)
    outputs = _BANDS

    def __init__(self, period: int, width: Number) -> None:
        self._period = period
        self._width = width
        self._moments: SlidingWindow[Moments] = SlidingWindow(period, combine_moments)
        super().__init__(self._moments)

    @property
    def reach(self) -> int:
        return self._period

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        moments = self._moments.next((1, bar.close, 0), keep=keep)
        if moments is None:
            return (None, None, None)
        count, middle, squares = moments
        apart = self._width * math.sqrt(squares / count)
        return (middle + apart, middle, middle - apart)


class DonchianLine(ComposedLine):
    """Donchian channel: the highest high and the lowest low of the last ``period`` bars, this one included.

    The middle is halfway between them.
    """

    name = "donchian"
    title = "Donchian channel"
    parameters = (Parameter("period", 20),)
    outputs = _BANDS

    def __init__(self, period: int) -> None:
        self._period = period
        self._highest: SlidingWindow[Number] = SlidingWindow(period, max)
        self._lowest: SlidingWindow[Number] = SlidingWindow(period, min)
        super().__init__(self._highest, self._lowest)

    @property
    def reach(self) -> int:
        return self._period

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        upper = self._highest.next(bar.high, keep=keep)
        lower = self._lowest.next(bar.low, keep=keep)
        if upper is None or lower is None:
            return (None, None, None)
        return (upper, (upper + lower) / 2, lower)


class KeltnerLine(ComposedLine):
    """Keltner channel: the exponential average of the close, and ``width`` average true ranges above and below."""

    name = "keltner"
    title = "Keltner channel"
    parameters = (Parameter("period", 20), Parameter("atr", 10), _WIDTH)
    outputs = _BANDS

    def __init__(self, period: int, atr: int, width: Number) -> None:
        self._width = width
        self._average = exponential(period)
        self._range = AverageRange(atr)
        self._reach = max(exponential_reach(period), average_range_reach(atr))
        super().__init__(self._average, self._range)

    @property
    def reach(self) -> int:
        return self._reach

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        middle = self._average.next(bar.close, keep=keep)
        average_range = self._range.next(bar, keep=keep)
        if middle is None or average_range is None:
            return (None, None, None)
        apart = self._width * average_range
        return (middle + apart, middle, middle - apart)
