"""An agent: what it sends, and that nothing outlives it."""

from collections.abc import Callable
from typing import Never

import pytest

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import Message, Refused, Snapshot, Subscribe, Table, Unsubscribe, Update
from rtserver.base.wire.json import JsonError
from rtserver.base.wire.message_size import MessageTooLargeError
from rtserver.base.wire.payload import Payload
from rtserver.user.user_agent import AgentGoneError, UserAgent
from tests.user_side import Online, payload_of

EMPTY = Table(("label",), ())


class Owner:
    """Keeps what it is told, and joins the topic if it was given a drawing."""

    def __init__(self, agent: UserAgent, draw: Callable[[Update], bytes] | None = None) -> None:
        self.told: list[Snapshot | Refused] = []
        self._agent = agent
        self._draw = draw

    def on_snapshot(self, snapshot: Snapshot) -> None:
        self.told.append(snapshot)
        if self._draw is not None:
            self._agent.join(snapshot.topic, "g", self._draw)

    def on_refused(self, refused: Refused) -> None:
        self.told.append(refused)


def draw(update: Update) -> bytes:
    return str(update.seq).encode()


def test_a_message_is_one_frame_with_type_data_and_id() -> None:
    client = Online().connect()
    client.agent.push_message({"a": 1}, "thing")
    client.agent.push_message([2], "thing", 7)
    assert client.wire.take() == [{"type": "thing", "data": {"a": 1}}, {"type": "thing", "data": [2], "id": 7}]


def test_data_that_json_cannot_say_raises_and_sends_nothing() -> None:
    client = Online().connect()
    with pytest.raises(JsonError):
        client.agent.push_message({1, 2}, "thing")
    assert client.wire.take() == []


def test_an_error_says_code_message_and_what_it_answers() -> None:
    client = Online().connect()
    client.agent.push_error("forbidden", "no", "thing", "q")
    assert client.wire.take() == [
        {"type": "error", "data": {"code": "forbidden", "message": "no", "type": "thing"}, "id": "q"}
    ]


def test_a_message_for_many_is_pushed_as_the_connection_frames_it_with_its_key() -> None:
    client = Online().connect()
    client.agent.push(Payload(b"x"), "k")
    assert client.wire.frames == [(b"\x81\x01x", "k")]


def test_a_subscription_is_posted_and_its_answer_goes_to_the_owner() -> None:
    online = Online()
    client = online.connect()
    owner = Owner(client.agent)
    ref = client.agent.subscribe(owner, "quotes", {"quote": "A:B:20130301"})
    assert online.take_posted() == [Subscribe(client.agent.id, ref, "quotes", {"quote": "A:B:20130301"}, "1")]

    snapshot = Snapshot(client.agent.id, ref, "t", 3, EMPTY)
    online.users.handle(snapshot)
    assert owner.told == [snapshot]


def test_questions_are_asked_one_at_a_time() -> None:
    online = Online()
    client = online.connect()
    refs = [client.agent.subscribe(Owner(client.agent), "quotes", {}) for _ in range(3)]
    assert [message.ref for message in online.take_posted()] == refs[:1]
    online.users.handle(Snapshot(client.agent.id, refs[0], "t", 1, EMPTY))
    assert [message.ref for message in online.take_posted()] == refs[1:2]
    online.users.handle(Refused(client.agent.id, refs[1], "bad_request", "no"))
    assert [message.ref for message in online.take_posted()] == refs[2:]


def test_a_question_that_was_given_up_is_never_asked_and_holds_up_nothing() -> None:
    online = Online()
    client = online.connect()
    refs = [client.agent.subscribe(Owner(client.agent), "quotes", {}) for _ in range(4)]
    online.take_posted()
    client.agent.unsubscribe(refs[1])
    client.agent.unsubscribe(refs[0])
    given_up, asked = online.take_posted()
    assert given_up == Unsubscribe(client.agent.id, refs[0], "quotes")
    assert asked.ref == refs[2]
    # An answer that was on its way is not one to the question behind it.
    online.users.handle(Snapshot(client.agent.id, refs[0], "t", 1, EMPTY))
    assert online.take_posted() == []
    online.users.handle(Snapshot(client.agent.id, refs[2], "t", 1, EMPTY))
    assert [message.ref for message in online.take_posted()] == refs[3:]


def test_nothing_is_asked_for_a_client_that_lags() -> None:
    online = Online()
    client = online.connect()
    online.users.on_lag(client.agent, True)
    ref = client.agent.subscribe(Owner(client.agent), "quotes", {})
    assert online.take_posted() == []
    online.users.on_lag(client.agent, False)
    assert [message.ref for message in online.take_posted()] == [ref]


def test_each_subscription_has_its_own_ref_and_owner() -> None:
    online = Online()
    client = online.connect()
    owners = [Owner(client.agent) for _ in range(3)]
    refs = [client.agent.subscribe(owner, "quotes", {}) for owner in owners]
    assert len(set(refs)) == 3
    online.users.handle(Snapshot(client.agent.id, refs[1], "t", 1, EMPTY))
    assert [len(owner.told) for owner in owners] == [0, 1, 0]


