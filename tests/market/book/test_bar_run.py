"""Runs of bars: the bars of a series as they are now, decoded when somebody looks at them."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.bar_block import decode_bars
from rtserver.market.book import bar_run
from rtserver.market.book.bar_run import run_of
from rtserver.market.book.bar_series import BLOCK_ROWS, BarSeries
from rtserver.market.market_bar import Bar

MINUTE_MS = 60_000


def bar(number: int) -> Bar:
    return Bar(number * MINUTE_MS, 1, 2, 1, 2, number, None, 0, number * MINUTE_MS)


def series_of(count: int) -> BarSeries:
    series = BarSeries()
    for number in range(count):
        series.append(bar(number))
    return series


BOUND = st.none() | st.integers(-2, 5 * BLOCK_ROWS)


@given(st.integers(0, 5 * BLOCK_ROWS), BOUND, BOUND, st.none() | st.integers(0, 300))
def test_a_run_has_what_a_list_of_the_range_has(
    count: int, start: int | None, end: int | None, limit: int | None
) -> None:
    run = series_of(count).run(
        None if start is None else start * MINUTE_MS, None if end is None else end * MINUTE_MS, limit
    )
    bars = [bar(number) for number in range(max(0, start or 0), count if end is None else min(count, max(0, end)))]
    right = bars if limit is None else bars[max(0, len(bars) - limit) :]
    assert list(run) == right
    assert len(run) == len(right)
    assert [run[place] for place in range(len(run))] == right
    assert list(run[3:100]) == right[3:100]
    assert list(run[-70:]) == right[-70:]


def test_a_run_stays_as_it_is() -> None:
    series = series_of(100)
    run = series.run()
    for number in range(100, 300):
        series.append(bar(number))
    series.take_from(50 * MINUTE_MS)
    assert list(run) == [bar(number) for number in range(100)]


def test_runs_and_lists_make_one_run() -> None:
    series = series_of(200)
    run = run_of([], [bar(-1)], series.run()[:150], series.run()[150:], [bar(200)])
    assert list(run) == [bar(number) for number in range(-1, 201)]


def test_no_bar_is_decoded_before_somebody_looks_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    series = series_of(50 * BLOCK_ROWS)
    decoded: list[bytes] = []

    def counted(data: bytes) -> Sequence[Bar]:
        decoded.append(data)
        return decode_bars(data)

    monkeypatch.setattr(bar_run, "opened", counted)
    run = series.run(0, None, 40 * BLOCK_ROWS)
    assert len(run) == 40 * BLOCK_ROWS
    assert decoded == []
    bars = iter(run)
    first = [next(bars) for _ in range(BLOCK_ROWS)]
    assert all(one.time < other.time for one, other in pairwise(first))
    assert len(decoded) == 1
