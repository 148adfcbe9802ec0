"""Duties of every built-in indicator to its port: peek, snapshots, reach, bounds of memory and cost, finite cells."""

import math
import pickle
import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.market.indicator.built_in import BUILT_IN
from rtserver.market.indicator.indicator import parse_indicator
from rtserver.market.indicator.indicator_line import WHOLE_GROUP, IndicatorLine
from rtserver.market.market_bar import Bar
from tests.market.indicator.bars import REGISTRY, cells_of, line_of, walk

NAMES = [kind.name for kind in BUILT_IN]
SHORT = [
    *("sma:1", "sma:2", "ema:1", "ema:3", "macd:1:2:2", "boll:3:1000", "rsi:2", "wma:2", "atr:1", "atr:3"),
    *("kdj:2:1:2", "stoch:1:1:1", "stoch:3:2:2", "cci:2", "cci:3", "adx:2", "dmi:2", "dmi:3", "psar:0.5:1"),
    *("roc:1", "bias:1", "bias:3", "donchian:1", "donchian:2", "keltner:2:1:3"),
]
TEXTS = [*NAMES, *SHORT]


def spoiled(bar: Bar) -> Bar:
    """A bar of the same group that has nothing in common with ``bar``."""
    return Bar(bar.label, -7, 3 * bar.close, -9, 9 * bar.high, 99, 99 * bar.close, bar.group)


@pytest.mark.parametrize("text", TEXTS)
def test_a_peek_returns_what_the_step_will_and_changes_nothing(text: str) -> None:
    bars = walk(400)
    line = line_of(text)
    for bar, expected in zip(bars, cells_of(text, bars), strict=True):
        line.peek(spoiled(bar))
        assert line.peek(bar) == expected
        assert line.step(bar) == expected


@pytest.mark.parametrize("text", TEXTS)
def test_every_bar_has_a_cell_for_each_output(text: str) -> None:
    indicator = parse_indicator(text, REGISTRY)
    assert all(len(cells) == len(indicator.columns) for cells in cells_of(text, walk(100)))


@settings(max_examples=20)
@given(st.sampled_from(TEXTS), st.integers(0, 120))
def test_a_line_goes_on_from_a_snapshot_as_from_where_it_was_taken(text: str, count: int) -> None:
    bars = walk(200)
    line = line_of(text)
    for bar in bars[:count]:
        line.step(bar)
    state = pickle.loads(pickle.dumps(line.snapshot()))
    expected = [line.step(bar) for bar in bars[count:]]

    for _ in range(2):  # what was restored is not changed by going on
        line.restore(state)
        assert [line.step(bar) for bar in bars[count:]] == expected
    other = line_of(text)
    other.restore(state)
    assert [other.step(bar) for bar in bars[count:]] == expected


