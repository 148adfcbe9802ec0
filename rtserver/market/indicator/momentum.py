"""Momentum of the close: rsi."""

from rtserver.market.indicator.indicator_line import Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine, Kept
from rtserver.market.indicator.smoothing import wilder, wilder_reach
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number


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
