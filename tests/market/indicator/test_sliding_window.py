"""Aggregates of the newest values: against the plain formula, and at the same cost for every length."""

import math
import sys
from collections.abc import Callable
from operator import add
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.indicator.sliding_window import SlidingWindow, combine_moments, combine_weighted
from rtserver.market.indicator.sorted_window import SortedWindow

NUMBERS = st.one_of(st.sampled_from([0.1, 1e15, -1e15, 0]), st.integers(-99, 99), st.floats(-1e6, 1e6))


@given(st.integers(1, 9), st.lists(NUMBERS, max_size=40), st.sampled_from([min, max]))
def test_the_extreme_of_a_window_is_that_of_its_values(
    length: int, values: list[float], extreme: Callable[..., float]
) -> None:
    window = SlidingWindow(length, extreme)
    for count, value in enumerate(values, 1):
        expected = extreme(values[count - length : count]) if count >= length else None
        assert window.next(value, keep=False) == expected
        assert window.next(value, keep=True) == expected


@given(st.integers(1, 9), st.lists(st.integers(-99, 99), max_size=40))
def test_sums_of_integers_are_exact(length: int, values: list[int]) -> None:
    total, sums = SlidingWindow(length, add), SlidingWindow(length, combine_weighted)
    for count, value in enumerate(values, 1):
        newest = values[max(0, count - length) : count]
        is_full = len(newest) == length
        weighted = sum(weight * number for weight, number in enumerate(newest, 1))
        assert total.next(value, keep=True) == (sum(newest) if is_full else None)
        assert sums.next((1, value, value), keep=True) == ((length, sum(newest), weighted) if is_full else None)


@given(st.integers(1, 9), st.lists(st.floats(-1e6, 1e6), min_size=9, max_size=40))
def test_moments_are_those_of_the_values(length: int, values: list[float]) -> None:
    window = SlidingWindow(length, combine_moments)
    for value in values:
        whole = window.next((1, value, 0), keep=True)
    newest = values[-length:]
    mean = math.fsum(newest) / length
    assert whole is not None
    assert whole[0] == length
    assert whole[1] == pytest.approx(mean, rel=1e-9, abs=1e-9)
    assert whole[2] == pytest.approx(math.fsum((value - mean) ** 2 for value in newest), rel=1e-9, abs=1e-6)
    assert whole[2] >= 0


@given(st.integers(1, 9), st.integers(0, 20), st.sampled_from([1e6, 1e9, 1e12, 1e15, -1e15]))
def test_nothing_of_an_absurd_value_is_left_once_it_has_left(length: int, before: int, absurd: float) -> None:
    total, moments = SlidingWindow(length, add), SlidingWindow(length, combine_moments)
    values = [0.1] * before + [absurd] + [0.1] * length
    for value in values:
        whole = total.next(value, keep=True)
        spread = moments.next((1, value, 0), keep=True)
    assert whole == pytest.approx(0.1 * length, rel=1e-15)
    assert spread == (length, 0.1, 0)


@given(st.integers(1, 9), st.lists(NUMBERS, max_size=30), st.lists(NUMBERS, max_size=30))
def test_a_window_goes_back_to_a_snapshot_as_often_as_it_is_asked(
    length: int, before: list[float], after: list[float]
) -> None:
    window = SlidingWindow(length, add)
    for value in before:
        window.next(value, keep=True)
    state = window.snapshot()
    runs = []
    for _ in range(3):
        runs.append([window.next(value, keep=True) for value in after])
        window.restore(state)
    assert runs[0] == runs[1] == runs[2]


@given(st.integers(1, 150), st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.1, 7]), max_size=300))
def test_the_mean_deviation_is_that_of_the_values(length: int, values: list[float]) -> None:
    window, restored = SortedWindow(length), SortedWindow(length)
    for count, value in enumerate(values, 1):
        newest = values[max(0, count - length) : count]
        found = window.next(value, keep=False)
        restored.restore(window.snapshot())
        assert window.next(value, keep=True) == found
        again = restored.next(value, keep=True)
        assert (found is None) == (again is None) == (len(newest) < length)
        if found is not None:
            assert again == pytest.approx(found, rel=1e-9, abs=1e-9)
            mean = math.fsum(newest) / length
            deviation = math.fsum(abs(each - mean) for each in newest) / length
            assert found == pytest.approx((mean, deviation), rel=1e-9, abs=1e-7)
            assert found[1] >= 0 or found[1] == pytest.approx(0, abs=1e-7)


def calls_of(act: Callable[[], Any]) -> int:
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


@pytest.mark.parametrize("keep", [False, True])
def test_a_value_costs_the_same_for_every_length(keep: bool) -> None:
    def cost(length: int) -> float:
        window = SlidingWindow(length, combine_moments)
        values = [(1, number, 0) for number in range(2_000)]
        for value in values:
            window.next(value, keep=True)
        return calls_of(lambda: [window.next(value, keep=keep) for value in values]) / len(values)

    assert cost(1_000) <= cost(10) * 1.1
