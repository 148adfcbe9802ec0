"""The handler that answers who is online, onto the queue that the question names."""

from collections.abc import Iterator

import msgspec
import pytest

from rtserver.base.bridge.message import Message
from rtserver.base.queue.port import QueueRefusedError
from rtserver.base.queue.signature import Signer
from rtserver.registry.user_place import UserPlaces
from rtserver.service.message import BadData
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.own_queue import OwnQueue
from rtserver.service.push.online import OnlineMsgHandler
from rtserver.service.queue_push import QueuePush
from rtserver.service.user_commands import UserCommands
from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import Registration
from tcelib.redis.redis_connection import plain_client
from tests.service_fakes import at_once

BILLING = "queue:billing"


@pytest.fixture
def billing(redis_url: str) -> Iterator[OwnQueue]:
    """The queue of whoever asks."""
    with ServiceMessageQueue.own(BILLING, redis_url) as queue:
        yield queue


@pytest.fixture
def handler(redis_url: str) -> Iterator[OnlineMsgHandler]:
    """A handler on a server of three, to which 7 and ann are connected."""
    leases = MemoryLeases(lambda: 1_000.0)
    leases.hold(leases.join(Registration("worker", "a", holds=("user",)), 10.0), "user", ["7", "ann"])
    posted: list[Message] = []
    with plain_client(redis_url) as client:
        users = UserCommands(posted.append, places=UserPlaces(leases))
        push = QueuePush(client, "queue:rtserver", Signer())
        yield OnlineMsgHandler(ServiceContext(posted.append, users, at_once, push), most_users=4)


def ask(handler: OnlineMsgHandler, raw: bytes, message_id: str = "1-1") -> None:
    handler.handle(message_id, "shop", msgspec.json.decode(raw, type=handler.data_type))


def test_the_answer_names_those_who_are_online_as_they_were_asked_for(
    handler: OnlineMsgHandler, billing: OwnQueue
) -> None:
    ask(handler, b'{"user_ids":["ann",8,7,"7"],"queue":"queue:billing","ref":{"order":1}}')
    [answer] = billing.get()
    assert (answer.type, answer.src, answer.id) == ("online", "queue:rtserver", "1-1")
    assert answer.data == {"ref": {"order": 1}, "online": ["ann", 7, "7"]}


def test_a_question_without_users_is_answered_as_well(handler: OnlineMsgHandler, billing: OwnQueue) -> None:
    ask(handler, b'{"user_ids":[],"queue":"queue:billing"}')
    assert billing.get()[0].data == {"ref": None, "online": []}


def test_too_many_users_and_a_name_that_is_none_are_bad_data(handler: OnlineMsgHandler) -> None:
    with pytest.raises(BadData, match="names 5 users; user_ids_per_message allows 4"):
        ask(handler, b'{"user_ids":[1,2,3,4,5],"queue":"queue:billing"}')
    with pytest.raises(BadData, match="queue: "):
        ask(handler, b'{"user_ids":[1],"queue":""}')


def test_a_queue_that_is_a_key_of_another_kind_is_named(handler: OnlineMsgHandler, redis_url: str) -> None:
    with plain_client(redis_url) as client:
        client.call("RPUSH", BILLING, "x")
        with pytest.raises(QueueRefusedError, match="queue:billing is a list, not a stream"):
            ask(handler, b'{"user_ids":[1],"queue":"queue:billing"}')
        assert client.call("LRANGE", BILLING, 0, -1) == [b"x"]


@pytest.mark.parametrize("raw", [b"{}", b'{"user_ids":7,"queue":"q"}', b'{"user_ids":[1.5],"queue":"q"}', b"[]"])
def test_a_question_of_another_shape_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=OnlineMsgHandler.data_type)


def test_no_answer_goes_to_a_servers_own_queue(handler: OnlineMsgHandler, redis_url: str) -> None:
    with plain_client(redis_url) as client:
        client.call("XADD", "{queue:rtserver}:bus", "*", "raw", "x")
        with pytest.raises(BadData, match="queue: the name of a queue: 'queue:rtserver' is an rtserver's"):
            ask(handler, b'{"user_ids":[1],"queue":"queue:rtserver"}')
        assert client.call("EXISTS", "queue:rtserver") == 0
