"""The rates, and the one that a wish becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.user.topic.rate import RATES, granted

rates = st.floats(0.01, 1000)


@pytest.mark.parametrize(
    ("wish", "given_rate"),
    [(50, 50), (1000, 50), (49.9, 20), (1, 1), (1.5, 1), (0.3, 0.2), (0.1, 0.1), (0.05, 0.1), (None, None)],
)
def test_a_wish_is_rounded_down_to_one_of_a_few_rates(wish: float | None, given_rate: float | None) -> None:
    assert granted(wish) == given_rate


@pytest.mark.parametrize(
    ("wish", "cap", "given_rate"), [(None, 5, 5), (10, 5, 5), (1, 5, 1), (None, 7, 5), (None, 0.01, 0.1)]
)
def test_nobody_gets_more_than_the_cap(wish: int | None, cap: float, given_rate: float) -> None:
    assert granted(wish, cap) == given_rate


@given(wish=st.none() | rates, cap=st.none() | rates)
def test_what_is_granted_is_on_the_ladder_and_no_more_than_either(wish: float | None, cap: float | None) -> None:
    rate = granted(wish, cap)
    bounds = [bound for bound in (wish, cap) if bound is not None]
    if not bounds:
        assert rate is None
    else:
        assert rate in RATES
        assert rate <= max(min(bounds), RATES[0])
        assert not any(rate < other <= min(bounds) for other in RATES)
