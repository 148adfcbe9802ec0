"""What a user has seen: the bookkeeping, and what the user manager makes of it."""

from typing import Any

from user_side import Client, Online

from rtserver.base.bridge import BridgeClosedError
from rtserver.base.messages import Deliver, Message, PushBegins, Seen


def begun(offset: str = "10-1") -> Online:
    online = Online()
    online.users.handle(PushBegins(offset))
    return online


def deliver(online: Online, number: int, *user_ids: int | str) -> None:
    payload = b'{"type":"n","data":%d,"offset":"10-%d"}' % (number, number)
    online.users.handle(Deliver(user_ids or None, payload, f"10-{number}"))


def complete(online: Online, client: Client) -> None:
    online.users.delivery.on_complete(client.agent)


def seen(online: Online) -> dict[str, str]:
    """What is told now, and has been since the last look."""
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


def test_userinfo_says_where_live_messages_begin():
    online = Online()
    assert userinfo(online.open())["offset"] is None
    online.users.handle(PushBegins("10-1"))
    assert userinfo(online.open())["offset"] == "10-1"
    deliver(online, 7, "somebody else")
    client = online.open()
    assert userinfo(client)["offset"] == client.agent.live_from == "10-7"


def test_a_beginning_that_is_told_late_takes_nothing_back():
    online = Online()
    deliver(online, 7)
    online.users.handle(PushBegins("10-1"))
    assert online.users.delivery.offset == "10-7"


def test_a_delivery_reaches_those_it_names_with_the_bytes_as_they_are():
    online = begun()
    clients = [online.connect(user_id) for user_id in (1, 1, 2)]
    deliver(online, 5, "1")
    message = {"type": "n", "data": 5, "offset": "10-5"}
    assert [client.wire.take() for client in clients] == [[message], [message], []]


def test_a_delivery_without_an_offset_changes_no_place():
    online = begun()
    client = online.connect(1)
    complete(online, client)
    assert seen(online) == {"1": "10-1"}
    online.users.handle(Deliver((1,), b'{"type":"n","data":1}', None))
    assert client.wire.take() == [{"type": "n", "data": 1}]
    assert online.users.delivery.offset == "10-1"
    assert seen(online) == {}


def test_a_user_has_seen_what_reaches_a_page_that_misses_nothing():
    online = begun()
    ann, bob = online.connect(1), online.connect(2)
    deliver(online, 5, 1, 2, 3)
    assert seen(online) == {}  # neither has been told what came before
    complete(online, ann)
    assert seen(online) == {"1": "10-5"}
    deliver(online, 6, 1, 2)
    deliver(online, 7, "1")
    assert seen(online) == {"1": "10-7"}
    assert seen(online) == {}
    assert bob.agent.is_open


def test_a_message_for_everyone_is_seen_by_everyone_who_misses_nothing():
    online = begun()
    for user_id in (1, 2):
        complete(online, online.connect(user_id))
    online.connect(3)
    deliver(online, 5)
    assert seen(online) == {"1": "10-5", "2": "10-5"}


def test_the_end_of_the_last_page_is_told_at_once():
    online = begun()
    first, second = online.connect(1), online.connect(1)
    for client in (first, second):
        complete(online, client)
    deliver(online, 5, 2)
    online.take_posted()
    first.leave()
    assert online.take_posted() == []
    second.leave()
    # Up to where the server is: all that came was pushed to the page as well.
    assert online.take_posted() == [Seen((("1", "10-5"),))]
    assert seen(online) == {}


def test_the_end_of_a_page_that_was_not_told_what_came_before_says_nothing():
    online = begun()
    client = online.connect(1)
    deliver(online, 5, 1)
    client.leave()
    assert seen(online) == {}


def test_who_comes_back_has_seen_more_than_when_leaving():
    online = begun()
    first = online.connect(1)
    complete(online, first)
    first.leave()
    again = online.connect(1)
    complete(online, again)
    deliver(online, 9, 1)
    assert seen(online) == {"1": "10-9"}


def test_before_the_beginning_is_known_there_is_nothing_to_tell():
    online = Online()
    client = online.connect(1)
    complete(online, client)
    client.leave()
    assert seen(online) == {}


def test_at_the_servers_end_nobody_is_told_and_nothing_fails(caplog):
    online = begun()
    client = online.connect(1)
    complete(online, client)

    def closed(message: Message) -> None:
        raise BridgeClosedError("closed")

    online.on_post = closed
    online.users.tell_seen()
    client.leave()
    assert not caplog.records
