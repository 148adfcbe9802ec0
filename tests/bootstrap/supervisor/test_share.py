"""Shares of the next newcomers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.bootstrap.supervisor.share import expected_newcomers, weights_of


@pytest.mark.parametrize(
    ("counts", "newcomers", "weights"),
    [
        ([10, 10, 10], 30, [10, 10, 10]),
        ([0, 0], 0, [1, 1]),
        ([100, 100, 100, 0], 40, [0, 0, 0, 40]),
        ([100, 90, 0], 200, [30, 40, 130]),
        ([5, None, 5], 4, [2, 0, 2]),
        ([None, None], 9, [0, 0]),
        ([7], 0, [1]),
    ],
)
def test_newcomers_go_to_the_emptiest(counts: list[int | None], newcomers: int, weights: list[int]) -> None:
    assert weights_of(counts, newcomers) == weights


def test_a_storm_is_remembered_while_counts_are_old() -> None:
    expected = [expected_newcomers(0, 400, 400)]
    for _ in range(2):
        expected.append(expected_newcomers(expected[-1], 0, 400))
    assert expected == [400, 320, 256]
    assert expected_newcomers(0, -5, 1_000) == 250


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=64), st.integers(0, 10_000))
def test_all_are_given_out_and_nobody_gets_more_than_makes_all_even(counts: list[int], newcomers: int) -> None:
    weights = weights_of(counts, newcomers)
    poured = max(newcomers, len(counts))
    assert poured <= sum(weights) < poured + len(counts)  # a level is a whole number
    levels = {count + weight for count, weight in zip(counts, weights, strict=True) if weight}
    assert len(levels) == 1
    assert all(count >= max(levels) for count, weight in zip(counts, weights, strict=True) if not weight)
