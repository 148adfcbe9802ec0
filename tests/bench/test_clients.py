"""The load client on real sockets, against servers that send a known number of messages."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from bench.clients import Awaited, Clients, open_up
from bench.meter import Meter
from rtserver.base.wire.deflate import deflated_text_frame
from rtserver.base.wire.frame import text_frame
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.mark import MARK
from rtserver.bench.client.target import Target
from rtserver.bench.client.websocket import ACCEPT

DEADLINE = 20.0
UPGRADED = f"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n".encode()
MESSAGE = text_frame(b'{"label":%b1"}' % MARK)


def at(port: int) -> Target:
    """A server of the test's own."""
    return Target("ws", "127.0.0.1", port, "/")


Serve = Callable[[socket.socket], object]


@contextmanager
def server(serve: Serve, answer: bytes = UPGRADED) -> Iterator[int]:
    """Answers every handshake, gives the connection to ``serve`` in a thread of its own and closes it then."""
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket) -> None:
        with connection:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += connection.recv(1)
            connection.sendall(answer)
            serve(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(DEADLINE)
            connections.append(connection)
            threads.append(threading.Thread(target=handle, args=(connection,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(DEADLINE)
            for thread in threads:
                thread.join(DEADLINE)


def wait_for_end(connection: socket.socket) -> None:
    """Until the client has gone."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass


def test_all_that_was_sent_is_counted_skimmed_or_read() -> None:
    clients_count, messages = 6, 5000

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)  # the word that all are there
        connection.sendall(MESSAGE * messages)
        wait_for_end(connection)

    with server(serve) as port, Clients(at(port)) as clients:
        clients.connect(clients_count)
        clients.whole = set(list(clients.sockets)[:2])
        meter = Meter()
        clients.send(b"go")
        everything = clients_count * messages * len(MESSAGE)
        clients.read_until(lambda: meter.size + clients.skimmed == everything, meter.on_bytes, DEADLINE)
        assert meter.deliveries == 2 * messages
        assert meter.among(clients.skimmed) == clients_count * messages


def test_a_paused_socket_is_not_read_until_it_is_resumed() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(MESSAGE)
        wait_for_end(connection)

    with server(serve) as port, Clients(at(port)) as clients:
        clients.connect(2)
        paused, other = clients.sockets
        clients.pause([paused])
        clients.send(b"go")
        read: list[int] = []
        clients.read_until(lambda: bool(read), lambda number, _: read.append(number), DEADLINE)
        assert not clients.read(lambda number, _: read.append(number), 0)
        clients.resume([paused])
        clients.read_until(lambda: len(read) == 2, lambda number, _: read.append(number), DEADLINE)
        assert read == [other, paused]


def test_an_opening_waits_for_every_answer_of_every_client_even_if_it_comes_in_pieces() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        for byte in b'"joined""joined"':
            connection.sendall(bytes((byte,)))
        wait_for_end(connection)

    with server(serve) as port, Clients(at(port)) as clients:
        clients.connect(3)
        open_up(clients, [b"join"], b'"joined"', 2)
        left = Meter()
        assert not clients.read(left.on_bytes, 0)


def test_a_connection_is_awaited_until_it_has_read_its_mark_wherever_reads_were_cut() -> None:
    text = b"xx-mark-xx-mark"
    for cut in range(len(text)):
        awaited = Awaited({7, 8}, b"mark", 2)
        awaited.on_bytes(9, text)
        awaited.on_bytes(7, text[:cut])
        assert set(awaited.missing) == {7, 8}
        awaited.on_bytes(7, text[cut:])
        assert set(awaited.missing) == {8}


def test_tokens_are_used_in_turn() -> None:
    with ExitStack() as accepted, socket.create_server(("127.0.0.1", 0)) as listener:
        seen: Counter[bytes] = Counter()

        def accept() -> None:
            for _ in range(4):
                connection, _ = listener.accept()
                accepted.enter_context(connection)  # closed at once it would count as lost
                request = connection.recv(65536)
                seen[request.partition(b"Cookie: ")[2].partition(b"\r\n")[0]] += 1
                connection.sendall(UPGRADED)

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        with Clients(at(listener.getsockname()[1]), ["1", "2"]) as clients:
            clients.connect(4)
        acceptor.join(DEADLINE)
        assert seen == {b"sessionid=1": 2, b"sessionid=2": 2}


def test_a_refused_handshake_is_an_error_that_shows_the_answer() -> None:
    with (
        server(lambda _: None, b"HTTP/1.1 401 Unauthorized\r\n\r\n") as port,
        Clients(at(port)) as clients,
        pytest.raises(TargetError, match="401"),
    ):
        clients.connect(1)


def test_clients_that_insist_on_compression_count_what_they_cannot_read() -> None:
    frame = deflated_text_frame(b'{"label":%b1","rest":"%b"}' % (MARK, b"x" * 500))

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)  # the word that all are there
        connection.sendall(frame * 10)
        wait_for_end(connection)

    agreed = UPGRADED.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
    with server(serve, agreed) as port, Clients(at(port), compressed=True) as clients:
        clients.connect(3)
        meter = clients.meter(clients.sockets)
        clients.send(b"go")
        clients.read_until(lambda: meter.size == 30 * len(frame), meter.on_bytes, DEADLINE)
        assert (meter.deliveries, meter.compressed) == (30, 30)


def test_a_server_that_does_not_compress_is_an_error_for_clients_that_insist() -> None:
    with (
        server(lambda _: None) as port,
        Clients(at(port), compressed=True) as clients,
        pytest.raises(TargetError, match="permessage-deflate"),
    ):
        clients.connect(1)


def test_a_socket_that_the_server_closes_is_an_error() -> None:
    with server(lambda _: None) as port, Clients(at(port)) as clients:
        clients.connect(1)
        with pytest.raises(TargetError, match="closed"):
            clients.read_for(Meter().on_bytes, DEADLINE)
