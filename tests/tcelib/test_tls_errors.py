"""One TLS connection that breaks, and others of the same thread, on real sockets."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import gevent.socket
import gevent.ssl
import pytest

from tcelib.tls_errors import WAITING, keep_apart


@pytest.fixture(params=[ssl.SSLContext, gevent.ssl.SSLContext], ids=["Python", "gevent"])
def context(request: pytest.FixtureRequest, certificate: Path) -> ssl.SSLContext:
    context: ssl.SSLContext = request.param(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    keep_apart(context)
    return context


class Pair:
    """Both ends of a connection that has shaken hands; neither waits for anything."""

    def __init__(self, context: ssl.SSLContext, certificate: Path) -> None:
        trust = ssl.create_default_context(cafile=str(certificate))
        ours, theirs = socket.socketpair()
        if isinstance(context, gevent.ssl.SSLContext):
            ours = gevent.socket.socket(fileno=ours.detach())
        for end in (ours, theirs):
            end.setblocking(False)
        self.server = context.wrap_socket(ours, server_side=True, do_handshake_on_connect=False)
        self.client = trust.wrap_socket(theirs, do_handshake_on_connect=False, server_hostname="127.0.0.1")
        for end in (self.client, self.server, self.client, self.server, self.client):
            with suppress(*WAITING):
                end.do_handshake()

    def close(self) -> None:
        self.server.close()
        self.client.close()


def is_full(sock: ssl.SSLSocket) -> bool:
    """Tell if the socket takes no more; gevent's says so by a count of 0."""
    try:
        return sock.send(b"x" * 16384) == 0
    except ssl.SSLWantWriteError:
        return True


@pytest.fixture
def broken(context: ssl.SSLContext, certificate: Path) -> Iterator[ssl.SSLSocket]:
    """Our end of a connection that the client has reset."""
    pair = Pair(context, certificate)
    pair.client.close()
    yield pair.server
    pair.close()


@pytest.fixture
def sound(context: ssl.SSLContext, certificate: Path) -> Iterator[Pair]:
    pair = Pair(context, certificate)
    yield pair
    pair.close()


def test_a_write_to_a_client_that_has_left_breaks_no_read_of_another(broken: ssl.SSLSocket, sound: Pair) -> None:
    with pytest.raises(OSError, match=r"EOF|pipe|reset"):
        broken.send(b"nobody takes this")
    with pytest.raises(ssl.SSLWantReadError):
        sound.server.recv(100)
    sound.client.send(b"here I am")
    assert sound.server.recv(100) == b"here I am"


def test_a_write_to_a_client_that_has_left_breaks_no_write_to_one_that_is_slow(
    broken: ssl.SSLSocket, sound: Pair
) -> None:
    assert any(is_full(sound.server) for _ in range(1000))
    with pytest.raises(OSError, match=r"EOF|pipe|reset"):
        broken.send(b"nobody takes this")
    assert is_full(sound.server)


def test_a_read_from_a_client_that_has_left_breaks_no_read_of_another(broken: ssl.SSLSocket, sound: Pair) -> None:
    with suppress(OSError):
        assert broken.recv(100) == b""
    with pytest.raises(ssl.SSLWantReadError):
        sound.server.recv(100)


def test_a_context_that_is_prepared_twice_makes_the_sockets_of_the_first_time(context: ssl.SSLContext) -> None:
    first = context.sslsocket_class
    keep_apart(context)
    assert context.sslsocket_class is first
