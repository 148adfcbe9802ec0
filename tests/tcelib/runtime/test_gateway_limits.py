"""Clients at the doors of a gateway that are too many, too slow, too fast or too large, over real sockets."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import tcelib as tce
from tcelib.wire.message import MAGIC
from tests.tcelib.runtime.gateway_rig import GatewayRig, until_so
from tests.tcelib.transport.raw_peer import connect_and_reset
from tests.tcelib.transport.talk import ZEROS, TalkPrx

DOORS = pytest.mark.parametrize("door", ["socket", "websocket"])
HUGE = 0xFFFFFFFF
UPGRADE = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
MakeRig = Callable[..., GatewayRig]


@pytest.fixture
def make(tmp_path: Path, redis_url: str) -> MakeRig:
    """Makes a gateway with limits."""

    def make(door: str = "socket", attributes: str = "", **limits: float) -> GatewayRig:
        rig = GatewayRig(tmp_path, redis_url, door=door, kind="mq", attributes=attributes)
        properties = "".join(f'<property name="limit.{name}" value="{value}"/>' for name, value in limits.items())
        text = rig.file.read_text(encoding="utf-8")
        rig.file.write_text(text.replace("</properties>", f"{properties}</properties>"), encoding="utf-8")
        return rig

    return make


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Sockets of the test, closed at its end."""
    with ExitStack() as stack:
        yield stack


def connect(rig: GatewayRig, stack: ExitStack, data: bytes = b"") -> socket.socket:
    """A client that is only a socket."""
    sock = stack.enter_context(socket.create_connection(("127.0.0.1", rig.port), 20.0))
    if data:
        sock.sendall(data)
    return sock


def is_closed(sock: socket.socket) -> bool:
    """Return whether the gateway has closed the connection. Never waits."""
    sock.setblocking(False)
    try:
        while data := sock.recv(65_536):
            assert data
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def guard_of(rig: GatewayRig) -> Any:
    assert rig.gateway._gateway is not None
    return rig.gateway._gateway.guard


def adapter_of(rig: GatewayRig) -> Any:
    return rig.gateway._adapters["clients"]


@DOORS
def test_connections_are_limited_and_room_is_used_again(make: MakeRig, stack: ExitStack, door: str) -> None:
    with make(door, connections=3) as rig:
        rig.serve()
        clients = [rig.dial() for _ in range(3)]
        for prx in clients:
            prx.echo("in")
        extra = connect(rig, stack)
        until_so(lambda: is_closed(extra))
        clients[0].conn.close()
        until_so(lambda: len(guard_of(rig)) == 2)
        assert rig.dial().echo("x") == "x"
        assert guard_of(rig).counted.counts["connections"] == 1


def test_one_address_has_so_many_connections(make: MakeRig, stack: ExitStack) -> None:
    with make(connections_per_ip=2) as rig:
        rig.serve()
        assert [rig.dial().echo("x") for _ in range(2)] == ["x", "x"]
        extra = connect(rig, stack)
        until_so(lambda: is_closed(extra))


@pytest.mark.parametrize("words", [b"", UPGRADE, b"\x16\x03\x01", UPGRADE + b"X: " + b"x" * 100_000])
@pytest.mark.parametrize("is_secure", [False, True])
def test_handshakes_that_do_not_end_are_given_up_and_leave_nothing(
    make: MakeRig, stack: ExitStack, certificate: Path, words: bytes, is_secure: bool
) -> None:
    attributes = f'certfile="{certificate}"' if is_secure else ""
    with make("websocket", attributes, handshake_seconds=0.3) as rig:
        socks = [connect(rig, stack, words) for _ in range(20)]
        until_so(lambda: all(is_closed(sock) for sock in socks), "all are closed")
        until_so(lambda: not len(guard_of(rig)))
        assert not adapter_of(rig).connections


def test_of_too_many_handshakes_the_oldest_goes_and_a_client_comes_in(make: MakeRig, stack: ExitStack) -> None:
    with make("websocket", pending=5) as rig:
        rig.serve()
        socks = [connect(rig, stack) for _ in range(5)]
        until_so(lambda: len(guard_of(rig)) == 5)
        assert rig.dial().echo("x") == "x"
        until_so(lambda: is_closed(socks[0]))
        assert not is_closed(socks[4])


@DOORS
def test_idle_connections_are_closed(make: MakeRig, door: str) -> None:
    with make(door, idle_seconds=1.0) as rig:
        rig.serve()
        prx = rig.dial()
        prx.echo("x")
        until_so(lambda: not prx.conn.is_open)
        until_so(lambda: not len(guard_of(rig)))


@DOORS
def test_a_message_that_is_too_long_ends_its_connection_and_no_other(make: MakeRig, door: str) -> None:
    with make(door, packet_bytes=10_000) as rig:
        rig.serve()
        prx, other = rig.dial(), rig.dial()
        assert other.echo("x" * 9_000) == "x" * 9_000
        with pytest.raises(tce.RpcException) as error:
            prx.blob(os.urandom(20_000))
        assert error.value.errcode == tce.RPCERROR_CONNECTION_LOST
        assert other.conn.is_open
        assert prx.echo("y") == "y"


