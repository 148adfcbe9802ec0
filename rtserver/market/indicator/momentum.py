"""Momentum of the close: rsi, roc, bias."""

from operator import add

from rtserver.market.indicator.indicator_line import Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine, Kept, Lag
from rtserver.market.indicator.sliding_window import SlidingWindow
from rtserver.market.indicator.smoothing import wilder, wilder_reach
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number, finite


class RsiLine(ComposedLine):
    """Relative strength index: 100 * gains / (gains + losses), each averaged as Wilder does.

    100 if nothing fell, also if nothing rose either; TA-Lib says 0 to the latter.
    """

    name = "rsi"
    title = "Relative strength index"
    # Gains and losses need a change, and a change needs two prices.
    parameters = (Parameter("period", 14, least=2),)
    outputs = (Output("", "rsi"),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._close: Kept[Number | None] = Kept(None)
        self._gains, self._losses = wilder(period), wilder(period)
        super().__init__(self._close, self._gains, self._losses)

    @property
    def reach(self) -> int:
        return wilder_reach(self._period) + 1

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        before = self._close.next(bar.close, keep=keep)
        if before is None:
            return (None,)
        change = bar.close - before
        gain = self._gains.next(max(change, 0), keep=keep)
        loss = self._losses.next(max(-change, 0), keep=keep)
        if gain is None or loss is None:
            return (None,)
        return (100.0 if loss == 0 else 100 * gain / (gain + loss),)


class RocLine(ComposedLine):
    """Rate of change: the percentage by which the close is above that of ``period`` bars ago; none if that was 0."""

    name = "roc"
    title = "Rate of change"
    parameters = (Parameter("period", 12),)
    outputs = (Output("", "roc"),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._close: Lag[Number] = Lag(period)
        super().__init__(self._close)

    @property
    def reach(self) -> int:
        return self._period + 1

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        before = self._close.next(bar.close, keep=keep)
        return (finite((bar.close / before - 1) * 100) if before else None,)


class BiasLine(ComposedLine):
    """Bias: the percentage by which the close is above its simple average over ``period`` bars; none if that is 0."""

    name = "bias"
    title = "Bias from the moving average"
    parameters = (Parameter("period", 6),)
    outputs = (Output("", "bias"),)

    def __init__(self, period: int) -> None:
        self._period = period
        self._sum: SlidingWindow[Number] = SlidingWindow(period, add)
        super().__init__(self._sum)

    @property
    def reach(self) -> int:
        return self._period

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        total = self._sum.next(bar.close, keep=keep)
        return (finite((bar.close * self._period / total - 1) * 100) if total else None,)
