"""What a gateway passes on to a queue: in order, together, and what it knows of a write that failed."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import gevent
import gevent.event
import pytest

from tcelib.error import RPCERROR_CONNECT_FAILED, RPCERROR_CONNECTION_LOST, RPCERROR_SENDFAILED, RpcException
from tcelib.queue.message import Message
from tcelib.runtime.gateway.parcel import Parcel
from tcelib.runtime.gateway.queue_writer import QueueWriter
from tests.redis_process import RedisProcess
from tests.tcelib.runtime.gateway_rig import GatewayRig, errcode_of, until_so


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
