"""``seen``: what a client says, and what is made of it."""

from typing import Any

import pytest

from rtserver.base.bridge.message import PushBegins
from rtserver.handlers.seen import SeenMsgHandler
from tests.user_side import Client, Online


def say(client: Client, offset: Any, **more: Any) -> list[dict[str, Any]]:
    return client.ask("seen", {"offset": offset}, **more)


def welcomed(online: Online, user_id: int = 7) -> Client:
    client = online.connect(user_id)
    online.users.seen_offsets.on_complete(client.agent)
    return client


@pytest.fixture
def online() -> Online:
    online = Online(SeenMsgHandler)
    online.users.handle(PushBegins("10-12"))
    return online


def test_what_a_client_says_is_noted_and_not_answered(online: Online) -> None:
    assert say(welcomed(online), "10-12") == []
    assert online.users.seen_offsets.take_seen() == (("7", "10-12"),)


def test_before_it_has_resumed_a_client_does_not_know_what_it_misses(online: Online) -> None:
    assert say(online.connect(7), "10-12") == []
    assert online.users.seen_offsets.take_seen() == ()


@pytest.mark.parametrize("offset", [None, 10, "", "10", "10-", "-1-2", "10-12 ", "1" * 16 + "-1"])
def test_what_is_no_offset_is_a_bad_request(online: Online, offset: Any) -> None:
    [answer] = say(welcomed(online), offset, id=1)
    assert (answer["type"], answer["data"]["code"], answer["id"]) == ("error", "bad_request", 1)
    assert online.users.seen_offsets.take_seen() == ()
