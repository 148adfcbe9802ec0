"""Charts that a module draws: what the page gets, and what a slow one does not."""

import pytest

from rtserver.base.wire.message_size import MessageTooLargeError
from rtserver.modules.own_chart import draw_chart
from tests.user_side import Online


def test_a_page_gets_the_whole_state_of_its_chart() -> None:
    client = Online().connect()
    draw_chart(client.agent, "orders", "pie", {"open": 3})
    assert client.wire.take() == [
        {"type": "mycharts", "data": {"type": "render", "chart_id": "orders", "kind": "pie", "data": {"open": 3}}}
    ]


def test_a_newer_state_of_one_chart_may_replace_an_older_one_and_none_of_another_chart() -> None:
    client = Online().connect()
    for chart_id in (1, 1, "1"):
        draw_chart(client.agent, chart_id, "pie", {})
    first, second, other = (key for _, key in client.wire.frames)
    assert first == second != other
    assert first is not None


def test_a_state_that_no_client_could_take_is_the_modules_error() -> None:
    client = Online().connect()
    with pytest.raises(MessageTooLargeError):
        draw_chart(client.agent, "orders", "pie", "x" * 3_000_000)
    assert client.wire.frames == []
