"""IndicatorLine: the numbers of one indicator over the bars of one feed, a thin layer over talipp, one step per tick.

It decides how much talipp remembers. talipp keeps everything it ever saw; a line keeps what the next value needs and
purges the rest, so that a feed that runs for months stays small. It relies on three inner parts of talipp
(``_calculate_new_value``, ``_remove_custom``, ``std_dev``); the tests compare every line with a formula of their own
and fail if those change.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

from talipp.indicators import BB, EMA, MACD, RSI, SMA, VWAP
from talipp.indicators.BB import BBVal
from talipp.indicators.Indicator import Indicator as TalippIndicator
from talipp.indicators.MACD import MACDVal
from talipp.indicators.StdDev import StdDev
from talipp.ohlcv import OHLCV

from rtserver.base.bridge.message import Cell, Row
from rtserver.base.limit.steps import Steps
from rtserver.market.number import Number
from rtserver.service.quote.indicator import Indicator

_SLACK = 4
"""Values kept beyond the parameters' sum: talipp looks one value further to tell its first value from the next."""

FADED = 40
"""Periods after which a value weighs nothing in a fading average, for a float: at most e to the -40."""

ROWS_OF_A_STEP = 32
"""At 16 µs each, or 50 for the longest windows."""

_BATCH = 64
"""Values over the mark before a purge, so that it costs little per tick."""


class IndicatorLine(ABC):
    """One indicator in progress. Rows come in the order of ``bar.COLUMNS``, cells go out as ``Indicator.columns``.

    A cell is None until enough bars are there.
    """

    width = 1
    reach: int | None = None
    """Multiple of the parameters' sum that the indicator looks back: 1 for a window, ``FADED`` for a fading average
    (half of it for weights of 2 / (period + 1), which fade twice as fast), None if it never forgets."""

    def __init__(self, indicator: Indicator) -> None:
        self._kept = sum(map(int, indicator.params)) + _SLACK
        self._no_cells: tuple[Cell, ...] = (None,) * self.width
        self._talipp = self._build(*indicator.params)

    @abstractmethod
    def _build(self, *params: Number) -> TalippIndicator:
        """Return the talipp object that computes."""

    def _input(self, row: Row) -> object:
        return row[2]

    def _cells(self, value: object) -> tuple[Cell, ...]:
        return (cast(Cell, value),)

    def step(self, row: Row, *, is_new: bool) -> tuple[Cell, ...]:
        """Take the newest row, which is new or replaces the last one, and return its cells."""
        if is_new:
            self._talipp.add(self._input(row))
            if len(self._talipp.input_values) >= 2 * self._kept + _BATCH:
                self._forget()
        else:
            self._talipp.update(self._input(row))
        value = self._talipp.output_values[-1]
        return self._no_cells if value is None else self._cells(value)

    def fill(self, rows: Sequence[Row], wanted: int) -> Steps[list[tuple[Cell, ...]]]:
        """Take finished rows and return the cells of the last ``wanted``. Rows that none of them depends on are
        skipped.
        """
        unneeded = 0 if self.reach is None else max(0, len(rows) - wanted - self.reach * self._kept)
        cells: list[tuple[Cell, ...]] = []
        for first in range(unneeded, len(rows), ROWS_OF_A_STEP):
            cells += [self.step(row, is_new=True) for row in rows[first : first + ROWS_OF_A_STEP]]
            yield
        return cells[-wanted:]

    def _forget(self) -> None:
        inner = self._talipp
        if self.reach == 1:
            # Computed afresh, so that rounding errors of a running sum, or of one absurd price, do not stay for ever.
            inner.initialize(inner.input_values[-self._kept :])
        else:
            inner.purge_oldest(len(inner.input_values) - self._kept)


class SmaLine(IndicatorLine):
    """Simple moving average of the close."""

    reach = 1

    def _build(self, *params: Number) -> TalippIndicator:
        return SMA(*params)


class EmaLine(IndicatorLine):
    """Exponential moving average of the close, weight 2 / (period + 1), begun with the simple average."""

    reach = FADED // 2

    def _build(self, *params: Number) -> TalippIndicator:
        return EMA(*params)


class MacdLine(IndicatorLine):
    """Fast average minus slow average. The signal is its exponential average, the histogram their difference."""

    width = 3
    reach = FADED // 2

    def _build(self, *params: Number) -> TalippIndicator:
        return MACD(*params)

    def _cells(self, value: MACDVal) -> tuple[Cell, ...]:
        return (value.macd, value.signal, value.histogram)


class BollLine(IndicatorLine):
    """Bollinger bands: the simple average, and the given number of population standard deviations above and below."""

    width = 3
    reach = 1

    def _build(self, *params: Number) -> TalippIndicator:
        period, width = params
        return _Bands(int(period), width)

    def _cells(self, value: BBVal) -> tuple[Cell, ...]:
        return (value.ub, value.cb, value.lb)


class RsiLine(IndicatorLine):
    """Relative strength index with Wilder's smoothing; 100 if nothing fell."""

    reach = FADED

    def _build(self, *params: Number) -> TalippIndicator:
        return _SeededRsi(*params)


class VwapLine(IndicatorLine):
    """Average of (high + low + close) / 3 weighted by volume, from the first bar that the feed saw.

    Rows without volume weigh nothing.
    """

    def _build(self, *params: Number) -> TalippIndicator:
        return VWAP(*params)

    def _input(self, row: Row) -> object:
        return OHLCV(row[1], row[4], row[3], row[2], row[5] or 0)


LINES: Mapping[str, type[IndicatorLine]] = MappingProxyType(
    {"sma": SmaLine, "ema": EmaLine, "macd": MacdLine, "boll": BollLine, "rsi": RsiLine, "vwap": VwapLine}
)


class _FastDeviation(StdDev):  # type: ignore[misc]  # talipp has no types
    """Standard deviation, four times as fast as talipp's: one tick costs a pass over the period."""

    def _calculate_new_value(self) -> float | None:
        if len(self.input_values) < self.period:
            return None
        window = self.input_values[-self.period :]
        mean = sum(window) / self.period
        return math.dist(window, (mean,) * self.period) / math.sqrt(self.period)


class _Bands(BB):  # type: ignore[misc]
    def __init__(self, period: int, width: float) -> None:
        super().__init__(period, width)
        self.std_dev: StdDev = _FastDeviation(period)
        self.sub_indicators[:] = [self.central_band, self.std_dev]


class _SeededRsi(RSI):  # type: ignore[misc]
    """RSI that takes back its seed.

    talipp stores a seed together with its first value but takes only one of them back, so that its lists would grow
    with every update of that one bar.
    """

    def _remove_custom(self) -> None:
        if len(self.input_values) <= self.period:
            self.avg_gain.clear()
            self.avg_loss.clear()
