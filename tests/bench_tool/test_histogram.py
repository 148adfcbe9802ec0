"""Percentiles and bars, against the sorted list of all values."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.bench.client.histogram import Histogram

VALUES = st.lists(st.integers(0, 10**13), min_size=1, max_size=200)
SHARES = st.floats(0, 1)


def histogram_of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@given(VALUES, SHARES)
@settings(max_examples=200)
def test_a_percentile_is_the_exact_one_or_at_most_a_128th_above_it(values: list[int], share: float) -> None:
    exact = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    found = histogram_of(values).percentile(share)
    assert exact <= found <= exact * (1 + 1 / 128)


@given(VALUES)
def test_the_bars_hold_every_value_once_and_follow_one_another(values: list[int]) -> None:
    bars = histogram_of(values).bars()
    assert sum(values for _, _, values in bars) == len(values)
    assert all(left[1] == right[0] for left, right in pairwise(bars))
    assert bars[0][2] > 0
    assert bars[-1][2] > 0


def test_small_values_are_kept_exactly() -> None:
    histogram = histogram_of([1, 2, 3, 200])
    assert [histogram.percentile(share) for share in (0.25, 0.5, 0.75, 1.0)] == [1, 2, 3, 200]


def test_the_greatest_value_is_the_last_percentile() -> None:
    assert histogram_of([5, 123_456_789]).percentile(1.0) == 123_456_789


def test_an_empty_histogram_has_no_percentile_and_no_bars() -> None:
    assert Histogram().percentile(0.5) is None
    assert Histogram().bars() == []


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Histogram().add(-1)
