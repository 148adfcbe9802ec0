"""Queues of processes in a real Redis: what is received, acknowledged, left by the dead and shared."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
import redis

from rtserver.base.queue.port import QueueAwayError, QueueRefusedError
from rtserver.base.queue.signature import Signer
from rtserver.base.wire.json import JsonError
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.own_queue import OwnQueue, ReceivedMessage
from rtserver.service.queue_push import QueuePush
from tcelib.queue.error import MessageError
from tcelib.queue.redis_stream import GROUP
from tcelib.queue.shell.hub_signs import HubSigns
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import plain_client
from tests.docs.document import ROOT
from tests.until import until

BILLING, ORDERS = "queue:billing", "queue:orders"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def orders(redis_url: str) -> Iterator[OwnQueue]:
    with ServiceMessageQueue.own(ORDERS, redis_url) as queue:
        yield queue


@pytest.fixture
def billing(redis_url: str) -> Iterator[OwnQueue]:
    with ServiceMessageQueue.own(BILLING, redis_url) as queue:
        yield queue


def data_of(messages: list[ReceivedMessage]) -> list[object]:
    return [message.data for message in messages]


def everything(queue: OwnQueue, count: int) -> list[ReceivedMessage]:
    """The next ``count`` messages."""
    found: list[ReceivedMessage] = []
    while len(found) < count:
        found += queue.get(count - len(found))
    return found


def test_two_processes_talk_to_each_other(orders: OwnQueue, billing: OwnQueue) -> None:
    orders.push(BILLING, "order", {"number": 7, "text": "Grüße / 你好"}, id="order-7")
    [order] = billing.get()
    assert (order.type, order.src, order.data) == ("order", ORDERS, {"number": 7, "text": "Grüße / 你好"})
    assert (order.id, order.tries) == ("order-7", 1)
    billing.push(order.src, "invoice", {"number": order.data["number"]})
    billing.ack(order)
    [invoice] = orders.get()
    assert (invoice.type, invoice.src, invoice.data, invoice.id) == ("invoice", BILLING, {"number": 7}, None)
    orders.ack(invoice)
    assert billing.length() == orders.length() == 0


def test_iteration_yields_decoded_messages_in_order(orders: OwnQueue, billing: OwnQueue) -> None:
    for number in range(5):
        orders.push(BILLING, "order", number)
    seen = []
    for message in billing:
        seen.append(message.data)
        billing.ack(message)
        if len(seen) == 5:
            break
    assert seen == [0, 1, 2, 3, 4]


def test_after_a_restart_what_was_acknowledged_does_not_come_again(redis_url: str, orders: OwnQueue) -> None:
    for number in range(4):
        orders.push(BILLING, "order", number)
    with ServiceMessageQueue.own(BILLING, redis_url) as billing:
        first, *_ = everything(billing, 3)
        billing.ack(first)
    with ServiceMessageQueue.own(BILLING, redis_url) as billing:
        again = everything(billing, 3)
        assert sorted((message.data, message.tries) for message in again) == [(1, 1), (2, 1), (3, 1)]
        billing.ack(*again)
        assert billing.get(timeout=0.1) == []


def test_what_a_process_that_died_had_received_another_gets(
    redis_url: str, orders: OwnQueue, billing: OwnQueue, client: redis.Redis
) -> None:
    for number in range(2):
        orders.push(BILLING, "order", number)
    dead = ServiceMessageQueue.own(BILLING, redis_url, claim_seconds=30)
    assert data_of(everything(dead, 2)) == [0, 1]
    for pending in client.xpending_range(BILLING, GROUP, "-", "+", 10):
        client.xclaim(BILLING, GROUP, pending["consumer"], 0, [pending["message_id"]], idle=31_000, justid=True)
    assert [(message.data, message.tries) for message in everything(billing, 2)] == [(0, 2), (1, 2)]


def test_several_readers_share_a_queue(redis_url: str, orders: OwnQueue, billing: OwnQueue) -> None:
    for number in range(10):
        orders.push(BILLING, "order", number)
    with ServiceMessageQueue.own(BILLING, redis_url) as other:
        found = {queue: data_of(everything(queue, 5)) for queue in (billing, other)}
        assert sorted(data for each in found.values() for data in each) == list(range(10))  # type: ignore[type-var]


def test_a_process_that_works_long_says_that_it_is_alive(
    redis_url: str, orders: OwnQueue, client: redis.Redis
) -> None:
    orders.push(BILLING, "order", 1)
    with ServiceMessageQueue.own(BILLING, redis_url, claim_seconds=0.4) as slow:
        [message] = everything(slow, 1)
        [pending] = client.xpending_range(BILLING, GROUP, "-", "+", 1)
        client.xclaim(BILLING, GROUP, pending["consumer"], 0, [pending["message_id"]], idle=600_000, justid=True)

        def is_heard() -> bool:
            [pending] = client.xpending_range(BILLING, GROUP, "-", "+", 1)
            return bool(pending["time_since_delivered"] < 600_000)

        until(is_heard, "its thread says so, whatever the program does")
        slow.ack(message)


def test_a_process_that_is_killed_loses_nothing_and_gets_nothing_again(redis_url: str, orders: OwnQueue) -> None:
    for number in range(4):
        orders.push(BILLING, "order", number)
    program = (
        "import sys\n"
        "from rtserver.service.message_queue import ServiceMessageQueue\n"
        f"queue = ServiceMessageQueue.own({BILLING!r}, {redis_url!r}, claim_seconds=0.5)\n"
        "for message in queue:\n"
        "    if message.data == 2:\n"
        "        print('holds 2', flush=True)\n"
        "        sys.stdin.read()\n"
        "    queue.ack(message)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds 2\n"
        process.kill()
    with ServiceMessageQueue.own(BILLING, redis_url, claim_seconds=0.5) as restarted:
        again = everything(restarted, 2)
        assert sorted((message.data, message.tries) for message in again) == [(2, 2), (3, 1)]
        restarted.ack(*again)
        assert restarted.length() == 0


def test_a_child_of_the_process_must_open_a_queue_of_its_own(redis_url: str) -> None:
    queue = ServiceMessageQueue.own(BILLING, redis_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.getpid", lambda: 0)
        with pytest.raises(RuntimeError, match="queue:billing was opened before the fork: open it in the child"):
            queue.get()
    queue.close()


def test_a_program_of_a_hub_has_a_queue_as_well(redis_url: str) -> None:
    queue = OwnQueue(gevent_client(redis_url), BILLING, signs=HubSigns, pause=gevent.sleep)
    waiting = gevent.spawn(everything, queue, 1)
    turns = 0
    while not waiting.ready():
        gevent.sleep(0.001)
        turns += 1
        if turns == 20:
            queue.push(BILLING, "order", 1)
    [message] = waiting.get()
    queue.ack(message)
    assert queue.length() == 0
    queue.close()


def test_a_message_may_be_retried_or_buried(orders: OwnQueue, billing: OwnQueue, client: redis.Redis) -> None:
    orders.push(BILLING, "order", 1)
    [message] = billing.get()
    billing.retry(message, 0.05)
    [message] = everything(billing, 1)
    assert message.tries == 2
    billing.bury(message, "no_such_customer", "customer 9 is unknown")
    [(_, letter)] = client.xrange("{queue:billing}:dead")
    assert (letter[b"reason"], letter[b"detail"]) == (b"no_such_customer", b"customer 9 is unknown")
    assert letter[b"body"] == b'{"type":"order","src":"queue:orders","data":1}'
    assert billing.length() == 0


def test_a_message_that_was_tried_too_often_is_poison_and_holds_up_nobody(
    redis_url: str, orders: OwnQueue, client: redis.Redis
) -> None:
    orders.push(BILLING, "order", "poison")
    orders.push(BILLING, "order", "good")
    with ServiceMessageQueue.own(BILLING, redis_url, most_tries=2) as billing:
        for _ in range(2):
            poison = next(message for message in everything(billing, 1) if message.data == "poison")
            billing.retry(poison, 0.0)
        assert data_of(everything(billing, 1)) == ["good"]
    [(_, letter)] = client.xrange("{queue:billing}:dead")
    assert (letter[b"reason"], letter[b"detail"]) == (b"poison", b"received 2 times, and never acknowledged")


def test_what_is_no_message_is_buried_and_the_rest_is_received(
    orders: OwnQueue, billing: OwnQueue, client: redis.Redis
) -> None:
    for body in ("{", "[]", '{"type":"a","src":"b","data":[1,}'):
        client.xadd(BILLING, {"body": body})
    orders.push(BILLING, "order", 1)
    assert data_of(everything(billing, 1)) == [1]
    reasons = [letter[b"reason"] for _, letter in client.xrange("{queue:billing}:dead")]
    assert reasons == [b"bad_json", b"bad_message", b"bad_json"]


def test_who_has_the_secret_receives_only_what_is_signed(redis_url: str, client: redis.Redis) -> None:
    with (
        ServiceMessageQueue.own(BILLING, redis_url, secret="the secret", signature_seconds=60) as billing,
        ServiceMessageQueue.own(ORDERS, redis_url, secret="the secret", signature_seconds=60) as orders,
        ServiceMessageQueue.own(ORDERS, redis_url) as stranger,
    ):
        stranger.push(BILLING, "order", 1)
        orders.push(BILLING, "order", 2)
        assert data_of(everything(billing, 1)) == [2]
    [(_, letter)] = client.xrange("{queue:billing}:dead")
    assert letter[b"reason"] == b"bad_signature"


def test_a_message_that_expired_is_not_received(orders: OwnQueue, billing: OwnQueue) -> None:
    orders.push(BILLING, "price", 1, expires=time.time() - 1)
    orders.push(BILLING, "price", 2, expires=time.time() + 60)
    assert data_of(everything(billing, 1)) == [2]
    assert billing.length() == 1


def test_no_more_is_held_than_is_allowed(redis_url: str, orders: OwnQueue) -> None:
    for number in range(5):
        orders.push(BILLING, "order", number)
    with ServiceMessageQueue.own(BILLING, redis_url, most_held=2) as billing:
        two = everything(billing, 2)
        assert billing.get(5, timeout=0.05) == []
        billing.ack(*two)
        assert data_of(everything(billing, 2)) == [2, 3]


def test_a_list_is_no_queue_of_a_process(orders: OwnQueue, client: redis.Redis) -> None:
    client.rpush(BILLING, "x")
    with pytest.raises(QueueRefusedError, match="queue:billing is a list, not a stream"):
        orders.push(BILLING, "order", 1)
    assert client.lrange(BILLING, 0, -1) == [b"x"]


@pytest.mark.parametrize("name", ["", "a b", "{x}", None])
def test_a_bad_name_is_refused_where_it_is_given(redis_url: str, orders: OwnQueue, name: str) -> None:
    with pytest.raises(MessageError, match="the name of a queue"):
        ServiceMessageQueue.own(name, redis_url)
    with pytest.raises(MessageError, match="the name of a queue"):
        orders.push(name, "order", 1)


def test_what_json_cannot_say_is_not_sent(orders: OwnQueue, billing: OwnQueue) -> None:
    with pytest.raises(JsonError):
        orders.push(BILLING, "order", object())
    assert billing.length() == 0


def test_a_push_waits_for_a_redis_that_is_away_and_raises_a_refusal_at_once(
    redis_url: str, client: redis.Redis
) -> None:
    errors = [QueueAwayError("redis", "reset"), QueueAwayError("redis", "reset")]

    def call(operation: Callable[..., Any], /, *arguments: object) -> Any:
        while errors:
            errors.pop()
        return operation(*arguments)

    push = QueuePush(plain_client(redis_url), "queue:rtserver", Signer(), call=call)
    push(BILLING, "order", 1)
    assert client.xlen(BILLING) == 1
    client.set(ORDERS, "x")
    with pytest.raises(QueueRefusedError, match="queue:orders is a string, not a stream"):
        push(ORDERS, "order", 1)


@pytest.mark.parametrize("beside", ["bus", "leases"])
def test_the_empty_list_of_a_server_never_becomes_a_stream(
    client: redis.Redis, redis_url: str, orders: OwnQueue, beside: str
) -> None:
    client.xadd(f"{{queue:rtserver}}:{beside}", {"raw": "x"})
    with pytest.raises(MessageError, match="'queue:rtserver' is an rtserver's"):
        orders.push("queue:rtserver", "order", 1)
    with (
        ServiceMessageQueue.own("queue:rtserver", redis_url) as mistaken,
        pytest.raises(MessageError, match=r"ServiceMessageQueue\.connect"),
    ):
        mistaken.get()
    assert not client.exists("queue:rtserver")


def test_a_message_that_cannot_be_buried_costs_the_others_nothing(
    client: redis.Redis, orders: OwnQueue, billing: OwnQueue
) -> None:
    assert billing.get(timeout=0) == []
    client.set("{queue:billing}:dead", "a string")
    client.xadd(BILLING, {"body": "no JSON"})
    for number in range(3):
        orders.push(BILLING, "order", number)
    assert data_of(everything(billing, 3)) == [0, 1, 2]
    with pytest.raises(QueueRefusedError, match="dead is a string"):
        everything(billing, 1)
    client.delete("{queue:billing}:dead")
    until(lambda: not billing.get() and client.xlen("{queue:billing}:dead") == 1, "it is buried")


def test_the_reason_of_a_burial_may_be_any_text(client: redis.Redis, orders: OwnQueue, billing: OwnQueue) -> None:
    orders.push(BILLING, "order", 1)
    billing.bury(billing.get()[0], "bad_order", "no item '\ud800'")
    [(_, letter)] = client.xrange("{queue:billing}:dead")
    assert letter[b"detail"] == b"no item '?'"
    assert billing.length() == 0


def test_a_message_that_ends_its_readers_with_an_exception_becomes_poison(
    client: redis.Redis, redis_url: str, orders: OwnQueue
) -> None:
    orders.push(BILLING, "order", 1)

    def read_and_fail() -> None:
        with ServiceMessageQueue.own(BILLING, redis_url, claim_seconds=0.1, most_tries=2) as billing:
            until(lambda: [1 / 0 for _ in billing.get(timeout=0.2)] or not billing.length())

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            read_and_fail()
    read_and_fail()
    [(_, letter)] = client.xrange("{queue:billing}:dead")
    assert letter[b"reason"] == b"poison"
