"""``spread``: the mean difference of high and low over the last bars, as an indicator of charts."""

from collections import deque

from rtserver.market.indicator.indicator_line import Cells, IndicatorLine, Output, Parameter
from rtserver.market.market_bar import Bar


class Spread(IndicatorLine):
    """Asked for as "spread", or as "spread:5" for five bars. Bars below the chart, on an axis of their own."""

    name = "spread"
    title = "Mean difference of high and low"
    parameters = (Parameter("period", 10),)
    outputs = (Output(axis="spread", kind="bar"),)

    def __init__(self, period: int) -> None:
        self.period = period
        self.spreads: deque[float] = deque(maxlen=period)

    @property
    def reach(self) -> int:
        return self.period

    def step(self, bar: Bar) -> Cells:
        self.spreads.append(bar.high - bar.low)
        return (sum(self.spreads) / self.period if len(self.spreads) == self.period else None,)
