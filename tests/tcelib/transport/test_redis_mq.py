"""Queues on Redis lists: what lies there, and what is left lying."""

import time
from pathlib import Path
from typing import Any

import pytest
import redis

import tcelib as tce
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.wire.message import LINGER_TIME, RETURN, build_body
from tests.redis_pair import Pair
from tests.redis_process import RedisProcess
from tests.tcelib.transport.gevent_rig import QueueRig
from tests.tcelib.transport.rig import DEADLINE
from tests.tcelib.transport.talk import ECHO, NOTE, Talk, TalkPrx

HEALED_SECONDS = 5.0
queue_rig = pytest.mark.parametrize("rig", ["redis_mq"], indirect=True)


def body(operation: tce.Operation[Any], text: str, sequence: int = 1, **extra: object) -> bytes:
    """A call as any program may push it."""
    params = operation.write_params(text)
    return build_body(sequence, 1, operation.route, paramsize=1, extra=extra, params=params)


@queue_rig
def test_a_call_lies_on_the_list_without_envelope_and_names_its_return_queue(rig: QueueRig, redis_url: str) -> None:
    queues = QueueCollection()
    writer = rig.open("elsewhere", queues, writes=True)
    writer.setLoopbackMQ(rig.open("mine", queues, reads=True))
    TalkPrx(writer).echo_async("x" * 200)
    with redis.Redis.from_url(redis_url) as client:
        _, data = client.blpop(["elsewhere"], DEADLINE)
    message = tce.RpcMessage.parse(data)
    assert message.extra.props == {"__mq_return__": "mine"}
    assert message.paramstream == b"\0\0\0\xc8" + b"x" * 200


@queue_rig
def test_an_answer_carries_sequence_interface_and_extra_of_its_call(rig: QueueRig, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("requests", body(ECHO, "hello", 77, __mq_return__="answers", __user_id__="9"))
        _, data = client.blpop(["answers"], DEADLINE)
    answer = tce.RpcMessage.parse(data)
    assert (answer.calltype, answer.sequence, answer.ifidx) == (RETURN, 77, 21)
    assert answer.extra.props == {"__mq_return__": "answers", "__user_id__": "9"}
    assert answer.paramstream == b"\0\0\0\x05hello"


@queue_rig
def test_a_message_whose_time_is_over_is_dropped(rig: QueueRig, redis_url: str) -> None:
    now = time.time()
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(
            "requests",
            body(NOTE, "too late", **{LINGER_TIME: now - 1}),
            body(NOTE, "in time", **{LINGER_TIME: str(int(now + 1000))}),
            body(NOTE, "no number", **{LINGER_TIME: "soon"}),
            body(ECHO, "the last", __mq_return__="answers"),
        )
        client.blpop(["answers"], DEADLINE)
    assert rig.servant.notes == ["in time", "no number"]


@queue_rig
def test_nothing_is_pushed_to_a_queue_that_only_a_message_names(rig: QueueRig, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("requests", body(ECHO, "hello", __mq_return__="somebody:elses:key"))
        client.rpush("requests", body(ECHO, "hello", __mq_return__="answers"))
        client.blpop(["answers"], DEADLINE)
        assert client.keys("somebody*") == []


@queue_rig
def test_rubbish_on_a_queue_is_skipped(rig: QueueRig, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("requests", b"", b"rubbish", b"\x01" * 30, body(ECHO, "good", __mq_return__="answers"))
        _, data = client.blpop(["answers"], DEADLINE)
    assert tce.RpcMessage.parse(data).paramstream == b"\0\0\0\x04good"


@queue_rig
def test_what_has_no_place_yet_stays_on_the_list_for_others(rig: QueueRig, redis_url: str) -> None:
    reader = rig.open("crowded", QueueCollection(), reads=True, max_waiting_servants=2)
    rig.adapter.addConnection(reader)
    prx = TalkPrx(rig.open("crowded", QueueCollection(), writes=True))
    prx.conn.setLoopbackMQ(rig.open("answers2", QueueCollection(), reads=True))  # type: ignore[attr-defined]
    rig.run(lambda: [prx.hold_async(str(number)) for number in range(10)])
    assert all(rig.servant.arrivals.acquire(timeout=DEADLINE) for _ in range(2))
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen("crowded") == 8


@queue_rig
def test_calls_may_nest_deeper_than_there_are_places(rig: QueueRig) -> None:
    prx = TalkPrx(rig.dial())

    class Nesting(Talk):
        def nest(self, depth: int, ctx: tce.RpcContext) -> int:
            return 1 + prx.nest(depth - 1) if depth else 0

    rig.adapter.addServant(Nesting(rig.servant.gate))
    assert prx.nest(120) == 120
    assert prx.echo("all places are free again") == "all places are free again"


def test_calls_go_on_after_a_failover_whose_old_primary_stays_up(tmp_path: Path) -> None:
    directories = [tmp_path / name for name in ("one", "other")]
    for directory in directories:
        directory.mkdir()
    one, other = (RedisProcess(directory, "--repl-diskless-sync-delay", "0") for directory in directories)
    try:
        with Pair(one.start(), other.start()) as pair:
            rig = QueueRig(pair.url)
            prx = TalkPrx(rig.dial())
            for turn in range(3):  # there, back, and there again
                deadline = time.monotonic() + HEALED_SECONDS
                assert answer_of(prx, f"call {turn}", deadline) == f"call {turn}"
                pair.swap()
            rig.close()
    finally:  # in good order, a primary would wait for its replica
        one.kill()
        other.kill()


def answer_of(prx: TalkPrx, text: str, deadline: float) -> str:
    """Return the answer to a call, repeated if it was lost on its way back; RPUSH and BLPOP themselves heal."""
    while True:
        try:
            return prx.echo(text)
        except tce.RpcException:
            assert time.monotonic() < deadline, "not healed"


@queue_rig
def test_a_queue_that_was_closed_takes_nothing(rig: QueueRig) -> None:
    prx = TalkPrx(rig.dial())
    rig.run(prx.conn.close)
    with pytest.raises(tce.RpcException) as caught:
        prx.echo("hello")
    assert caught.value.errcode == tce.RPCERROR_SENDFAILED


def test_a_collection_finds_writers_and_readers_by_name(redis_url: str) -> None:
    rig = QueueRig(redis_url)
    queues = QueueCollection()
    reader = rig.open("both", queues, reads=True)
    assert queues.get("both") is reader
    assert queues.writer("both") is None
    writer = rig.open("both", queues, writes=True)
    assert queues.get("both") is writer
    rig.run(writer.close)
    assert queues.get("both") is reader
    rig.close()
    assert queues.get("both") is None
