"""The place of the close in the range of the last bars: stoch, kdj."""

from operator import add

from rtserver.market.indicator.indicator_line import FADED, Cells, Output, Parameter
from rtserver.market.indicator.line_part import ComposedLine, Kept, PartGroup
from rtserver.market.indicator.sliding_window import SlidingWindow
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number

_NEUTRAL = 50.0


class RangePlace(PartGroup):
    """Percentage of the way from the lowest low of the last bars to their highest high at which the close is.

    50 if they are equal; TA-Lib says 0.
    """

    __slots__ = ("_highest", "_lowest")

    def __init__(self, period: int) -> None:
        self._highest: SlidingWindow[Number] = SlidingWindow(period, max)
        self._lowest: SlidingWindow[Number] = SlidingWindow(period, min)
        super().__init__(self._highest, self._lowest)

    def next(self, bar: Bar, *, keep: bool) -> float | None:
        """Return the percentage for ``bar``, or None while there are too few bars."""
        highest = self._highest.next(bar.high, keep=keep)
        lowest = self._lowest.next(bar.low, keep=keep)
        if highest is None or lowest is None:
            return None
        return 100 * (bar.close - lowest) / (highest - lowest) if highest > lowest else _NEUTRAL


class StochLine(ComposedLine):
    """Slow stochastic: %K is the simple average of the close's place in the range, %D that of %K."""

    name = "stoch"
    title = "Stochastic oscillator"
    parameters = (Parameter("period", 14), Parameter("k", 3), Parameter("d", 3))
    outputs = (Output("/k", "stoch"), Output("/d", "stoch"))

    def __init__(self, period: int, k: int, d: int) -> None:
        self._place = RangePlace(period)
        self._k, self._d = k, d
        self._places: SlidingWindow[Number] = SlidingWindow(k, add)
        self._ks: SlidingWindow[Number] = SlidingWindow(d, add)
        self._reach = period + k + d - 2
        super().__init__(self._place, self._places, self._ks)

    @property
    def reach(self) -> int:
        return self._reach

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        place = self._place.next(bar, keep=keep)
        total = None if place is None else self._places.next(place, keep=keep)
        if total is None:
            return (None, None)
        k = total / self._k
        ks = self._ks.next(k, keep=keep)
        return (k, None if ks is None else ks / self._d)


class KdjLine(ComposedLine):
    """KDJ: K takes a ``k``-th part of the close's place in the range, D a ``d``-th part of K; J is 3 K - 2 D.

    K and D begin at 50 before the first value.
    """

    name = "kdj"
    title = "KDJ stochastic"
    parameters = (Parameter("period", 9), Parameter("k", 3), Parameter("d", 3))
    outputs = (Output("/k", "kdj"), Output("/d", "kdj"), Output("/j", "kdj"))

    def __init__(self, period: int, k: int, d: int) -> None:
        self._place = RangePlace(period)
        self._k, self._d = k, d
        self._values: Kept[tuple[float, float]] = Kept((_NEUTRAL, _NEUTRAL))
        self._reach = period + FADED * (k + d)
        super().__init__(self._place, self._values)

    @property
    def reach(self) -> int:
        return self._reach

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        place = self._place.next(bar, keep=keep)
        if place is None:
            return (None, None, None)
        k, d = self._values.value
        k += (place - k) / self._k
        d += (k - d) / self._d
        if keep:
            self._values.value = (k, d)
        return (k, d, 3 * k - 2 * d)
