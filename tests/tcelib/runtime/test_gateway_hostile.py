"""Gateways among careless producers, services that answer wrongly, and a Redis that refuses."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest
import redis

import tcelib as tce
from tcelib.queue.redis_stream import GROUP
from tcelib.wire.message import RETURN, RpcMessage
from tests.redis_process import RedisProcess
from tests.tcelib.runtime.gateway_rig import GatewayRig, errcode_of, until_so
from tests.tcelib.transport.talk import BLOB, TalkPrx

KINDS = pytest.mark.parametrize("kind", ["stream", "mq"])
NO_MESSAGES = (b"", b"x", bytes(20), bytes(21), b"\xff" * 21, b"\x01" * 300, b"GET / HTTP/1.1\r\n\r\n" * 10)
UNREACHABLE = (tce.RPCERROR_CONNECT_UNREACHABLE, tce.RPCERROR_TIMEOUT)
LONG = 2 * 1024 * 1024
READER = "a service in another language"


@pytest.fixture(autouse=True)
def without_tracebacks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing here is a fault of the gateway's."""
    caplog.set_level(logging.INFO, "tce")
    yield
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


@contextmanager
def in_redis(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url) as client:
        yield client


def take_call(client: redis.Redis) -> RpcMessage:
    """Take one call off the stream, as a service in another language does."""
    taken: list[Any] = []

    def take() -> bool:
        taken.extend(client.xreadgroup(GROUP, READER, {"calls": ">"}, count=1) or [])
        return bool(taken)

    if not client.exists("calls"):
        client.xgroup_create("calls", GROUP, "0", mkstream=True)
    until_so(take, "the call is on its queue")
    [(_, [(_, fields)])] = taken
    return RpcMessage.parse(fields[b"body"])


def answer(client: redis.Redis, call: RpcMessage, params: bytes, **changes: int) -> None:
    """Put an answer to a call on its queue, with a result that is bytes."""
    fields = {"sequence": call.sequence, "ifidx": call.ifidx, "call_id": call.call_id, **changes}
    body = RpcMessage(
        RETURN, **fields, paramsize=1, extra=call.extra, paramstream=len(params).to_bytes(4, "big") + params
    ).pack()
    client.xadd("answers", {"body": body})


def blob(prx: TalkPrx, data: bytes) -> tce.RpcPromise[bytes]:
    """A call that takes bytes and gives some."""
    return prx._call_async(BLOB, (data,))


@KINDS
def test_bytes_that_are_no_messages_harm_nobody(tmp_path: Path, redis_url: str, kind: str) -> None:
    with GatewayRig(tmp_path, redis_url, kind=kind) as rig, in_redis(redis_url) as client:
        rig.serve()
        prx = rig.dial()
        assert prx.echo("before") == "before"
        for queue in ("calls", "answers"):
            for data in NO_MESSAGES:
                client.rpush(queue, data) if kind == "mq" else client.xadd(queue, {"body": data})
        if kind == "stream":
            client.xadd("calls", {"no body": "x"})
            client.xadd("answers", {"body": b"x", "expires": "tomorrow"})
        assert prx.echo("after") == "after"


def test_an_answer_with_another_number_goes_to_nobody_and_one_that_comes_twice_counts_once(
    tmp_path: Path, redis_url: str
) -> None:
    with GatewayRig(tmp_path, redis_url) as rig, in_redis(redis_url) as client:
        rig.play_service()
        mine, other = rig.dial(), rig.dial()
        promises = [blob(mine, b"mine"), blob(other, b"other")]
        gevent.sleep(0)
        calls = [take_call(client), take_call(client)]
        for call in calls:
            answer(client, call, b"of another", sequence=call.sequence + 1)
            answer(client, call, b"of another", call_id=call.call_id ^ 1)
            answer(client, call, b"of another", ifidx=call.ifidx + 1)
        for call in calls:
            answer(client, call, call.paramstream[4:])
            answer(client, call, b"again")
        assert [promise.get() for promise in promises] == [b"mine", b"other"]
        until_so(lambda: rig.state.dropped["late"] == 6, "each of the others is dropped")


def test_an_answer_that_is_too_long_is_an_error_for_its_caller_and_delays_nobody(
    tmp_path: Path, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with GatewayRig(tmp_path, redis_url) as rig, in_redis(redis_url) as client:
        rig.play_service()
        promises = [blob(rig.dial(), text) for text in (b"long", b"short")]
        gevent.sleep(0)
        for _ in promises:
            call = take_call(client)
            answer(client, call, bytes(LONG) if call.paramstream[4:] == b"long" else b"short")
        assert errcode_of(promises[0].get) == tce.RPCERROR_SENDFAILED
        assert promises[1].get() == b"short"
    assert len([record for record in caplog.records if "not delivered" in record.getMessage()]) == 1


def be_a_list(client: redis.Redis) -> Callable[[], object]:
    client.delete("calls", "answers")
    client.rpush("calls", "x")
    client.rpush("answers", "x")
    return lambda: client.delete("calls", "answers")


def be_full(client: redis.Redis) -> Callable[[], object]:
    client.config_set("maxmemory", 1)
    return lambda: client.config_set("maxmemory", 0)


def be_a_replica(client: redis.Redis) -> Callable[[], object]:
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    return lambda: client.execute_command("REPLICAOF", "NO", "ONE")


def want_a_password(client: redis.Redis) -> Callable[[], object]:
    client.config_set("requirepass", "secret")
    client.execute_command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")
    return lambda: client.config_set("requirepass", "")


@pytest.mark.parametrize("refuse", [be_a_list, be_full, be_a_replica, want_a_password])
def test_while_redis_refuses_calls_fail_in_time_and_then_all_goes_on(
    tmp_path: Path,
    refuse: Callable[[redis.Redis], Callable[[], object]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        RedisProcess(tmp_path) as server,
        GatewayRig(tmp_path, server.url, timeout=3) as rig,
        in_redis(server.url) as client,
    ):
        rig.serve()
        prx = rig.dial()
        assert prx.echo("before") == "before"
        mend = refuse(client)
        begun = time.monotonic()
        assert errcode_of(lambda: prx.echo("meanwhile", 20.0)) in UNREACHABLE
        assert time.monotonic() - begun < 4.0
        mend()
        until_so(lambda: is_answered(prx), "it works again")


def is_answered(prx: TalkPrx) -> bool:
    try:
        return prx.echo("after", 20.0) == "after"
    except tce.RpcException:
        return False
