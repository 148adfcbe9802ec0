"""Every indicator against a formula of its own, on growing bars, over long times, and in how much it remembers."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.bridge.message import Row
from rtserver.base.limit.steps import finish
from rtserver.service.quote.indicator import parse_indicator
from rtserver.service.quote.indicator_line import LINES, IndicatorLine

WAVE = [100 + 10 * math.sin(index / 3) + index % 5 for index in range(120)]


def line_of(text: str) -> IndicatorLine:
    indicator = parse_indicator(text)
    return LINES[indicator.name](indicator)


def row(close: float, volume: float | None = None) -> Row:
    return (0, close - 1, close, close - 2, close + 3, volume)


def cells_of(text: str, closes: Sequence[float], volumes: Sequence[float | None] | None = None) -> list[Row]:
    """The cells after each close, one step per bar."""
    line = line_of(text)
    return [line.step(row(c, v), is_new=True) for c, v in zip(closes, volumes or [None] * len(closes), strict=True)]


# The formulas, slow and plain: each computes one value from all closes up to there.


def sma(closes: list[float], period: int) -> float | None:
    return sum(closes[-period:]) / period if len(closes) >= period else None


def ema(closes: list[float], period: int) -> float | None:
    if len(closes) < period:
        return None
    value = sum(closes[:period]) / period
    for close in closes[period:]:
        value += (close - value) * 2 / (period + 1)
    return value


def macd(closes: list[float], fast: int, slow: int, signal: int) -> tuple[float | None, float | None, float | None]:
    if len(closes) < slow:
        return (None, None, None)
    lengths = range(slow, len(closes) + 1)
    differences = [ema(closes[:length], fast) - ema(closes[:length], slow) for length in lengths]
    smoothed = ema(differences, signal)
    return (differences[-1], smoothed, None if smoothed is None else differences[-1] - smoothed)


def boll(closes: list[float], period: int, width: float) -> tuple[float | None, float | None, float | None]:
    if len(closes) < period:
        return (None, None, None)
    middle = sma(closes, period)
    deviation = math.sqrt(sum((close - middle) ** 2 for close in closes[-period:]) / period)
    return (middle + width * deviation, middle, middle - width * deviation)


def rsi(closes: list[float], period: int) -> float | None:
    if len(closes) <= period:
        return None
    changes = [after - before for before, after in itertools.pairwise(closes)]
    gain = sum(max(change, 0) for change in changes[:period]) / period
    loss = sum(max(-change, 0) for change in changes[:period]) / period
    for change in changes[period:]:
        gain = (gain * (period - 1) + max(change, 0)) / period
        loss = (loss * (period - 1) + max(-change, 0)) / period
    return 100.0 if loss == 0 else 100 - 100 / (1 + gain / loss)


def one(
    formula: Callable[[list[float], int], float | None],
) -> Callable[[list[float], int], tuple[float | None]]:
    return lambda closes, *params: (formula(closes, *params),)


FORMULAS: dict[str, tuple[Any, ...]] = {
    "sma:1": (one(sma), 1),
    "sma:20": (one(sma), 20),
    "ema:1": (one(ema), 1),
    "ema:12": (one(ema), 12),
    "macd:12:26:9": (macd, 12, 26, 9),
    "macd:3:10:16": (macd, 3, 10, 16),
    "boll:20:2": (boll, 20, 2),
    "boll:5:0.5": (boll, 5, 0.5),
    "rsi:2": (one(rsi), 2),
    "rsi:14": (one(rsi), 14),
}


@pytest.mark.parametrize("text", FORMULAS)
def test_a_line_is_its_formula_at_every_bar(text: str) -> None:
    formula, *params = FORMULAS[text]
    expected = [formula(WAVE[:length], *params) for length in range(1, len(WAVE) + 1)]

    for cells, numbers in zip(cells_of(text, WAVE), expected, strict=True):
        assert cells == pytest.approx(numbers, nan_ok=False)


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
    ],
)
def test_small_numbers_by_hand(text: str, closes: list[float], cells: tuple[float, ...]) -> None:
    assert cells_of(text, closes)[-1] == pytest.approx(cells)


def test_vwap_weighs_typical_prices_by_volume() -> None:
    cells = cells_of("vwap", [10, 20, 30], [None, 2, 6])

    # A row's typical price is its close plus a third, as low and high are two below and three above it.
    assert cells[0] == (None,)
    assert cells[1] == pytest.approx((20 + 1 / 3,))
    assert cells[2] == pytest.approx(((2 * 20 + 6 * 30) / 8 + 1 / 3,))


ALL = [*FORMULAS, "vwap"]


@pytest.mark.parametrize("text", ALL)
def test_a_bar_that_grows_gives_what_it_would_have_given_at_once(text: str) -> None:
    line = line_of(text)
    volumes = [index % 7 + 1 for index in range(len(WAVE))]
    finished = cells_of(text, WAVE, volumes)
    for close, volume, expected in zip(WAVE, volumes, finished, strict=True):
        line.step(row(close * 3, 99), is_new=True)
        line.step(row(-close, 1), is_new=False)
        assert line.step(row(close, volume), is_new=False) == pytest.approx(expected)


def held(thing: Any, seen: set[int]) -> int:
    """Count the elements of all lists that hang on a talipp object, however deep."""
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    if isinstance(thing, list):
        return len(thing) + sum(held(element, seen) for element in thing)
    return sum(held(value, seen) for value in vars(thing).values()) if hasattr(thing, "__dict__") else 0


@pytest.mark.parametrize("text", ALL)
def test_a_long_life_does_not_grow(text: str) -> None:
    line = line_of(text)
    high = [0, 0]
    for index in range(6_000):
        line.step(row(WAVE[index % 120], 1), is_new=True)
        line.step(row(WAVE[index % 120] + 1, 1), is_new=False)
        if index % 10 == 0:
            high[index >= 3_000] = max(high[index >= 3_000], held(line, set()))
    assert high[1] <= high[0] < 5_000


@pytest.mark.parametrize("text", ALL)
def test_a_bar_that_grows_for_ever_does_not_grow_the_line(text: str) -> None:
    """At any bar, the first with a value included."""
    for bars in (*range(1, 40), 300):
        line = line_of(text)
        for index in range(bars):
            line.step(row(WAVE[index % 120], 1), is_new=True)
        before = held(line, set())
        for index in range(20):
            line.step(row(WAVE[index], 1), is_new=False)
        assert held(line, set()) <= before


@pytest.mark.parametrize("text", FORMULAS)
def test_what_was_forgotten_is_not_missed(text: str) -> None:
    formula, *params = FORMULAS[text]
    closes = (WAVE * 4)[:400]
    line = line_of(text)
    for length in range(1, 401):
        cells = line.step(row(closes[length - 1]), is_new=True)
        if length % 37 == 0:
            assert cells == pytest.approx(formula(closes[:length], *params))


@pytest.mark.parametrize("text", ["sma:20", "boll:20:2"])
def test_one_absurd_price_leaves_no_lasting_error(text: str) -> None:
    closes = [1e15, *WAVE, *WAVE]

    assert cells_of(text, closes)[-1] == pytest.approx(cells_of(text, WAVE)[-1], rel=1e-12)


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize(("length", "wanted"), [(0, 5), (3, 5), (120, 1), (120, 120), (3_000, 50)])
def test_a_filled_line_goes_on_like_one_that_took_every_step(text: str, length: int, wanted: int) -> None:
    closes = (WAVE * 26)[: length + 30]
    stepped, filled = line_of(text), line_of(text)
    rows = [row(close, index % 7) for index, close in enumerate(closes)]
    cells = [stepped.step(each, is_new=True) for each in rows[:length]]

    got = finish(filled.fill(rows[:length], wanted))
    assert len(got) == min(length, wanted)
    for ours, theirs in zip(got, cells[-wanted:], strict=True):
        assert ours == pytest.approx(theirs)
    for each in rows[length:]:
        assert filled.step(each, is_new=True) == pytest.approx(stepped.step(each, is_new=True))


EXTREMES = st.one_of(st.sampled_from([1e15, -1e15, 1e-300, 0, 0.0]), st.floats(-1e15, 1e15), st.integers(-5, 5))
SHORT = ["sma:2", "ema:3", "macd:1:2:2", "boll:3:1000", "rsi:2", "vwap"]


@given(
    st.sampled_from(SHORT),
    st.lists(st.tuples(EXTREMES, st.one_of(st.none(), st.floats(0, 1e15)), st.booleans()), max_size=20),
)
def test_no_cell_is_ever_infinite_or_not_a_number(text: str, bars: list[tuple[float, float | None, bool]]) -> None:
    line = line_of(text)
    for index, (close, volume, is_new) in enumerate(bars):
        for cell in line.step(row(close, volume), is_new=is_new or index == 0):
            assert cell is None or math.isfinite(cell)
