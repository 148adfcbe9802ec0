"""``ping`` as a client sees it."""

import pytest

from rtserver.handlers.ping import PingMsgHandler
from tests.user_side import Online


@pytest.mark.parametrize("data", [None, 0, "hello", [1], {"a": {"b": 1}}])
def test_whatever_is_sent_the_answer_is_pong(data: int | str | list[int] | dict[str, dict[str, int]] | None) -> None:
    client = Online(PingMsgHandler).connect()
    assert client.ask("ping", data) == [{"type": "ping", "data": "pong"}]


def test_the_answer_carries_the_id() -> None:
    client = Online(PingMsgHandler).connect()
    assert client.ask("ping", id="p-1") == [{"type": "ping", "data": "pong", "id": "p-1"}]
    assert client.ask("ping", id=0) == [{"type": "ping", "data": "pong", "id": 0}]
