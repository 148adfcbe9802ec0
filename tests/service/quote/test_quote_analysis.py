"""Rows from ticks: bars with the cells of indicators, step by step and from a history."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.limit.steps import finish
from rtserver.market.book.tick import Tick
from rtserver.market.indicator.indicator import parse_indicators
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.service.quote.quote_analysis import QuoteAnalysis

MINUTE = 60_000
REGISTRY = IndicatorRegistry()


def price(time: int | str, value: int, volume: int | None = None) -> Tick:
    return Tick(time, value, value, value, value, volume, False)


def analysis_of(period_ms: int, *indicators: str) -> QuoteAnalysis:
    return QuoteAnalysis(period_ms, parse_indicators(indicators, REGISTRY))


def test_the_columns_are_the_bar_and_what_was_asked_for_in_that_order() -> None:
    assert analysis_of(0).columns == ("label", "open", "close", "low", "high", "volume")
    assert analysis_of(0, "boll", "sma:5").columns[6:] == (
        "boll:20:2/upper",
        "boll:20:2/middle",
        "boll:20:2/lower",
        "sma:5",
    )


def test_every_tick_gives_a_row_and_a_growing_bar_comes_again() -> None:
    analysis = analysis_of(MINUTE, "sma:2", "vwap")

    assert analysis.step(price(0, 10, 1)) == (0, 10, 10, 10, 10, 1, None, 10)
    assert analysis.step(price(1, 14, 1)) == (0, 10, 14, 10, 14, 2, None, pytest.approx(38 / 3))
    assert analysis.step(price(MINUTE, 20)) == (MINUTE, 20, 20, 20, 20, None, 17, pytest.approx(38 / 3))
    assert analysis.step(price(MINUTE + 1, 6)) == (MINUTE, 20, 6, 6, 20, None, 10, pytest.approx(38 / 3))


def test_a_cell_that_does_not_exist_yet_is_none() -> None:
    assert analysis_of(0, "macd", "boll", "rsi", "ema", "sma", "vwap").step(price(0, 10))[6:] == (None,) * 10


def test_a_replaced_tick_replaces_its_cells_too() -> None:
    analysis = analysis_of(0, "sma:2")
    for tick in (price("a", 1), price("b", 100)):
        analysis.step(tick)

    assert analysis.step(price("b", 3))[6] == 2


def test_a_million_ticks_do_not_make_an_analysis_grow() -> None:
    analysis = analysis_of(0, "sma:20")
    ticks = [price(index, 100 + index % 9) for index in range(1_000)]
    sizes = []
    for _ in range(1_000):
        for tick in ticks:
            analysis.step(tick)
        sizes.append(len(pickle.dumps(analysis)))

    assert max(sizes) < 4_000


def test_a_history_is_cut_to_the_wanted_rows() -> None:
    history = [price(index * MINUTE, index) for index in range(10)]

    assert finish(analysis_of(MINUTE).fill(history, 3)) == [
        (index * MINUTE, *(index,) * 4, None) for index in (7, 8, 9)
    ]
    assert finish(analysis_of(MINUTE, "sma:2").fill(history, 1)) == [(9 * MINUTE, 9, 9, 9, 9, None, 8.5)]
    assert finish(analysis_of(MINUTE, "sma:2").fill([], 3)) == []


TICKS = st.lists(
    st.builds(price, st.integers(0, 20 * MINUTE), st.integers(1, 50), st.one_of(st.none(), st.integers(0, 9))),
    max_size=80,
)


@settings(max_examples=60)
@given(
    TICKS,
    st.integers(0, 80),
    st.integers(1, 30),
    st.sampled_from([0, MINUTE, 5 * MINUTE]),
)
def test_a_history_and_steps_give_the_same_rows(ticks: list[Tick], cut: int, wanted: int, period: int) -> None:
    asked = ("sma:3", "ema:2", "macd:2:3:2", "boll:3", "rsi:3", "vwap")
    stepped, filled = analysis_of(period, *asked), analysis_of(period, *asked)
    rows = []
    for tick in ticks[:cut]:
        row = stepped.step(tick)
        if rows and rows[-1][0] == row[0]:
            rows.pop()
        rows.append(row)

    for ours, theirs in zip(finish(filled.fill(ticks[:cut], wanted)), rows[-wanted:], strict=True):
        assert ours == pytest.approx(theirs)
    for tick in ticks[cut:]:
        assert filled.step(tick) == pytest.approx(stepped.step(tick))
