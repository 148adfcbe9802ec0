"""Calls over Redis streams: when a message is done, and what becomes of one whose service is gone."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

import tcelib as tce
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases
from tcelib.queue.redis_stream import GROUP
from tcelib.redis.redis_connection import plain_client
from tcelib.service.service_lease import REGISTRY, SERVICE
from tcelib.service.taken_call import IDEMPOTENT
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.wire.message import LINGER_TIME, build_body
from tests.tcelib.transport.gevent_rig import QueueRig
from tests.tcelib.transport.rig import DEADLINE
from tests.tcelib.transport.talk import ECHO, NOTE, TalkPrx
from tests.until import until

stream_rig = pytest.mark.parametrize("rig", ["redis_stream"], indirect=True)
ALMOST_A_DAY_MS = 86_000_000
NUMBERS = itertools.count()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """Looks at the streams."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


def body(operation: tce.Operation[Any], text: str, sequence: int = 1, **extra: object) -> bytes:
    """A call as any program may put it."""
    params = operation.write_params(text)
    return build_body(sequence, 1, operation.route, paramsize=1, extra=extra, params=params)


def hand_out(
    client: redis.Redis, queue: str, call: bytes, *, times: int = 1, reader: str = "gone", **headers: str
) -> None:
    """Put a call in the hands of a reader that has been silent for a day."""
    fields: dict[str, Any] = {"body": call, **{f"h:{name}": value for name, value in headers.items()}}
    seconds, microseconds = client.time()
    entry = f"{seconds * 1000 + microseconds // 1000 + 1}-{next(NUMBERS)}"
    with client.pipeline() as together:  # before any reader that waits gets it
        together.xadd(queue, fields, id=entry)
        together.xreadgroup(GROUP, reader, {queue: ">"}, count=1)
        together.xclaim(queue, GROUP, reader, 0, [entry], idle=ALMOST_A_DAY_MS, retrycount=times, justid=True)
        together.execute()


def next_answer(client: redis.Redis, queue: str = "elsewhere") -> tce.RpcMessage:
    """The answer that comes first."""
    [(_, [(entry, fields)])] = client.xread({queue: "0"}, block=int(DEADLINE * 1000), count=1)
    client.xdel(queue, entry)
    return tce.RpcMessage.parse(fields[b"body"])


def letters(client: redis.Redis, queue: str) -> list[bytes]:
    """The reasons of the dead letters."""
    return [fields[b"reason"] for _, fields in client.xrange(f"{{{queue}}}:dead")]


@stream_rig
def test_a_message_is_removed_when_its_servant_has_ended(rig: QueueRig, client: redis.Redis) -> None:
    prx = TalkPrx(rig.dial())
    promise = rig.run(lambda: prx.hold_async("x"))
    assert rig.servant.arrivals.acquire(timeout=DEADLINE)
    assert client.xlen("requests") == 1
    rig.run(rig.servant.gate.set)
    assert promise.get(DEADLINE) == "x"
    rig.run(lambda: prx.note_oneway("one way"))  # until it is written: the test ends then
    until(lambda: rig.servant.notes == ["one way"], "it came")
    until(lambda: client.xlen("requests") == client.xlen("answers") == 0, "all is done")


@stream_rig
def test_a_message_whose_servant_is_a_coroutine_is_removed_when_that_has_ended(
    rig: QueueRig, client: redis.Redis
) -> None:
    prx = TalkPrx(rig.dial())

    class Waiting(type(rig.servant)):  # type: ignore[misc]
        async def call_back(self, text: str, ctx: tce.RpcContext) -> Any:
            return await prx.hold_async(text)

    rig.adapter.addServant(Waiting(rig.servant.gate))
    promise = rig.run(lambda: prx.call_back_async("x"))
    until(lambda: client.xlen("requests") == 2, "both calls are taken")
    rig.run(rig.servant.gate.set)
    assert promise.get(DEADLINE) == "x"
    until(lambda: client.xlen("requests") == 0, "all is done")


@stream_rig
def test_a_call_of_a_service_that_is_gone_is_answered_with_an_error_and_not_run(
    rig: QueueRig, client: redis.Redis
) -> None:
    rig.open("elsewhere", rig.queues, writes=True)
    until(lambda: client.exists("requests"), "the group is there")
    hand_out(client, "requests", body(NOTE, "an order", 77, __mq_return__="elsewhere", __user_id__="9"))
    answer = next_answer(client)
    assert (answer.sequence, answer.errcode, answer.ifidx) == (77, tce.RPCERROR_CONNECTION_LOST, 21)
    assert answer.extra.props == {"__user_id__": "9"}
    until(lambda: client.xlen("requests") == 0, "the call is removed")
    until(lambda: letters(client, "requests") == [b"unfinished"], "it is a dead letter")
    assert rig.servant.notes == []


