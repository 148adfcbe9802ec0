"""Finished bars in blocks: ranges, limits, taking back and dropping are those of a plain list."""

from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.book.bar_series import BLOCK_ROWS, BarSeries
from rtserver.market.market_bar import Bar
from tests.market.book.ticks import MINUTE, NOON


def minute(number: int) -> Bar:
    label = NOON + number * MINUTE
    return Bar(
        label, 100 + number / 4, 100.25, 99.5, 101 + number, number % 50, 10_025.0 * (number % 50), 20_458, label
    )


def series_of(count: int) -> BarSeries:
    series = BarSeries()
    for number in range(count):
        series.append(minute(number))
    return series


MOMENTS = st.one_of(st.none(), st.integers(-2, 205).map(lambda number: NOON + number * MINUTE // 2 * 2))


@given(st.integers(0, 200), MOMENTS, MOMENTS, st.one_of(st.none(), st.integers(0, 210)))
def test_a_range_is_that_of_a_list(count: int, start: int | None, end: int | None, limit: int | None) -> None:
    expected = [
        bar
        for bar in map(minute, range(count))
        if (start is None or bar.time >= start) and (end is None or bar.time < end)
    ]

    read = series_of(count).read(start, end, limit)

    assert read == (expected if limit is None else expected[max(0, len(expected) - limit) :])


@given(st.integers(0, 200), st.integers(-1, 201))
def test_bars_that_are_taken_are_gone_and_the_series_goes_on(count: int, number: int) -> None:
    series, label = series_of(count), NOON + number * MINUTE

    taken = series.take_from(label)

    assert taken == [bar for bar in map(minute, range(count)) if bar.time >= label]
    for bar in taken:
        series.append(bar)
    assert series.read() == list(map(minute, range(count)))
    assert len(series) == count


def test_whole_blocks_are_dropped_and_the_series_says_so() -> None:
    series = series_of(3 * BLOCK_ROWS + 5)

    series.drop_before(NOON + BLOCK_ROWS * MINUTE)
    assert (series.first_label, series.last_label) == (NOON + BLOCK_ROWS * MINUTE, minute(3 * BLOCK_ROWS + 4).label)
    assert series.is_cut
    assert len(series_of(0)) == 0
    assert series_of(0).first_label is None


def test_nothing_is_dropped_before_a_bar_that_is_wanted() -> None:
    series = series_of(2 * BLOCK_ROWS)

    series.drop_before(NOON + (BLOCK_ROWS - 1) * MINUTE)

    assert not series.is_cut
    assert len(series) == 2 * BLOCK_ROWS


def test_a_bar_takes_at_most_forty_bytes_at_rest() -> None:
    series = series_of(100 * BLOCK_ROWS)

    assert series.block_bytes <= 40 * len(series)