@pytest.mark.parametrize("text", TEXTS)
def test_a_series_that_begins_later_is_the_whole_one_after_its_reach(text: str) -> None:
    reach = line_of(text).reach
    if reach is None:
        pytest.skip("it never forgets")
    begin = 100 if reach == WHOLE_GROUP else 117
    settled = 0 if reach == WHOLE_GROUP else reach - 1
    bars = walk(begin + settled + 300)

    whole, later = cells_of(text, bars)[begin + settled :], cells_of(text, bars[begin:])[settled:]
    assert len(later) == 300
    for ours, theirs in zip(later, whole, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
        assert None not in ours


@pytest.mark.parametrize("text", NAMES)
def test_a_cell_shows_before_the_reach_is_over(text: str) -> None:
    """A line whose first cell came later would have bars that its reach does not name."""
    reach = line_of(text).reach
    if reach is not None and reach != WHOLE_GROUP:
        assert None not in cells_of(text, walk(reach))[-1]


def size_of(line: IndicatorLine) -> int:
    return len(pickle.dumps(line.snapshot()))


@pytest.mark.parametrize("text", NAMES)
def test_a_long_life_does_not_grow(text: str) -> None:
    line = line_of(text)
    high = [0, 0]
    for index, bar in enumerate(walk(4_000)):
        line.step(bar)
        line.peek(spoiled(bar))
        high[index >= 2_000] = max(high[index >= 2_000], size_of(line))
    assert high[1] <= high[0] * 1.1 < 5_000


def calls_of(act: Callable[[], object]) -> int:
    """Count the calls of Python functions and of C functions."""
    count = 0

    def on_event(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(on_event)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("text", [name for name in NAMES if line_of(name).parameters])
def test_a_bar_costs_the_same_for_every_period(text: str) -> None:
    def cost(indicator: str) -> tuple[int, int]:
        line = line_of(indicator)
        bars = walk(1_500)
        for bar in bars[:1_000]:
            line.step(bar)
        return (
            calls_of(lambda: [line.step(bar) for bar in bars[1_000:]]),
            calls_of(lambda: [line.peek(bar) for bar in bars[1_000:]]),
        )

    kind = REGISTRY.find(text)
    assert kind is not None
    whole = [parameter.is_integer for parameter in kind.parameters]
    short, long = (
        ":".join([text, *(str(length + at) for at, _ in enumerate(filter(None, whole)))]) for length in (5, 300)
    )
    for dear, cheap in zip(cost(long), cost(short), strict=True):
        assert dear <= 1.2 * cheap


@pytest.mark.parametrize(
    ("text", "closes", "cell"),
    [
        ("roc:1", [5e-324, 1e15], None),
        ("bias:2", [-1e15, 1e15, 5e-324, 5e-324], 0.0),
        ("bias:3", [5e-324, -1e15, 1e15], None),
        ("cci:3", [0.0, 5e-324, 0.0], 0.0),
    ],
)
def test_a_cell_that_would_be_too_large_for_a_number_is_empty(
    text: str, closes: list[float], cell: float | None
) -> None:
    line = line_of(text)
    cells = [line.step(Bar(0, close, close, close, close, None, None, 0)) for close in closes]
    assert cells[-1] == (cell,)


def test_an_average_price_of_almost_no_volume_is_empty() -> None:
    assert line_of("vwap").step(Bar(0, 1.0, 1.0, 1.0, 1.0, 5e-324, 1.0, 0)) == (None,)


EXTREMES = st.one_of(st.sampled_from([1e15, -1e15, 1e-300, 0, 0.0]), st.floats(-1e15, 1e15), st.integers(-5, 5))


@settings(max_examples=300)
@given(
    st.sampled_from([*SHORT, "vwap", "obv"]),
    st.lists(
        st.tuples(st.lists(EXTREMES, min_size=4, max_size=4), st.none() | st.floats(0, 1e15), st.integers(0, 1)),
        max_size=20,
    ),
)
def test_no_cell_is_ever_infinite_or_not_a_number(
    text: str, bars: list[tuple[list[float], float | None, int]]
) -> None:
    line = line_of(text)
    for prices, volume, group in bars:
        low, opened, close, high = sorted(prices)
        turnover = None if volume is None else volume * close
        for cell in line.step(Bar(0, opened, close, low, high, volume, turnover, group)):
            assert cell is None or math.isfinite(cell)


WINDOWS = ["sma:5", "wma:5", "boll:5:2", "cci:5", "stoch:3:2:2", "roc:3", "bias:5", "donchian:5"]


@pytest.mark.parametrize("text", WINDOWS)
@pytest.mark.parametrize("absurd", [1e6, 1e9, 1e12, 1e15, -1e15])
def test_nothing_of_an_absurd_price_is_left_once_it_has_left_the_window(text: str, absurd: float) -> None:
    def bar(price: float) -> Bar:
        return Bar(0, price, price, price, price, None, None, 0)

    reach = line_of(text).reach
    assert reach is not None
    for before in range(7):
        clean = [bar(0.1)] * (before + reach)
        cells = cells_of(text, [*clean[:before], bar(absurd), *clean[before:]])
        assert cells[-1] == pytest.approx(cells_of(text, clean)[-1], rel=1e-15)
