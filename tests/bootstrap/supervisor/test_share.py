"""Shares of the next newcomers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.bootstrap.supervisor.share import Count, expected_newcomers, present_counts, weights_of


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


def test_a_count_that_is_older_than_others_in_a_storm_is_no_emptier_worker() -> None:
    third = 1 / 3
    told = [Count(2_500, 0.5, 0.0, third), Count(3_000, 0.0, 1_000.0, third), Count(2_750, 0.25, 500.0, third)]
    assert present_counts(told) == [3_000, 3_000, 3_000]


def test_a_worker_that_was_given_none_has_got_none() -> None:
    told = [Count(10, 0.5, 0.0, 0.0), Count(60, 0.0, 100.0, 1.0), Count(7, 30.0, 5.0, 0.0)]
    assert present_counts(told) == [10, 60, 7]


def test_a_storm_is_over_when_the_youngest_count_says_so() -> None:
    told = [Count(2_500, 0.5, 1_000.0, 0.5), Count(3_000, 0.1, 0.0, 0.5)]
    assert present_counts(told) == [2_500, 3_000]


def test_without_any_share_counts_are_taken_as_they_were_told() -> None:
    assert present_counts([Count(5, 1.0, 9.0, 0.0)]) == [5]
    assert present_counts([]) == []


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=64), st.integers(0, 10_000))
def test_all_are_given_out_and_nobody_gets_more_than_makes_all_even(counts: list[int], newcomers: int) -> None:
    weights = weights_of(counts, newcomers)
    poured = max(newcomers, len(counts))
    assert poured <= sum(weights) < poured + len(counts)  # a level is a whole number
    levels = {count + weight for count, weight in zip(counts, weights, strict=True) if weight}
    assert len(levels) == 1
    assert all(count >= max(levels) for count, weight in zip(counts, weights, strict=True) if not weight)
