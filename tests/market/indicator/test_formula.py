"""Indicators against textbook formulas, each value computed from all bars up to there, and small numbers by hand."""

import itertools
import math
from collections.abc import Callable, Sequence

import pytest

from rtserver.market.market_bar import Bar
from rtserver.market.number import Number
from tests.market.indicator.bars import WAVE, bar, cells_of, of_closes

Closes = Sequence[float]
Values = tuple[float | None, ...]


def sma(closes: Closes, period: int) -> float | None:
    return sum(closes[-period:]) / period if len(closes) >= period else None


def ema(closes: Closes, period: int) -> float | None:
    if len(closes) < period:
        return None
    value = sum(closes[:period]) / period
    for close in closes[period:]:
        value += (close - value) * 2 / (period + 1)
    return value


def macd(closes: Closes, fast: int, slow: int, signal: int) -> Values:
    if len(closes) < slow:
        return (None, None, None)
    parts = [closes[:length] for length in range(slow, len(closes) + 1)]
    differences = [(ema(part, fast) or 0) - (ema(part, slow) or 0) for part in parts]
    smoothed = ema(differences, signal)
    return (differences[-1], smoothed, None if smoothed is None else differences[-1] - smoothed)


def boll(closes: Closes, period: int, width: float) -> Values:
    middle = sma(closes, period)
    if middle is None:
        return (None, None, None)
    deviation = math.sqrt(sum((close - middle) ** 2 for close in closes[-period:]) / period)
    return (middle + width * deviation, middle, middle - width * deviation)


def rsi(closes: Closes, period: int) -> Values:
    if len(closes) <= period:
        return (None,)
    changes = [after - before for before, after in itertools.pairwise(closes)]
    gain = sum(max(change, 0) for change in changes[:period]) / period
    loss = sum(max(-change, 0) for change in changes[:period]) / period
    for change in changes[period:]:
        gain = (gain * (period - 1) + max(change, 0)) / period
        loss = (loss * (period - 1) + max(-change, 0)) / period
    return (100.0 if loss == 0 else 100 - 100 / (1 + gain / loss),)


FORMULAS: dict[str, Callable[[Closes], Values]] = {
    "sma:1": lambda closes: (sma(closes, 1),),
    "sma:20": lambda closes: (sma(closes, 20),),
    "ema:1": lambda closes: (ema(closes, 1),),
    "ema:12": lambda closes: (ema(closes, 12),),
    "macd:12:26:9": lambda closes: macd(closes, 12, 26, 9),
    "macd:3:10:16": lambda closes: macd(closes, 3, 10, 16),
    "boll:20:2": lambda closes: boll(closes, 20, 2),
    "boll:5:0.5": lambda closes: boll(closes, 5, 0.5),
    "rsi:2": lambda closes: rsi(closes, 2),
    "rsi:14": lambda closes: rsi(closes, 14),
}


@pytest.mark.parametrize("text", FORMULAS)
def test_a_line_is_its_formula_at_every_bar(text: str) -> None:
    for length, cells in enumerate(of_closes(text, WAVE), 1):
        assert cells == pytest.approx(FORMULAS[text](WAVE[:length]))


@pytest.mark.parametrize(
    ("text", "closes", "cells"),
    [
        ("sma:3", [1, 2, 6], (3,)),
        ("ema:3", [1, 2, 6, 7], (5,)),  # 3, then halfway to 7
        ("macd:1:2:1", [1, 3, 3], (1 / 3, 1 / 3, 0)),  # 3 - (2 + 2/3)
        ("boll:4:2", [2, 4, 4, 6], (4 + 2 * math.sqrt(2), 4, 4 - 2 * math.sqrt(2))),
        ("rsi:2", [10, 13, 12], (75,)),  # gained 3, lost 1
        ("rsi:2", [1, 2, 3], (100,)),
        ("rsi:2", [3, 2, 1], (0,)),
        ("wma:3", [1, 2, 6], (23 / 6,)),  # (1 * 1 + 2 * 2 + 3 * 6) / 6
    ],
)
def test_small_numbers_by_hand(text: str, closes: list[Number], cells: tuple[float, ...]) -> None:
    assert of_closes(text, closes)[-1] == pytest.approx(cells)


def test_vwap_is_turnover_by_volume() -> None:
    cells = cells_of("vwap", [bar(10), bar(20, 2), bar(30, 6), bar(99)])

    # A bar's typical price is its close plus a third, as low and high are two below and three above it.
    assert cells[0] == (None,)
    assert cells[1] == pytest.approx((20 + 1 / 3,))
    assert cells[2] == pytest.approx(((2 * 20 + 6 * 30) / 8 + 1 / 3,))
    assert cells[3] == cells[2]  # no volume, no weight


def test_vwap_is_the_same_for_longer_bars_when_a_turnover_came_without_a_volume() -> None:
    short = [Bar(0, 5, 5, 5, 5, 10, 50, 1), Bar(1, 5, 5, 5, 5, None, 7, 1), Bar(2, 5, 5, 5, 5, 0, 3, 1)]
    assert cells_of("vwap", short)[-1] == cells_of("vwap", [Bar(0, 5, 5, 5, 5, 10, 60, 1)])[-1] == (6,)


def test_vwap_begins_anew_with_each_group() -> None:
    cells = cells_of("vwap", [bar(10, 1, group=1), bar(20, 1, group=1), bar(50, 1, group=2), bar(70, group=3)])

    assert cells == [pytest.approx((value,)) for value in (10 + 1 / 3, 15 + 1 / 3, 50 + 1 / 3)] + [(None,)]
