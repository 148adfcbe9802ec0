"""Connections on which nothing comes any more, though nobody has closed them."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import pytest

import tcelib as tce
from soak.chaos.proxy import Proxy
from tcelib.core import liveness
from tcelib.transport.keep_alive import expect_life
from tests.tcelib.transport.conftest import SOCKET_RIGS
from tests.tcelib.transport.contract import NEVER
from tests.tcelib.transport.rig import DEADLINE, SocketRig
from tests.tcelib.transport.talk import TalkPrx
from tests.until import until

T = TypeVar("T")
QUESTION_SECONDS = 0.2
CALL_SECONDS = 0.1
MOST_TIMEOUTS = 30  # two or three are the rule; a busy machine may take its time
streams = pytest.mark.parametrize("rig", SOCKET_RIGS, indirect=True)


class Relay:
    """The chaos tests' proxy in front of one server, in a thread of its own."""

    def __init__(self, backend: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._proxy = Proxy(lambda: [backend])
        self._run(self._proxy.__aenter__)
        self.port = self._proxy.port

    def freeze(self) -> None:
        """From now on nobody hears anything over the connections that are open."""

        async def freeze() -> None:
            for link in self._proxy.links:
                link.freeze()

        self._run(freeze)

    def close(self) -> None:
        self._run(self._proxy.__aexit__)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()

    def _run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(DEADLINE)


@pytest.fixture
def relay(rig: SocketRig) -> Iterator[Relay]:
    relay = Relay(rig.port)
    yield relay
    rig.hang_up()
    relay.close()


@pytest.fixture(autouse=True)
def _short_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "LEAST_SECONDS", QUESTION_SECONDS)
    monkeypatch.setattr(liveness, "MOST_SECONDS", QUESTION_SECONDS)


@streams
def test_a_half_open_connection_is_opened_anew(rig: SocketRig, relay: Relay) -> None:
    prx = TalkPrx(rig.dial(relay.port))
    prx.echo("before")
    relay.freeze()
    errcodes = []
    while len(errcodes) < MOST_TIMEOUTS:
        try:
            assert prx.echo("after", timeout=CALL_SECONDS) == "after"
            break
        except tce.RpcException as error:
            errcodes.append(error.errcode)
    assert errcodes[0] == tce.RPCERROR_TIMEOUT
    assert len(errcodes) < MOST_TIMEOUTS


@streams
def test_calls_that_wait_on_a_half_open_connection_end_with_it(rig: SocketRig, relay: Relay) -> None:
    prx = TalkPrx(rig.dial(relay.port))
    prx.echo("before")
    relay.freeze()
    patient = prx.echo_async("patient")
    with pytest.raises(tce.RpcException):
        prx.echo("impatient", timeout=CALL_SECONDS)
    with pytest.raises(tce.RpcException) as caught:
        patient.get(DEADLINE)
    assert caught.value.errcode == tce.RPCERROR_CONNECTION_LOST


@streams
def test_a_server_that_is_slow_keeps_its_connection(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())
    patient = prx.hold_async("patient")
    assert rig.servant.arrivals.acquire(timeout=DEADLINE)
    for seconds in (NEVER, 3 * QUESTION_SECONDS):  # the second one ends long after the question was answered
        with pytest.raises(tce.RpcException) as caught:
            prx.hold("impatient", timeout=seconds)
        assert caught.value.errcode == tce.RPCERROR_TIMEOUT
    rig.run(rig.servant.gate.set)
    assert patient.get(DEADLINE) == "patient"


@streams
def test_the_system_looks_after_both_ends(rig: SocketRig) -> None:
    conn = rig.dial()
    TalkPrx(conn).echo("hello")
    (there,) = rig.run(lambda: tuple(rig.adapter.connections))
    for end in (conn, there):
        transport = end.transport
        held = transport._socket  # type: ignore[attr-defined]
        sock = held if hasattr(held, "getsockopt") else held.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


def test_questions_and_patience_of_the_system() -> None:
    options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
    with socket.socket() as peer:
        expect_life(peer, 0)
        assert not peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        expect_life(peer, 25.0)
        assert [peer.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [25, 8, 3, 50_000]
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@pytest.mark.parametrize("rig", ["asyncio_websocket", "gevent_websocket", "gevent_tls"], indirect=True)
def test_a_handshake_that_fails_leaves_nothing_at_the_adapter(rig: SocketRig) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", rig.port), DEADLINE) as sock, suppress(OSError):
            sock.sendall(b"GET / HTTP/1.1\r\n")
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1024):
                pass
    until(lambda: not rig.adapter.connections, "the adapter knows of no connection")
