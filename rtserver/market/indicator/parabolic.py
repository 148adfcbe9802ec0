"""Parabolic stop and reverse after Wilder: psar."""

from typing import NamedTuple

from rtserver.market.indicator.indicator_line import FADED, PRICE, Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine, Kept
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number


class _Trend(NamedTuple):
    """A trend before its next bar: the stop for that bar, and the extreme price and the acceleration so far."""

    is_rising: bool
    stop: Number
    extreme: Number
    factor: Number
    high: Number  # of the last bar
    low: Number


class PsarLine(ComposedLine):
    """Parabolic stop and reverse: the price at which the trend of the last bars would turn.

    The acceleration begins with ``step`` and grows by it with each new extreme, up to ``maximum``. The first trend
    falls if the second bar's low is further below the first one's than its high is above, and rises otherwise, as in
    TA-Lib. Two series that began at different bars become equal after some common turns. Nothing bounds how long that
    takes; on years of real days and on random walks it was less than a tenth of ``reach``.
    """

    name = "psar"
    title = "Parabolic stop and reverse"
    parameters = (
        Parameter("step", 0.02, least=0.01, most=1, is_integer=False),
        Parameter("maximum", 0.2, least=0.01, most=1, is_integer=False),
    )
    outputs = (Output("", PRICE, "scatter"),)

    def __init__(self, step: Number, maximum: Number) -> None:
        self._step = step
        self._maximum = maximum
        self._first: Kept[tuple[Number, Number] | None] = Kept(None)  # high and low
        self._trend: Kept[_Trend | None] = Kept(None)
        super().__init__(self._first, self._trend)

    @classmethod
    def check(cls, *params: Number) -> str | None:
        return None if params[0] <= params[1] else "step is at most maximum"

    @property
    def reach(self) -> int:
        return round(FADED / self._step)

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        first, trend = self._first.value, self._trend.value
        if first is None:
            self._first.next((bar.high, bar.low), keep=keep)
            return (None,)
        stop, trend = self._follow(trend or self._begin(first, bar), bar)
        if keep:
            self._trend.value = trend
        return (stop,)

    def _begin(self, first: tuple[Number, Number], bar: Bar) -> _Trend:
        high, low = first
        down = low - bar.low
        is_rising = not (down > 0 and down > bar.high - high)
        stop, extreme = (low, bar.high) if is_rising else (high, bar.low)
        return _Trend(is_rising, stop, extreme, self._step, bar.high, bar.low)

    def _follow(self, trend: _Trend, bar: Bar) -> tuple[Number, _Trend]:
        """Return the stop at ``bar``, and the trend after it. A falling trend is a rising one of negative prices."""
        sign = 1 if trend.is_rising else -1
        high, low = (bar.high, bar.low) if trend.is_rising else (-bar.low, -bar.high)
        last_high, last_low = (trend.high, trend.low) if trend.is_rising else (-trend.low, -trend.high)
        stop, extreme, factor = sign * trend.stop, sign * trend.extreme, trend.factor
        if low <= stop:
            stop = max(extreme, last_high, high)
            following = max(stop + self._step * (low - stop), last_high, high)
            turned = _Trend(not trend.is_rising, sign * following, sign * low, self._step, bar.high, bar.low)
            return sign * stop, turned
        if high > extreme:
            extreme, factor = high, min(factor + self._step, self._maximum)
        following = min(stop + factor * (extreme - stop), last_low, low)
        return sign * stop, _Trend(trend.is_rising, sign * following, sign * extreme, factor, bar.high, bar.low)
