"""The part of a turn of the event loop that pushed messages take."""

from math import inf

import pytest

from rtserver.base.bridge.message import Deliver
from rtserver.user.delivery import LARGE_BYTES, OWN_BYTES, SHORT_BYTES, can_join, cost_of


def own(user: int, size: int = OWN_BYTES) -> Deliver:
    return Deliver((user,), b"x" * size, None)


def test_messages_to_different_users_count_as_the_longest_of_them() -> None:
    assert cost_of([own(user) for user in range(64)]) == 1
    assert cost_of([own(1), own(2, 2 * OWN_BYTES)]) == 2


@pytest.mark.parametrize("users", [[1, 1, 1], [1, 2, 1, 3, 1]])
def test_messages_to_one_user_count_by_all_that_he_gets(users: list[int]) -> None:
    assert cost_of([own(user) for user in users]) == 3


def test_messages_to_many_count_one_by_one_and_much_of_them_ends_the_turn() -> None:
    assert cost_of([Deliver(None, b"x", None)] * 5) == 5
    assert cost_of([Deliver((1, 2), b"x", None)] * 5) == 5
    assert cost_of([Deliver(None, b"x" * (LARGE_BYTES // 5 + 1), None)] * 5) == inf


def test_a_message_by_itself_counts_as_one_and_a_large_one_ends_the_turn() -> None:
    assert cost_of([own(1, 10)]) == 1
    assert cost_of([own(1, LARGE_BYTES + 1)]) == inf


def test_short_messages_to_single_users_and_to_the_same_users_join() -> None:
    assert can_join(own(1), own(2))
    assert can_join(Deliver((1, 2), b"x", None), Deliver((1, 2), b"y", None))
    assert not can_join(own(1), Deliver((1, 2), b"x", None))
    assert not can_join(own(1), own(1, SHORT_BYTES + 1))