@stream_rig
def test_a_call_is_left_to_its_service_as_long_as_that_has_a_lease(
    rig: QueueRig, client: redis.Redis, redis_url: str
) -> None:
    rig.open("elsewhere", rig.queues, writes=True)
    until(lambda: client.exists("requests"), "the group is there")
    with plain_client(redis_url) as registry:
        leases = RedisLeases(registry, REGISTRY)
        number = leases.join(Registration(SERVICE, "other"), 60.0)
        hand_out(client, "requests", body(NOTE, "an order", __mq_return__="elsewhere"), reader="lease:other")
        hand_out(client, "requests", body(NOTE, "an order", __mq_return__="elsewhere"), reader="lease:dead")
        assert next_answer(client).errcode == tce.RPCERROR_CONNECTION_LOST
        until(lambda: client.xlen("requests") == 1, "the dead letter is written")
        assert client.xpending_range("requests", GROUP, "-", "+", 10)[0]["consumer"] == b"lease:other"
        leases.leave(number)
        assert next_answer(client).errcode == tce.RPCERROR_CONNECTION_LOST
    assert rig.servant.notes == []


@stream_rig
def test_a_service_holds_a_lease_that_names_its_queue_and_gives_it_back_before_it_ends(
    rig: QueueRig, redis_url: str
) -> None:
    with plain_client(redis_url) as registry:
        leases = RedisLeases(registry, REGISTRY)

        def reads() -> list[tuple[str, ...]]:
            return sorted(holder.registration.reads for holder in leases.holders(SERVICE))

        until(lambda: reads() == [("requests",)], "it may be sent calls")
        prx = TalkPrx(rig.dial())
        rig.run(lambda: prx.hold_async("begun"))
        assert rig.servant.arrivals.acquire(timeout=DEADLINE)
        closing = rig.begin(rig.server.close)
        until(lambda: reads() == [(), ("answers",)], "nobody sends it more")
        rig.run(rig.servant.gate.set)
        closing.result(DEADLINE)
        assert reads() == [("answers",)]


@stream_rig
def test_an_idempotent_call_of_a_service_that_is_gone_runs_again(rig: QueueRig, client: redis.Redis) -> None:
    rig.open("elsewhere", rig.queues, writes=True)
    until(lambda: client.exists("requests"), "the group is there")
    hand_out(client, "requests", body(ECHO, "again", __mq_return__="elsewhere"), **{IDEMPOTENT: "true"})
    assert next_answer(client).paramstream == b"\0\0\0\x05again"


@stream_rig
def test_an_idempotent_call_that_all_services_die_of_is_poison(rig: QueueRig, client: redis.Redis) -> None:
    rig.open("elsewhere", rig.queues, writes=True)
    until(lambda: client.exists("requests"), "the group is there")
    hand_out(client, "requests", body(NOTE, "bad", __mq_return__="elsewhere"), times=5, **{IDEMPOTENT: "true"})
    assert next_answer(client).errcode == tce.RPCERROR_CONNECTION_LOST
    until(lambda: letters(client, "requests") == [b"poison"], "it is a dead letter")
    assert rig.servant.notes == []


@stream_rig
def test_a_call_that_was_given_back_runs(rig: QueueRig, client: redis.Redis) -> None:
    until(lambda: client.exists("requests"), "the group is there")
    hand_out(client, "requests", body(NOTE, "given back", __mq_return__="answers"), times=0)
    until(lambda: rig.servant.notes == ["given back"], "it runs")


@stream_rig
def test_a_call_whose_time_is_over_is_not_run(rig: QueueRig, client: redis.Redis) -> None:
    now = time.time()
    client.xadd("requests", {"body": body(NOTE, "late", **{LINGER_TIME: now - 1})})
    client.xadd("requests", {"body": body(NOTE, "late, says the gateway"), "expires": int((now - 1) * 1000)})
    client.xadd("requests", {"body": body(NOTE, "in time", **{LINGER_TIME: int(now + 1000)})})
    until(lambda: rig.servant.notes == ["in time"], "one runs")
    until(lambda: client.xlen("requests") == 0, "all are removed")
    until(lambda: letters(client, "requests") == [b"expired", b"expired"], "it is a dead letter")


@stream_rig
def test_a_connection_says_that_its_calls_are_idempotent(rig: QueueRig, client: redis.Redis) -> None:
    writer = rig.open("nobody", QueueCollection(), writes=True)
    rig.run(lambda: TalkPrx(writer).note_oneway("once"))
    writer.is_idempotent = True
    rig.run(lambda: TalkPrx(writer).note_oneway("twice"))
    assert [fields.get(b"h:idempotent") for _, fields in client.xrange("nobody")] == [None, b"true"]


@stream_rig
def test_a_service_that_closes_ends_what_it_has_begun_and_leaves_the_rest(rig: QueueRig, client: redis.Redis) -> None:
    prx = TalkPrx(rig.dial())
    promise = rig.run(lambda: prx.hold_async("begun"))
    assert rig.servant.arrivals.acquire(timeout=DEADLINE)
    closing = rig.begin(rig.server.close)
    until(lambda: rig.server.link.transport.is_draining, "it takes no more")
    rig.run(lambda: prx.note_oneway("for others"))
    rig.run(rig.servant.gate.set)
    assert promise.get(DEADLINE) == "begun"
    closing.result(DEADLINE)
    [(_, fields)] = client.xrange("requests")
    assert tce.RpcMessage.parse(fields[b"body"]).paramstream == NOTE.write_params("for others")
    assert rig.servant.notes == []
