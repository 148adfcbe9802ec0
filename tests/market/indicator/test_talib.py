"""Indicators against TA-Lib on years of real daily bars, to 1e-9."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import pytest
import talib

from tests.market.indicator.bars import cells_of, days

SYMBOLS = ("AAPL", "IBM", "MSFT")
Columns = dict[str, Any]


def columns_of(symbol: str) -> Columns:
    bars = days(symbol)
    return {
        name: numpy.array([getattr(bar, name) for bar in bars], dtype=float)
        for name in ("open", "close", "low", "high", "volume")
    }


def line(function: Callable[..., Any], *names: str, **options: Any) -> Callable[[Columns], Sequence[Any]]:
    """A function of TA-Lib with one or more results."""

    def compute(columns: Columns) -> Sequence[Any]:
        result = function(*(columns[name] for name in names), **options)
        return result if isinstance(result, tuple) else (result,)

    return compute


EQUAL: dict[str, Callable[[Columns], Sequence[Any]]] = {
    "sma:1": line(talib.MA, "close", timeperiod=1),
    "sma:20": line(talib.SMA, "close", timeperiod=20),
    "sma:250": line(talib.SMA, "close", timeperiod=250),
    "ema:12": line(talib.EMA, "close", timeperiod=12),
    "ema:200": line(talib.EMA, "close", timeperiod=200),
    "wma:20": line(talib.WMA, "close", timeperiod=20),
    "boll:20:2": line(talib.BBANDS, "close", timeperiod=20, nbdevup=2, nbdevdn=2),
    "boll:50:2.5": line(talib.BBANDS, "close", timeperiod=50, nbdevup=2.5, nbdevdn=2.5),
    "rsi:14": line(talib.RSI, "close", timeperiod=14),
    "rsi:2": line(talib.RSI, "close", timeperiod=2),
}
"""From the first value on."""

LATER: dict[str, tuple[int, Callable[[Columns], Sequence[Any]]]] = {
    "macd:12:26:9": (700, line(talib.MACD, "close", fastperiod=12, slowperiod=26, signalperiod=9)),
}
"""From that many bars on: TA-Lib begins at another bar."""

CASES = {**{text: (0, compute) for text, compute in EQUAL.items()}, **LATER}


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("text", CASES)
def test_a_line_is_that_of_talib(text: str, symbol: str) -> None:
    begin, compute = CASES[text]
    columns = columns_of(symbol)
    cells = cells_of(text, days(symbol))[begin:]
    expected = list(zip(*compute(columns), strict=True))[begin:]

    assert len(cells) > 2_000
    for ours, theirs in zip(cells, expected, strict=True):
        assert [cell is None for cell in ours] == list(numpy.isnan(theirs))
        if None not in ours:
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
