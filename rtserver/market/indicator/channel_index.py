"""The distance of the typical price from its average: cci."""

from rtserver.market.indicator.indicator_line import Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine
from rtserver.market.indicator.sorted_window import SortedWindow
from rtserver.market.market_bar import Bar
from rtserver.market.number import finite


class CciLine(ComposedLine):
    """Commodity channel index after Lambert: how far the typical price is from its simple average over ``period``.

    In 0.015 mean absolute deviations; the typical price is (high + low + close) / 3. 0 if all of them are equal.
    """

    name = "cci"
    title = "Commodity channel index"
    parameters = (Parameter("period", 20, least=2),)
    outputs = (Output("", "cci"),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._window = SortedWindow(period)
        super().__init__(self._window)

    @property
    def reach(self) -> int:
        return self._period

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        typical = (bar.high + bar.low + bar.close) / 3
        found = self._window.next(typical, keep=keep)
        if found is None:
            return (None,)
        mean, deviation = found
        unit = 0.015 * deviation
        return (finite((typical - mean) / unit) if unit > 0 else 0.0,)
