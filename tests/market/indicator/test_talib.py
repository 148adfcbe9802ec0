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


def directions(period: int) -> Callable[[Columns], Sequence[Any]]:
    names = ("high", "low", "close")
    plus, minus = (line(function, *names, timeperiod=period) for function in (talib.PLUS_DI, talib.MINUS_DI))
    return lambda columns: (*plus(columns), *minus(columns))


def bias(columns: Columns) -> Sequence[Any]:
    return ((columns["close"] / talib.SMA(columns["close"], 6) - 1) * 100,)


def donchian(columns: Columns) -> Sequence[Any]:
    upper, lower = talib.MAX(columns["high"], 20), talib.MIN(columns["low"], 20)
    return (upper, (upper + lower) / 2, lower)


def keltner(columns: Columns) -> Sequence[Any]:
    middle = talib.EMA(columns["close"], 20)
    apart = 2 * talib.ATR(columns["high"], columns["low"], columns["close"], 10)
    return (middle + apart, middle, middle - apart)


def kdj(columns: Columns) -> Sequence[Any]:
    """TA-Lib has no such average: the place in the range is its own, the averages are written out."""
    places, _ = talib.STOCHF(columns["high"], columns["low"], columns["close"], fastk_period=9, fastd_period=1)
    k, d, rows = 50.0, 50.0, []
    for place in places:
        if not numpy.isnan(place):
            k = 2 / 3 * k + 1 / 3 * place
            d = 2 / 3 * d + 1 / 3 * k
        rows.append((numpy.nan,) * 3 if numpy.isnan(place) else (k, d, 3 * k - 2 * d))
    return list(zip(*rows, strict=True))


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
    "atr:14": line(talib.ATR, "high", "low", "close", timeperiod=14),
    "atr:1": line(talib.ATR, "high", "low", "close", timeperiod=1),
    "obv": line(talib.OBV, "close", "volume"),
    "cci:20": line(talib.CCI, "high", "low", "close", timeperiod=20),
    "cci:250": line(talib.CCI, "high", "low", "close", timeperiod=250),
    "adx:14": line(talib.ADX, "high", "low", "close", timeperiod=14),
    "adx:2": line(talib.ADX, "high", "low", "close", timeperiod=2),
    "dmi:14": directions(14),
    "dmi:2": directions(2),
    "psar": line(talib.SAR, "high", "low", acceleration=0.02, maximum=0.2),
    "psar:0.05:0.5": line(talib.SAR, "high", "low", acceleration=0.05, maximum=0.5),
    "roc:12": line(talib.ROC, "close", timeperiod=12),
    "bias:6": bias,
    "donchian:20": donchian,
    "keltner:20:10:2": keltner,
}
"""From the first value on."""

LATER: dict[str, tuple[int, Callable[[Columns], Sequence[Any]]]] = {
    "macd:12:26:9": (700, line(talib.MACD, "close", fastperiod=12, slowperiod=26, signalperiod=9)),
    "stoch:14:3:3": (
        17,
        line(talib.STOCH, "high", "low", "close", fastk_period=14, slowk_period=3, slowd_period=3),
    ),
    "stoch:5:1:4": (
        7,
        line(talib.STOCH, "high", "low", "close", fastk_period=5, slowk_period=1, slowd_period=4),
    ),
    "kdj:9:3:3": (0, kdj),
}
"""From that many bars on: TA-Lib begins to average, or to show %K, at another bar."""

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
