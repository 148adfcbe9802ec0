"""The true range, and its average: atr."""

from rtserver.market.indicator.indicator_line import Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine, Kept, PartGroup
from rtserver.market.indicator.smoothing import wilder, wilder_reach
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number


class TrueRange(PartGroup):
    """Range from low to high, widened to the close of the bar before."""

    __slots__ = ("_close",)

    def __init__(self) -> None:
        self._close: Kept[Number | None] = Kept(None)
        super().__init__(self._close)

    def next(self, bar: Bar, *, keep: bool) -> Number | None:
        """Return the true range of a bar, or None for the first one."""
        before = self._close.next(bar.close, keep=keep)
        return None if before is None else max(bar.high, before) - min(bar.low, before)


class AverageRange(PartGroup):
    """Wilder's average of the true range. The first bar has none, so the first value comes after ``period`` + 1."""

    __slots__ = ("_average", "_range")

    def __init__(self, period: int) -> None:
        self._range = TrueRange()
        self._average = wilder(period)
        super().__init__(self._range, self._average)

    def next(self, bar: Bar, *, keep: bool) -> Number | None:
        """Return the average with ``bar``, or None while there are too few bars."""
        true_range = self._range.next(bar, keep=keep)
        return None if true_range is None else self._average.next(true_range, keep=keep)


def average_range_reach(period: int) -> int:
    """Return the bars that an average range depends on."""
    return wilder_reach(period) + 1


class AtrLine(ComposedLine):
    """Average true range: Wilder's average of the true range, begun with the simple average of the first ones."""

    name = "atr"
    title = "Average true range"
    parameters = (Parameter("period", 14),)
    outputs = (Output("", "atr"),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._average = AverageRange(period)
        super().__init__(self._average)

    @property
    def reach(self) -> int:
        return average_range_reach(self._period)

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        return (self._average.next(bar, keep=keep),)