def test_a_message_that_inflates_to_too_much_is_refused(make: MakeRig) -> None:
    with make(packet_bytes=10_000) as rig:
        rig.serve()
        prx = rig.dial()
        prx.echo("x")  # so the client knows that the gateway inflates
        with pytest.raises(tce.RpcException) as error:
            prx.blob(bytes(500_000))
        assert error.value.errcode == tce.RPCERROR_UNSERIALIZE_FAILED
        assert prx.echo("y") == "y"


def test_a_length_beyond_all_bounds_ends_the_connection(make: MakeRig, stack: ExitStack) -> None:
    with make() as rig:
        rig.serve()
        envelope = MAGIC.to_bytes(4, "big") + HUGE.to_bytes(4, "big") + bytes(6)
        socks = [connect(rig, stack, envelope + bytes(1_000)) for _ in range(5)]
        until_so(lambda: all(is_closed(sock) for sock in socks))
        assert rig.dial().echo("x") == "x"


@DOORS
def test_calls_come_at_a_rate_and_are_all_answered(make: MakeRig, door: str) -> None:
    with make(door, calls=100) as rig:
        rig.serve()
        fast, other = rig.dial(), rig.dial()
        promises = [fast.echo_async(str(number)) for number in range(1_100)]
        until_so(lambda: guard_of(rig).counted.counts["calls"])
        assert other.echo("x") == "x"
        assert [promise.get() for promise in promises] == [str(number) for number in range(1_100)]


def test_a_slow_connection_that_is_closed_is_gone_at_once(make: MakeRig) -> None:
    with make(calls=1) as rig:
        rig.serve()
        prx = rig.dial()
        for number in range(1_000):
            prx.note_oneway(str(number))
        until_so(lambda: guard_of(rig).counted.counts["calls"])
        (there,) = adapter_of(rig).connections
        there.close()
        until_so(lambda: not prx.conn.is_open)
        until_so(lambda: not len(guard_of(rig)))


def test_bytes_come_at_a_rate(make: MakeRig) -> None:
    with make(bytes=50_000) as rig:
        rig.serve()
        prx = rig.dial()
        for _ in range(8):
            prx.blob(os.urandom(70_000))
        assert guard_of(rig).counted.counts["bytes"]


@DOORS
def test_a_client_that_does_not_read_holds_little_memory_and_is_given_up(make: MakeRig, door: str) -> None:
    most = 2_000_000
    with make(door, 'compress="0"', unsent_bytes=most) as rig:
        rig.serve()
        other = rig.dial()
        other.echo("in")
        slow = rig.dial()
        slow.echo("in")
        link: Any = slow.conn.transport
        link._is_relieved.clear()  # it reads no more
        sizes: list[int] = []
        promises = [ask(slow) for _ in range(40)]
        until_so(lambda: sizes.append(guard_of(rig).unsent) or len(guard_of(rig)) == 1, "it was given up")
        link._is_relieved.set()
        until_so(lambda: any(promise.done() for promise in promises))
        assert max(sizes) <= most
        assert guard_of(rig).unsent == 0
        assert other.echo("x") == "x"


def ask(prx: TalkPrx) -> tce.RpcPromise[bytes]:
    """Ask for 900 kB."""
    return prx._call_async(ZEROS, (900_000,), callback=None)


def test_when_too_much_waits_for_all_the_slowest_goes(make: MakeRig) -> None:
    with make(attributes='compress="0"', unsent_total_bytes=3_000_000) as rig:
        rig.serve()
        other, *slow = (rig.dial() for _ in range(4))
        other.echo("in")
        links: list[Any] = []
        for prx in slow:
            prx.echo("in")
            links.append(prx.conn.transport)
            links[-1]._is_relieved.clear()
        for prx in slow:
            for _ in range(20):
                ask(prx)
        until_so(lambda: guard_of(rig).counted.counts["outboxes"], "one was given up")
        assert guard_of(rig).unsent <= 3_000_000
        assert other.echo("x") == "x"
        for link in links:
            link._is_relieved.set()


def dial_tls(rig: GatewayRig, certificate: Path) -> TalkPrx:
    client = rig.program("client")
    endpoint = tce.RpcEndPoint("there", "localhost", rig.port, certfile=str(certificate))
    return TalkPrx.create(client.addEndPoint(endpoint))


def test_tls_that_is_none_costs_one_connection(make: MakeRig, stack: ExitStack, certificate: Path) -> None:
    with make("socket", f'certfile="{certificate}"') as rig:
        rig.serve()
        sock = connect(rig, stack, b"GET / HTTP/1.0\r\n\r\n")
        until_so(lambda: is_closed(sock))
        assert dial_tls(rig, certificate).echo("x") == "x"


@pytest.mark.parametrize("data", [b"", b"x", None])
def test_a_connection_that_is_reset_before_tls_begins_is_not_counted_any_more(
    make: MakeRig, certificate: Path, data: bytes | None
) -> None:
    with make("socket", f'certfile="{certificate}"', connections_per_ip=1) as rig:
        rig.serve()
        for _ in range(3):
            connect_and_reset(rig.port, data)
        assert dial_tls(rig, certificate).echo("x") == "x"
        assert len(guard_of(rig)) == 1
