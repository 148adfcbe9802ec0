"""Messages of the type ``topic``, with a service behind them."""

from typing import Any

import pytest

from rtserver.base.bridge.message import Snapshot, Subscribe, Unsubscribe, Update
from rtserver.modules.topic_agent import MAX_REQUEST_BYTES
from rtserver.modules.topic_message import SnapshotMessages
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands
from rtserver.user.identity import Identity
from rtserver.user.policy import Policy, Rights, Verdict
from rtserver.user.user_limits import UserBounds
from tests.handlers.hall import Hall
from tests.service.topic.station import KeptCounters
from tests.service_fakes import at_once, call_at_once
from tests.user_side import Client


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
def client(hall: Hall) -> Client:
    return hall.online.connect()


def update(seq: int, *counts: int, topic_id: int | str = "t") -> dict[str, Any]:
    updates = [{"count": count} for count in counts]
    numbers = {"epoch": "e1", "seq": seq, "prev_seq": seq - len(counts)}
    return {"type": "topic", "data": {"op": "update", "topic_id": topic_id, **numbers, "updates": updates}}


def snapshot(seq: int, count: int, topic_id: int | str = "t") -> dict[str, Any]:
    state = {"epoch": "e1", "seq": seq, "data": {"count": count}}
    return {"type": "topic", "data": {"op": "snapshot", "topic_id": topic_id, **state}}


def error(answer: list[dict[str, Any]]) -> tuple[str, str]:
    [message] = answer
    assert message["type"] == "error"
    return message["data"]["code"], message["data"]["message"]


def test_a_subscription_is_answered_with_a_snapshot_and_followed_by_updates(hall: Hall, client: Client) -> None:
    hall.count()
    subscribe = {"op": "subscribe", "topic_id": "t", "service": "counter", "request": {"name": "a"}}
    assert hall.send(client, subscribe, id=5) == [{**snapshot(0, 1), "id": 5}]
    hall.count()
    hall.count()
    assert client.wire.take() == [update(1, 2), update(2, 3)]


def test_clients_with_one_name_for_a_topic_get_the_same_bytes(hall: Hall) -> None:
    clients = [hall.online.connect(number) for number in (1, 2)]
    for each in clients:
        each.send("topic", {"op": "subscribe", "topic_id": "t", "service": "counter", "request": {"name": "a"}})
    hall.deliver()
    hall.count()
    one, other = [[frame for frame, _ in each.wire.frames] for each in clients]
    assert len(one) == 2
    assert all(mine is theirs for mine, theirs in zip(one, other, strict=True))


def test_a_snapshot_that_differs_under_the_same_number_is_written_anew() -> None:
    messages = SnapshotMessages("e1")
    one, other = [Snapshot(1, 1, "counter/a", 0, b'{"count":%d}' % count) for count in (1, 2)]
    assert messages.of(one, "t", None) is messages.of(one, "t", None)
    assert b'"data":{"count":2}' in messages.of(other, "t", None).data


def test_an_unsubscription_ends_the_updates_and_is_confirmed_if_it_has_an_id(hall: Hall, client: Client) -> None:
    hall.ask(client)
    answer = {"type": "topic", "data": {"op": "unsubscribe", "topic_id": "t"}, "id": "u"}
    assert hall.send(client, {"op": "unsubscribe", "topic_id": "t"}, id="u") == [answer]
    assert hall.send(client, {"op": "unsubscribe", "topic_id": "t"}) == []
    hall.count()
    assert client.wire.take() == []
    assert (len(hall.online.topics), hall.station.service.topics.viewers) == (0, 0)


def test_one_name_has_one_topic_at_a_time(hall: Hall, client: Client) -> None:
    hall.ask(client, "a")
    assert hall.ask(client, "b") == [snapshot(0, 0)]
    hall.count("a")
    hall.count("b")
    assert client.wire.take() == [update(1, 1)]
    assert hall.station.service.topics.viewers == 1


@pytest.mark.parametrize("op", ["subscribe", "unsubscribe"])
def test_a_subscription_that_ends_before_its_snapshot_is_answered_under_its_id(
    hall: Hall, client: Client, op: str
) -> None:
    request = {"topic_id": "t", "service": "counter", "request": {"name": "a"}}
    client.send("topic", {"op": "subscribe", **request}, id=1)
    [told, *_] = hall.send(client, {"op": op, **request})
    assert (told["id"], told["type"], told["data"]["code"]) == (1, "error", "replaced")
    assert "topic_id" not in told["data"]


def test_with_a_rate_updates_come_together_and_those_of_one_key_as_the_last(hall: Hall, client: Client) -> None:
    hall.ask(client, max_rate=1)
    hall.count()
    for key in (None, "k", "k"):
        hall.count(key=key)
    assert client.wire.take() == [update(1, 1)]
    hall.online.time.pass_by(1)
    [late] = client.wire.take()
    assert late["data"] == {**update(4, 2, 4)["data"], "prev_seq": 1}


def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    hall = Hall(KeptCounters)
    before = hall.online.connect()
    hall.ask(before)
    hall.count()
    assert before.wire.take() == [update(1, 1)]
    before.leave()
    hall.count()
    hall.count()
    client = hall.online.connect()
    assert hall.ask(client, after={"epoch": "e1", "seq": 1}) == [update(1), update(3, 2, 3)]
    hall.count()
    assert client.wire.take() == [update(4, 4)]


