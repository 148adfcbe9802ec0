"""A gateway passes messages on to a queue: in order, together, and it knows which of a failed write may be there."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import gevent
import gevent.event
import pytest
import redis

from tcelib.error import RPCERROR_CONNECT_FAILED, RPCERROR_CONNECTION_LOST, RPCERROR_SENDFAILED, RpcException
from tcelib.queue.message import Message
from tcelib.runtime.gateway.parcel import Parcel
from tcelib.runtime.gateway.queue_writer import QueueWriter
from tcelib.wire.message import CALL, ONEWAY, build_body
from tests.redis_process import RedisProcess
from tests.tcelib.runtime.gateway_rig import GatewayRig, errcode_of, until_so
from tests.tcelib.transport.talk import NOTE


class Desk:
    """A queue: it is away with ``failure``, and takes messages while its ``gate`` is open."""

    has_headers = True

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.failure: RpcException | None = None
        self.gate = gevent.event.Event()
        self.gate.set()
        self.unsent: list[tuple[bytes, bool]] = []
        self.writer = QueueWriter[str](self, lambda parcel, is_lost: self.unsent.append((parcel.body, is_lost)))

    def put(self, messages: Sequence[Message], /) -> None:
        """See ``Outward``."""
        self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.taken += [message.body for message in messages]

    def add(self, body: bytes, sender: str | None = "ann") -> None:
        self.writer.add(Parcel(body, sender, math.inf, is_idempotent=False))


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.gate.set()
    desk.writer.close()


@pytest.mark.parametrize(
    ("errcode", "is_lost"),
    [
        (RPCERROR_CONNECT_FAILED, False),
        (RPCERROR_SENDFAILED, False),
        (RPCERROR_CONNECTION_LOST, True),
    ],
)
def test_what_perhaps_got_onto_the_queue_is_lost_and_not_unsent(desk: Desk, errcode: int, is_lost: bool) -> None:
    desk.failure = RpcException(errcode)
    desk.add(b"a")
    desk.add(b"b")
    until_so(lambda: desk.unsent == [(b"a", is_lost), (b"b", is_lost)], "both came back")


def test_a_call_that_redis_perhaps_has_ends_with_connection_lost_and_not_as_one_that_nobody_runs(
    tmp_path: Path,
) -> None:
    with RedisProcess(tmp_path) as server, GatewayRig(tmp_path, f"{server.url}?socket_timeout=0.3") as rig:
        rig.serve()
        prx = rig.dial()
        assert prx.echo("before") == "before"
        server.freeze()
        assert errcode_of(lambda: prx.echo("perhaps", 20.0)) == RPCERROR_CONNECTION_LOST
        assert rig.state.refused["lost"] == 1
        server.thaw()


@pytest.mark.parametrize("kind", ["stream", "mq"])
def test_a_queue_is_read_no_further_while_the_one_that_it_leads_to_is_full(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("tcelib.runtime.gateway.queue_writer.PAUSE_BYTES", 50)
    made = GatewayRig(tmp_path, redis_url, kind=kind)
    bridge = made.file.read_text(encoding="utf-8").replace(
        'in="answers" out="clients"', 'in="answers" out="calls"', 1
    )
    made.file.write_text(bridge, encoding="utf-8")
    with redis.Redis.from_url(redis_url) as client, made as rig:
        assert rig.gateway._gateway is not None
        writer = rig.gateway._gateway._writers["calls"]
        gate = gevent.event.Event()
        put, wait_room = writer.link.put, writer.wait_room
        waits: list[float | None] = []

        def put_when_open(messages: Sequence[Message]) -> None:
            gate.wait()
            put(messages)

        def note_wait(timeout: float | None = None) -> None:
            waits.append(timeout)
            wait_room(timeout)

        monkeypatch.setattr(writer.link, "put", put_when_open)
        monkeypatch.setattr(writer, "wait_room", note_wait)

        def push(text: str) -> None:
            params = len(text).to_bytes(4, "big") + text.encode()
            body = build_body(1, CALL | ONEWAY, NOTE.route, paramsize=1, extra={}, params=params)
            if kind == "stream":
                client.xadd("answers", {"body": body})
            else:
                client.rpush("answers", body)

        push("a" * 100)
        until_so(lambda: not writer.has_room, "the first one fills the queue")
        full = writer._bytes
        push("b" * 100)
        until_so(lambda: waits, "the second one waits")
        assert writer._bytes == full
        gate.set()
        rig.serve_alone()
        until_so(lambda: rig.servant.notes == ["a" * 100, "b" * 100], "both go on, in order")


def test_what_no_client_waits_for_is_counted_if_its_queue_does_not_take_it(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GatewayRig(tmp_path, redis_url) as rig:
        assert rig.gateway._gateway is not None
        writer = rig.gateway._gateway._writers["calls"]

        def refuse(messages: Sequence[Message], /) -> None:
            raise RpcException(RPCERROR_CONNECT_FAILED)

        monkeypatch.setattr(writer.link, "put", refuse)
        writer.add(Parcel(b"bridged", None, math.inf, is_idempotent=False))
        until_so(lambda: rig.state.dropped == {"unsent": 1}, "it is counted")
