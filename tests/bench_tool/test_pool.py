"""Connections against a server of the test's own, plain and with TLS, that does what a real one rarely does."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rtserver.base.wire.frame import close_frame, text_frame
from rtserver.base.wire.handshake import accept_value
from rtserver.bench.client.error import OptionError, TargetError
from rtserver.bench.client.target import Target
from rtserver.bench.client.websocket import KEY
from rtserver.bench.pool import ConnectionPool

SECONDS = 10.0
HEADERS = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
}
WELCOME = f"HTTP/1.1 101 Welcome\r\nSec-WebSocket-Accept: {accept_value(HEADERS)}\r\n\r\n".encode()


class Peer:
    """Takes one connection, and lets ``serve`` have it after the client's request was read."""

    def __init__(self, serve: Callable[[socket.socket], object], context: ssl.SSLContext | None = None) -> None:
        self._serve = serve
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self._thread = threading.Thread(target=self._run, daemon=True)
        scheme = "ws" if context is None else "wss"
        self.target = Target(scheme, "127.0.0.1", self._listener.getsockname()[1], "/rt/")

    def __enter__(self) -> "Peer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(SECONDS)
        self._listener.close()
        assert not self._thread.is_alive()

    def _run(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(SECONDS)
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += connection.recv(65536)
            self._serve(connection)
        except ssl.SSLError:
            pass  # a client that does not like our certificate
        finally:
            connection.close()


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def read_until(pool: ConnectionPool, payloads: list[bytes], done: Callable[[], bool]) -> None:
    for _ in range(int(SECONDS / 0.1)):
        if done():
            return
        pool.turn(0.1, lambda _connection, new: payloads.extend(new))
    raise AssertionError(f"only {payloads} came")


def opened(peer: Peer, payloads: list[bytes], *, verify: bool = True) -> ConnectionPool:
    pool = ConnectionPool(peer.target, verify=verify)
    try:
        pool.open(1, lambda _connection, new: payloads.extend(new), lambda: None)
    except TargetError:
        pool.close()
        raise
    return pool


def test_a_message_in_the_packet_of_the_answer_is_not_forgotten() -> None:
    payloads: list[bytes] = []
    greeting = WELCOME + text_frame(b"first")
    with Peer(lambda connection: connection.sendall(greeting)) as peer, closing(opened(peer, payloads)) as pool:
        read_until(pool, payloads, lambda: bool(payloads))
    assert payloads == [b"first"]


def test_over_tls_a_message_larger_than_a_record_comes_whole(server_tls: ssl.SSLContext) -> None:
    payloads: list[bytes] = []
    large = b"x" * 200_000
    peer = Peer(lambda connection: connection.sendall(WELCOME + text_frame(large)), server_tls)
    with peer, closing(opened(peer, payloads, verify=False)) as pool:
        read_until(pool, payloads, lambda: bool(payloads))
    assert payloads == [large]


def test_a_certificate_that_nobody_vouches_for_is_refused(server_tls: ssl.SSLContext) -> None:
    with Peer(lambda connection: None, server_tls) as peer, pytest.raises(TargetError, match="--insecure"):
        opened(peer, [])


def test_what_the_socket_does_not_take_at_once_is_sent_later() -> None:
    payload = b"y" * 4_000_000
    received = bytearray()

    def serve(connection: socket.socket) -> None:
        connection.sendall(WELCOME)
        while len(received) < len(payload) + 14:
            received.extend(connection.recv(1 << 20))
        connection.sendall(text_frame(b"thanks"))

    payloads: list[bytes] = []
    with Peer(serve) as peer, closing(opened(peer, payloads)) as pool:
        pool.send(pool.connections[0], payload)
        read_until(pool, payloads, lambda: bool(payloads))
    assert received[14:] == payload


def test_the_reason_for_which_a_connection_was_lost_is_the_close_frames() -> None:
    payloads: list[bytes] = []
    with (
        Peer(
            lambda connection: connection.sendall(WELCOME + text_frame(b"last") + close_frame(4108, "slow"))
        ) as peer,
        closing(opened(peer, payloads)) as pool,
    ):
        read_until(pool, payloads, lambda: bool(pool.lost))
        assert dict(pool.lost) == {"4108 slow": 1}
        assert pool.connections == []
    assert payloads == [b"last"]


def test_a_connection_that_just_ends_is_lost_with_1006() -> None:
    with Peer(lambda connection: connection.sendall(WELCOME)) as peer, closing(opened(peer, [])) as pool:
        read_until(pool, [], lambda: bool(pool.lost))
        assert dict(pool.lost) == {"1006 the server closed the connection": 1}


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("ws://h/rt/", Target("ws", "h", 80, "/rt/")),
        ("wss://h:8443/rt/?a=b", Target("wss", "h", 8443, "/rt/?a=b")),
        ("ws://[::1]:8888", Target("ws", "::1", 8888, "/")),
        ("tce://h", Target("tce", "h", 8889, "")),
        ("tce://[::1]:9/", Target("tce", "::1", 9, "")),
    ],
)
def test_an_address_is_read_and_written(url: str, target: Target) -> None:
    assert Target.parse(url) == target
    assert Target.parse(str(target)) == target


@pytest.mark.parametrize(
    "url", ["http://h/", "h:8888", "ws://", "ws://h:x/", "ws://h:99999/", "tce://h/rt/", "tce://h?tce"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(OptionError):
        Target.parse(url)


@pytest.mark.parametrize(
    ("url", "protocol", "expected"),
    [
        ("ws://h/rt/", None, "ws://h/rt/"),
        ("ws://h/rt/", "json", "ws://h/rt/"),
        ("ws://h/rt/", "tce", "ws://h/rt/?tce"),
        ("ws://h/rt/?a=b", "tce", "ws://h/rt/?a=b&tce"),
        ("ws://h/rt/?tce=1", "tce", "ws://h/rt/?tce=1"),
        ("tce://h", "tce", "tce://h"),
    ],
)
def test_an_address_says_which_protocol_is_spoken(url: str, protocol: str | None, expected: str) -> None:
    target = Target.parse(url).speaking(protocol)
    assert str(target) == expected
    assert target.is_tce == ("tce" in expected)


@pytest.mark.parametrize("url", ["tce://h", "ws://h/rt/?tce"])
def test_json_is_not_spoken_where_tce_is(url: str) -> None:
    with pytest.raises(OptionError):
        Target.parse(url).speaking("json")


def test_a_host_that_is_not_known_is_said_so() -> None:
    with pytest.raises(TargetError, match="is not known"):
        ConnectionPool(Target("ws", "nosuch.invalid", 80, "/"))