@pytest.mark.parametrize("after", [{"epoch": "e0", "seq": 4}, {"epoch": "e1", "seq": 9}])
def test_a_client_of_another_start_of_the_server_or_that_knows_the_future_gets_a_snapshot(
    after: dict[str, Any],
) -> None:
    hall = Hall(KeptCounters)
    for _ in range(4):
        hall.count()
    assert hall.ask(hall.online.connect(), after=after) == [snapshot(4, 4)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "Expected `object`, got `null`"),
        ({"op": "nope"}, "Invalid value 'nope' - at `$.op`"),
        ({"op": "subscribe", "service": "counter"}, "missing required field `topic_id`"),
        ({"op": "subscribe", "topic_id": "", "service": "counter"}, "length >= 1 - at `$.topic_id`"),
        ({"op": "subscribe", "topic_id": "t"}, "missing required field `service`"),
        ({"op": "subscribe", "topic_id": "t", "service": "counter", "max_rate": 0}, ">= 0.1 - at `$.max_rate`"),
        ({"op": "subscribe", "topic_id": "t", "service": "x", "after": 3}, "Expected `object | null`"),
        (
            {"op": "subscribe", "topic_id": "t", "service": "x", "request": "y" * MAX_REQUEST_BYTES},
            f"the request has {MAX_REQUEST_BYTES + 2} bytes; {MAX_REQUEST_BYTES} are allowed",
        ),
    ],
)
def test_a_message_of_the_wrong_shape_is_refused_with_the_place(
    hall: Hall, client: Client, data: object, reason: str
) -> None:
    code, text = error(hall.send(client, data))
    assert code == "bad_request"
    assert reason in text
    assert not hall.online.posted


def test_a_request_that_the_service_refuses_ends_the_subscription_with_its_name(hall: Hall, client: Client) -> None:
    answer = hall.ask(client, "")
    assert error(answer) == ("bad_request", "topic t: a counter has a name")
    assert answer[0]["data"]["topic_id"] == "t"
    assert not client.agent.modules["topic"].topics.memberships


class OnlyA(Policy):
    """Allows the counter a, and later nothing."""

    allowed = "a"

    def may_subscribe(self, user: Identity, service: str, request: Any) -> Verdict:
        return request["name"] == self.allowed or f"{service} {request['name']} is not for you"


def test_a_policy_decides_about_each_subscription_and_again_when_the_user_changes() -> None:
    policy = OnlyA()
    hall = Hall(rights=Rights(policy))
    client = hall.online.connect()
    assert error(hall.ask(client, "b")) == ("forbidden", "topic t: counter b is not for you")
    assert hall.ask(client, "a") == [snapshot(0, 0)]
    policy.allowed = "b"
    client.agent.on_user(client.agent.user)
    assert error(client.wire.take()) == ("forbidden", "topic t: counter a is not for you")
    hall.count()
    assert client.wire.take() == []
    assert hall.station.service.topics.viewers == 0


def test_a_connection_and_a_user_have_so_many_topics() -> None:
    hall = Hall(max_topics=2, bounds=UserBounds(topics=3))
    first, second = hall.online.connect(), hall.online.connect()
    for name in "ab":
        hall.ask(first, name, name)
    text = "2 topics are open on this connection, which is the limit"
    assert error(hall.ask(first, "c", "c")) == ("rate_limited", text)
    hall.ask(second, "a", "a")
    text = "3 topics of this user are open, which is the limit"
    assert error(hall.ask(second, "b", "b")) == ("rate_limited", text)
    assert hall.ask(second, "b", "a") == [snapshot(0, 0, "a")]
    counts = hall.online.users.limits.counted.counts
    assert (counts["topics_per_connection"], counts["topics_per_user"]) == (1, 1)


def test_a_user_asks_for_so_many_snapshots_a_second() -> None:
    hall = Hall(bounds=UserBounds(pictures=1))
    client = hall.online.connect()
    answers = [hall.ask(client) for _ in range(11)]
    assert error(answers[-1])[0] == "rate_limited"
    assert all(answer == [snapshot(0, 0)] for answer in answers[:-1])


class BigService:
    """Answers with more than a client takes."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    def on_subscribe(self, message: Subscribe) -> None:
        self._hall.post(Snapshot(message.agent, message.ref, "big", 0, b"1" * 1_100_000))

    def on_unsubscribe(self, message: Unsubscribe) -> None: ...


def test_a_snapshot_that_no_client_could_take_is_an_error_and_ends_the_subscription(
    hall: Hall, client: Client
) -> None:
    hall.services["counter"] = BigService(hall)
    assert error(hall.ask(client))[0] == "internal"
    assert not client.agent.modules["topic"].topics.memberships


def test_what_a_connection_leaves_behind_is_nothing(hall: Hall, client: Client) -> None:
    for name in "abc":
        hall.ask(client, name, name)
    client.leave()
    hall.deliver()
    hall.station.turn(10)
    assert (len(hall.online.topics), hall.online.topics.members) == (0, 0)
    assert (len(hall.station.service.topics), hall.station.service.topics.viewers) == (0, 0)


def test_quotes_come_as_numbers_to_who_asks_for_them_as_a_topic(hall: Hall, client: Client) -> None:
    center = QuoteCenter(ServiceContext(hall.post, UserCommands(hall.post), at_once, call_later=call_at_once))
    hall.services["quotes"] = center
    data = {"op": "subscribe", "topic_id": 1, "service": "quotes", "request": {"quote": "DEMO:AAPL:20130301"}}
    [answer] = hall.send(client, data)
    columns = ["label", "open", "close", "low", "high", "volume"]
    assert answer["data"]["data"] == {"columns": columns, "rows": [], "decimals": None}
    hall.online.users.handle(Update("quotes/DEMO:AAPL:20130301/0/", 1, ((9, 1.5, 1.5, 1.5, 1.5, None),)))
    [message] = client.wire.take()
    assert message["data"]["updates"] == [[9, 1.5, 1.5, 1.5, 1.5, None]]
