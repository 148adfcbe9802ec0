"""The end of TLS under a connection of AMQP, on bytes in memory."""

import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from tcelib.queue.amqp.secure_engine import WAITING, SecureEngine
from tcelib.queue.broker.server import server_context

HOST = "localhost"
MOST_READS = 10


class Pair:
    """An engine and its peer, which is only TLS. Both have shaken hands."""

    def __init__(self, engine: SecureEngine, peer: ssl.SSLContext, *, is_server: bool) -> None:
        self.engine = engine
        self.come, self.due = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.peer = peer.wrap_bio(self.come, self.due, is_server, None if is_server else HOST)
        for _ in range(MOST_READS):
            self.flush()
            with suppress(*WAITING):
                self.peer.do_handshake()
            if data := self.due.read():
                engine.receive(data)

    def flush(self) -> None:
        """Carry the engine's bytes to its peer."""
        while data := self.engine.output():
            self.engine.sent(len(data))
            self.come.write(data)

    def say_goodbye(self) -> bytes:
        """End TLS at the peer; return the bytes that say so."""
        with suppress(*WAITING, ssl.SSLError):
            self.peer.unwrap()
        return self.due.read()


class CountedTls(ssl.SSLObject):
    """TLS that may be read only so often: who reads on and on fails at once, and the test ends."""

    reads_left = MOST_READS

    def read(self, len: int = 1024, buffer: bytearray | None = None) -> bytes | int:  # type: ignore[override]  # noqa: A002
        """See ``ssl.SSLObject``."""
        assert self.reads_left, "it is read again and again"
        self.reads_left -= 1
        return super().read(len, buffer)


@pytest.fixture(params=["client", "server"])
def pair(request: pytest.FixtureRequest, certificate: Path) -> Pair:
    """An engine on each side of its connection."""
    shown, trusted = server_context(str(certificate)), ssl.create_default_context(cafile=str(certificate))
    if request.param == "client":
        trusted.sslobject_class = CountedTls
        return Pair(SecureEngine("test", trusted, hostname=HOST), shown, is_server=True)
    shown.sslobject_class = CountedTls
    return Pair(SecureEngine("test", shown, is_server=True), trusted, is_server=False)


def test_a_peer_that_ends_tls_ends_the_connection(pair: Pair) -> None:
    assert not pair.engine.is_over
    pair.engine.receive(pair.say_goodbye())
    assert pair.engine.is_over


def test_bytes_before_the_end_of_tls_are_taken(pair: Pair) -> None:
    pair.peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    pair.engine.receive(pair.say_goodbye())
    assert pair.engine.is_over
    assert "HTTP" in pair.engine.failure


def test_bytes_behind_the_end_of_tls_change_nothing(pair: Pair) -> None:
    pair.engine.receive(pair.say_goodbye())
    for late in (b"late", b""):
        pair.engine.receive(late)
    assert pair.engine.is_over
