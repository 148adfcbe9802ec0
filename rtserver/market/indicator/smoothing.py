"""Smoothing: the fading averages and sums that indicators are made of."""

from rtserver.market.indicator.indicator_line import FADED
from rtserver.market.indicator.line_part import LinePart
from rtserver.market.number import Number


class FadingAverage(LinePart):
    """Average that takes each new value at a fixed ``weight``, begun with the simple average of ``period`` values."""

    __slots__ = ("_count", "_old_weight", "_period", "_value", "_weight")

    def __init__(self, period: int, weight: float) -> None:
        self._period = period
        self._weight = weight
        self._old_weight = 1 - weight
        self._count = 0
        self._value: Number = 0  # a sum until the count is the period

    def next(self, value: Number, *, keep: bool) -> Number | None:
        """Return the average with ``value``, or None while there are too few values."""
        count, period = self._count, self._period
        if count == period:
            # Not as a difference from the old average: beside an absurd one, a small value would be rounded away.
            average = self._value * self._old_weight + value * self._weight
            if keep:
                self._value = average
            return average
        average = self._value + value
        count += 1
        if count == period:
            average /= period
        if keep:
            self._count, self._value = count, average
        return average if count == period else None

    def snapshot(self) -> tuple[int, Number]:
        return self._count, self._value

    def restore(self, state: tuple[int, Number]) -> None:
        self._count, self._value = state


class WilderSum(LinePart):
    """Wilder's sum: it loses its ``period``-th part before each new value. ``period`` - 1 values begin it whole."""

    __slots__ = ("_count", "_period", "_value")

    def __init__(self, period: int) -> None:
        self._period = period
        self._count = 0
        self._value: Number = 0

    def next(self, value: Number, *, keep: bool) -> Number | None:
        """Return the sum with ``value``, or None while there are too few values."""
        count, period = self._count, self._period
        is_begun = count >= period - 1
        total = self._value - self._value / period + value if is_begun else self._value + value
        if keep:
            self._value = total
            self._count = count if is_begun else count + 1
        return total if is_begun else None

    def snapshot(self) -> tuple[int, Number]:
        return self._count, self._value

    def restore(self, state: tuple[int, Number]) -> None:
        self._count, self._value = state


def exponential(period: int) -> FadingAverage:
    """Return an exponential moving average: the weight of a new value is 2 / (period + 1)."""
    return FadingAverage(period, 2 / (period + 1))


def wilder(period: int) -> FadingAverage:
    """Return Wilder's moving average: the weight of a new value is 1 / period."""
    return FadingAverage(period, 1 / period)


def exponential_reach(period: int) -> int:
    """Return the values that an exponential average depends on, those it begins with included."""
    return FADED // 2 * (period + 1) + period


def wilder_reach(period: int) -> int:
    """Return the values that Wilder's average depends on, those it begins with included."""
    return FADED * period + period
