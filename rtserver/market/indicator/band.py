"""Bands around an average: boll."""

import math

from rtserver.market.indicator.indicator_line import Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine
from rtserver.market.indicator.sliding_window import Moments, SlidingWindow, combine_moments
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number

_BANDS = (Output("/upper"), Output("/middle"), Output("/lower"))


class BollLine(ComposedLine):
    """Bollinger bands: the simple average of the last ``period`` closes, and ``width`` deviations above and below.

    The deviation is the population's: its square is a mean over ``period``, not over ``period`` - 1.
    """

    name = "boll"
    title = "Bollinger bands"
    parameters = (Parameter("period", 20), Parameter("width", 2, least=0.01, is_integer=False))
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
