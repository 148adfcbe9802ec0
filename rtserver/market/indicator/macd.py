"""Moving average convergence and divergence: macd."""

from rtserver.market.indicator.indicator_line import Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine
from rtserver.market.indicator.smoothing import exponential, exponential_reach
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number


class MacdLine(ComposedLine):
    """Fast minus slow exponential average of the close; its exponential average is the signal.

    The histogram is their difference, not twice that. Each average begins with its first bar. TA-Lib begins the fast
    one later, together with the slow one: the numbers are equal once that has faded.
    """

    name = "macd"
    title = "Moving average convergence/divergence"
    parameters = (Parameter("fast", 12), Parameter("slow", 26), Parameter("signal", 9))
    outputs = (Output("", "macd"), Output("/signal", "macd"), Output("/histogram", "macd", "bar"))

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        self._fast, self._slow, self._signal = parts = (exponential(fast), exponential(slow), exponential(signal))
        self._reach = exponential_reach(slow) + exponential_reach(signal)
        super().__init__(*parts)

    @classmethod
    def check(cls, *params: Number) -> str | None:
        return None if params[0] < params[1] else "fast has to be shorter than slow"

    @property
    def reach(self) -> int:
        return self._reach

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        close = bar.close
        fast, slow = self._fast.next(close, keep=keep), self._slow.next(close, keep=keep)
        if fast is None or slow is None:
            return (None, None, None)
        macd = fast - slow
        signal = self._signal.next(macd, keep=keep)
        return (macd, signal, None if signal is None else macd - signal)