def test_a_refused_subscription_is_over_without_another_word() -> None:
    online = Online()
    client = online.connect()
    owner = Owner(client.agent)
    ref = client.agent.subscribe(owner, "quotes", {})
    online.users.handle(Refused(client.agent.id, ref, "bad_request", "no"))
    online.take_posted()
    client.agent.unsubscribe(ref)
    client.leave()
    assert [told.code for told in owner.told] == ["bad_request"]
    assert online.take_posted() == []


def test_an_answer_to_what_was_given_up_meanwhile_is_dropped() -> None:
    online = Online()
    client = online.connect()
    owner = Owner(client.agent, draw)
    ref = client.agent.subscribe(owner, "quotes", {})
    client.agent.unsubscribe(ref)
    client.agent.unsubscribe(ref)
    online.users.handle(Snapshot(client.agent.id, ref, "t", 1, EMPTY))
    online.users.handle(Refused(client.agent.id, ref, "bad_request", "no"))
    assert owner.told == []
    assert len(online.topics) == 0
    assert online.take_posted()[1:] == [Unsubscribe(client.agent.id, ref, "quotes")]


def test_an_owner_that_fails_on_its_snapshot_is_unsubscribed(caplog: pytest.LogCaptureFixture) -> None:
    online = Online()
    client = online.connect()
    owner = Owner(client.agent)
    owner.on_snapshot = lambda snapshot: 1 / 0
    ref = client.agent.subscribe(owner, "quotes", {})
    online.users.handle(Snapshot(client.agent.id, ref, "t", 1, EMPTY))
    client.leave()
    assert online.take_posted()[1:] == [Unsubscribe(client.agent.id, ref, "quotes")]
    assert "ZeroDivisionError" in caplog.text
    assert "StopIteration" not in caplog.text


def test_updates_come_from_the_snapshot_on() -> None:
    online = Online()
    client = online.connect()
    ref = client.agent.subscribe(Owner(client.agent, draw), "quotes", {})
    online.users.handle(Update("t", 1, ()))
    online.users.handle(Snapshot(client.agent.id, ref, "t", 1, EMPTY))
    online.users.handle(Update("t", 2, ()))
    client.agent.leave("t", "g")
    online.users.handle(Update("t", 3, ()))
    assert [payload_of(frame) for frame, _ in client.wire.frames] == [b"2"]


def test_everything_goes_when_the_agent_goes() -> None:
    online = Online()
    client = online.connect()
    refs = [client.agent.subscribe(Owner(client.agent, draw), "quotes", {}) for _ in range(3)]
    online.users.handle(Snapshot(client.agent.id, refs[0], "t", 1, EMPTY))
    online.take_posted()
    client.leave()
    # The third was not asked for yet.
    assert online.take_posted() == [Unsubscribe(client.agent.id, ref, "quotes") for ref in refs[:2]]
    assert (len(online.topics), online.topics.members) == (0, 0)


def test_an_agent_that_has_gone_can_neither_subscribe_nor_join() -> None:
    online = Online()
    client = online.connect()
    client.leave()
    assert not client.agent.is_open
    with pytest.raises(AgentGoneError):
        client.agent.subscribe(Owner(client.agent), "quotes", {})
    client.agent.join("t", "g", draw)
    assert online.take_posted() == []
    assert len(online.topics) == 0


def test_an_end_after_the_bridge_has_closed_is_an_end_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    online = Online()
    client = online.connect()
    ref = client.agent.subscribe(Owner(client.agent, draw), "quotes", {})
    online.users.handle(Snapshot(client.agent.id, ref, "t", 1, EMPTY))

    def closed(message: Message) -> Never:
        raise BridgeClosedError("closed")

    online.on_post = closed
    client.leave()
    assert len(online.topics) == 0
    assert not online.users.agents
    assert not caplog.records


def test_a_subscription_that_could_not_be_posted_does_not_exist() -> None:
    online = Online()
    client = online.connect()

    def closed(message: Message) -> Never:
        raise BridgeClosedError("closed")

    online.on_post = closed
    with pytest.raises(BridgeClosedError):
        client.agent.subscribe(Owner(client.agent), "quotes", {})
    client.leave()
    assert [type(message) for message in online.posted] == [Subscribe], "there is nothing to end"


def test_uids_differ_between_the_tabs_of_a_user_and_between_starts() -> None:
    online = Online()
    first, second = online.connect(), online.connect()
    assert first.agent.uid != second.agent.uid
    assert first.agent.uid.startswith(online.users.epoch)
    assert str(first.agent) == "ann#1"


def test_a_message_that_no_client_could_take_is_refused_where_it_is_made() -> None:
    online = Online()
    client = online.connect()
    with pytest.raises(MessageTooLargeError):
        client.agent.push_message("x" * online.users.sizes.largest, "thing")
    assert client.wire.take() == []
    client.agent.push_message("y", "thing")
    assert len(client.wire.take()) == 1
