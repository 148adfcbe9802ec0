"""The offset that a user has seen: the bookkeeping, and its use by the user manager."""

from typing import Any

import pytest

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import Deliver, DeliverEarly, Message, PushBegins, PushedUntil, Seen
from tests.user_side import Client, Online


def begun(offset: str = "10-1") -> Online:
    online = Online()
    online.users.handle(PushBegins(offset))
    return online


def deliver(online: Online, number: int, *user_ids: int | str) -> None:
    payload = b'{"type":"n","data":%d,"offset":"10-%d"}' % (number, number)
    online.users.handle(Deliver(user_ids or None, payload, f"10-{number}"))


def complete(online: Online, client: Client) -> None:
    online.users.seen_offsets.on_complete(client.agent)


def say(online: Online, client: Client, number: int) -> None:
    """The client says that it has everything up to 10-<number>, which has been pushed."""
    online.users.seen_offsets.on_push(f"10-{number}")
    online.users.seen_offsets.on_seen(client.agent, f"10-{number}")


def seen(online: Online) -> dict[str, str]:
    """Return the offsets that are told now, and have been since the last call."""
    online.users.tell_seen()
    told: dict[str, str] = {}
    for message in online.take_posted():
        assert isinstance(message, Seen)
        told |= dict(message.offsets)
    return told


def userinfo(client: Client) -> dict[str, Any]:
    message = client.wire.take()[0]
    assert message["type"] == "userinfo"
    data: dict[str, Any] = message["data"]
    return data


def test_userinfo_says_where_live_messages_begin() -> None:
    online = Online()
    assert userinfo(online.open())["offset"] is None
    online.users.handle(PushBegins("10-1"))
    assert userinfo(online.open())["offset"] == "10-1"
    deliver(online, 7, "somebody else")
    client = online.open()
    assert userinfo(client)["offset"] == client.agent.live_from == "10-7"


def test_live_messages_begin_behind_all_that_the_service_is_done_with_and_never_further_back() -> None:
    online = begun()
    online.users.handle(PushedUntil("10-5"))
    deliver(online, 4)
    assert userinfo(online.open())["offset"] == "10-5"
    online.users.handle(PushedUntil("10-3"))
    assert userinfo(online.open())["offset"] == "10-5"


def test_a_beginning_that_is_told_late_takes_nothing_back() -> None:
    online = Online()
    deliver(online, 7)
    online.users.handle(PushBegins("10-1"))
    assert online.users.seen_offsets.offset == "10-7"


def test_a_delivery_reaches_those_it_names_with_the_bytes_as_they_are() -> None:
    online = begun()
    clients = [online.connect(user_id) for user_id in (1, 1, 2)]
    deliver(online, 5, "1")
    message = {"type": "n", "data": 5, "offset": "10-5"}
    assert [client.wire.take() for client in clients] == [[message], [message], []]


def deliver_early(online: Online, number: int, user_id: str) -> None:
    payload = b'{"type":"n","data":%d,"offset":"10-%d"}' % (number, number)
    online.users.handle(DeliverEarly((user_id,), payload, f"10-{number}"))


def test_an_early_delivery_moves_the_place_of_its_user_alone() -> None:
    online = begun()
    client = online.connect(1)
    deliver_early(online, 7, "1")
    deliver_early(online, 8, "1")
    assert [message["data"] for message in client.wire.take()] == [7, 8]
    assert online.users.seen_offsets.offset_for("1") == "10-8"
    assert online.users.seen_offsets.offset_for("2") == online.users.seen_offsets.offset == "10-1"
    deliver(online, 7)
    assert online.users.seen_offsets.offset_for("1") == "10-8"
    deliver(online, 9)
    assert online.users.seen_offsets.offset_for("1") == "10-9"
    assert not online.users.seen_offsets._early


def test_a_page_that_comes_behind_an_early_delivery_is_told_to_ask_for_it() -> None:
    online = begun()
    deliver_early(online, 7, "1")
    client = online.open("1")
    assert userinfo(client)["offset"] == client.agent.live_from == "10-7"
    assert userinfo(online.open("2"))["offset"] == "10-1"


def test_a_user_may_have_seen_what_was_delivered_early() -> None:
    online = begun()
    ann, bob = online.connect(1), online.connect(2)
    for client in (ann, bob):
        complete(online, client)
    deliver_early(online, 7, "1")
    for client in (ann, bob):
        online.users.seen_offsets.on_seen(client.agent, "10-9")
    assert seen(online) == {"1": "10-7", "2": "10-1"}


def test_a_delivery_without_an_offset_changes_no_place() -> None:
    online = begun()
    client = online.connect(1)
    online.users.handle(Deliver((1,), b'{"type":"n","data":1}', None))
    assert client.wire.take() == [{"type": "n", "data": 1}]
    assert online.users.seen_offsets.offset == "10-1"


def test_that_something_was_sent_does_not_mean_that_it_was_seen() -> None:
    online = begun()
    client = online.connect(1)
    complete(online, client)
    deliver(online, 5, 1)
    deliver(online, 6)
    assert seen(online) == {}
    client.leave()
    assert seen(online) == {}


def test_a_user_has_seen_what_a_page_says_that_misses_nothing() -> None:
    online = begun()
    ann, bob = online.connect(1), online.connect(2)
    deliver(online, 5, 1, 2, 3)
    for client in (ann, bob):
        say(online, client, 5)
    assert seen(online) == {}  # neither has been told what came before
    complete(online, ann)
    say(online, ann, 5)
    assert seen(online) == {"1": "10-5"}
    assert seen(online) == {}


def test_of_several_pages_the_one_that_has_most_counts() -> None:
    online = begun()
    pages = [online.connect(1) for _ in range(3)]
    for page, number in zip(pages, (9, 11, 10), strict=True):
        complete(online, page)
        say(online, page, number)
    assert seen(online) == {"1": "10-11"}


def test_what_the_last_page_said_is_told_at_once_when_it_goes() -> None:
    online = begun()
    client = online.connect(1)
    complete(online, client)
    say(online, client, 5)
    online.take_posted()
    client.leave()
    assert online.take_posted() == [Seen((("1", "10-5"),))]
    assert seen(online) == {}


def test_the_end_of_a_page_that_said_nothing_new_says_nothing() -> None:
    online = begun()
    client = online.connect(1)
    complete(online, client)
    say(online, client, 5)
    assert seen(online) == {"1": "10-5"}
    client.leave()
    assert online.take_posted() == []


def test_a_page_that_has_gone_says_nothing_any_more() -> None:
    online = begun()
    client = online.connect(1)
    complete(online, client)
    client.leave()
    say(online, client, 5)
    assert seen(online) == {}


def test_at_the_servers_end_nobody_is_told_and_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    online = begun()
    client = online.connect(1)
    complete(online, client)
    say(online, client, 5)

    def closed(message: Message) -> None:
        raise BridgeClosedError("closed")

    online.on_post = closed
    online.users.tell_seen()
    client.leave()
    assert not caplog.records


def test_what_has_not_been_pushed_yet_nobody_has_seen() -> None:
    online = Online()
    client = online.connect()
    complete(online, client)
    online.users.seen_offsets.on_seen(client.agent, "999999999999999-1")
    assert seen(online) == {}  # nobody knows yet where pushes begin
    deliver(online, 7)
    online.users.seen_offsets.on_seen(client.agent, "999999999999999-1")
    assert seen(online) == {"1": "10-7"}
