"""The entry before a message for its user, as the worker that keeps tells it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.queue.port import START, order_of
from rtserver.service.push import push_order
from rtserver.service.push.push_order import PushOrder


def told(order: PushOrder, *messages: tuple[int, Sequence[int | str] | None]) -> list[str]:
    return [order.note(f"10-{number}", user_ids) for number, user_ids in messages]


def test_before_a_message_is_the_last_one_to_its_user_to_several_or_to_everyone() -> None:
    order = PushOrder("10-1")
    assert told(order, (2, (7,)), (3, ("ann",)), (4, ("7",)), (5, (8, 9)), (6, (7,)), (7, None), (8, ("ann",))) == [
        "10-1",
        "10-1",
        "10-2",
        "",
        "10-5",
        "",
        "10-7",
    ]


def test_a_message_to_nobody_is_before_none() -> None:
    assert told(PushOrder(), (2, ()), (3, (7,))) == ["", START]


def test_of_a_message_that_comes_once_more_nobody_knows_what_came_between() -> None:
    order = PushOrder()
    told(order, (2, (7,)), (3, (8,)))
    assert told(order, (2, (7,)), (3, (8,)), (4, (7,))) == ["10-1", "10-1", "10-2"]


@given(users=st.lists(st.integers(0, 9), max_size=60), most=st.integers(2, 12))
def test_what_is_told_is_never_before_the_last_message_of_the_user(users: list[int], most: int) -> None:
    order, last = PushOrder("10-1"), dict[int, int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(push_order, "MOST_USERS", most)
        for number, user_id in enumerate(users, 2):
            before = order_of(order.note(f"10-{number}", (user_id,)))[1]
            assert last.get(user_id, 1) <= before < number
            last[user_id] = number
        assert len(order._last) + len(order._older) <= most
