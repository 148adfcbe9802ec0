"""Many WebSocket clients in one process that do nothing but read: the load side of the benchmarks.

Never the bottleneck, because it does not parse: it asks epoll which sockets have bytes, reads them in bulk, and hands
them to a ``Meter``, which counts. Where even that would be too slow, most sockets are only skimmed: the system drops
what they got and says how many bytes it was.

    python -m bench.load_client --help
"""

import argparse
import json
import select
import socket
import sys
import time
from collections.abc import Callable, Collection, Container, Sequence
from itertools import cycle, islice
from typing import Self

from bench.frame_meter import FrameMeter
from bench.meter import Meter

READ_BYTES = 1 << 18
OPENING_SECONDS = 60.0
SAMPLED = 20
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nCookie: {cookie}\r\n{offer}\r\n"
)
OFFER = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


class LoadError(Exception):
    """What was to be measured did not happen: a handshake refused, a socket lost, an answer that never came."""


def client_frame(payload: bytes, opcode: int = 1) -> bytes:
    """A masked frame with the mask 0, which leaves the payload as it is (RFC 6455 allows any mask)."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, 0x80 | length)) + bytes(4) + payload
    if length < 1 << 16:
        return bytes((0x80 | opcode, 0xFE, length >> 8, length & 0xFF)) + bytes(4) + payload
    return bytes((0x80 | opcode, 0xFF)) + length.to_bytes(8, "big") + bytes(4) + payload


class Clients:
    """Upgraded sockets, non-blocking, on one epoll. ``cookies`` are used in turn.

    With ``compressed`` the clients insist on permessage-deflate.
    """

    def __init__(
        self, host: str, port: int, path: str, *cookies: str, receive_buffer: int = 0, compressed: bool = False
    ) -> None:
        self._address = (host, port)
        offer = OFFER if compressed else ""
        requests = [
            HANDSHAKE.format(path=path, host=host, port=port, cookie=cookie, offer=offer).encode()
            for cookie in cookies or ("",)
        ]
        self._requests = cycle(requests)
        self._compressed = compressed
        self._rests: dict[int, bytes] = {}
        self._receive_buffer = receive_buffer
        self._epoll = select.epoll()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self.whole: Container[int] | None = None
        """The sockets that are read; None for all. The others are skimmed."""
        self.skimmed = 0
        """Bytes of the skimmed sockets so far."""
        self.sockets: dict[int, socket.socket] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def connect(self, count: int, at_once: int = 64) -> float:
        """Open ``count`` more sockets, ``at_once`` handshakes under way at a time; the seconds it took.

        Raises ``LoadError`` for a handshake that is refused.
        """
        begun = time.perf_counter()
        opening: dict[int, tuple[socket.socket, bytearray]] = {}
        goal = len(self.sockets) + count
        with select.epoll() as epoll:
            try:
                while len(self.sockets) < goal:
                    while len(opening) < min(at_once, goal - len(self.sockets)):
                        connection = self._ask()
                        opening[connection.fileno()] = (connection, bytearray())
                        epoll.register(connection, select.EPOLLIN)
                    for number, _ in epoll.poll():
                        if self._is_upgraded(*opening[number]):
                            self._keep(opening.pop(number)[0])
                            epoll.unregister(number)
            finally:
                for connection, _ in opening.values():
                    connection.close()
        return time.perf_counter() - begun

    def meter(self, sampled: Container[int] = ()) -> Meter | FrameMeter:
        """A meter for what comes from now on; compressed messages are followed by one after the other of these."""
        return FrameMeter(self._rests, sampled) if self._compressed else Meter(sampled)

    def send_all(self, payload: bytes) -> None:
        """One text message from every client."""
        frame = client_frame(payload)
        for connection in self.sockets.values():
            connection.sendall(frame)

    def read(self, on_bytes: Callable[[int, bytes], object], seconds: float) -> bool:
        """Hand what the sockets have to ``on_bytes(file number, bytes)``, once round; whether there was anything.

        Raises ``LoadError`` when the server closes a socket.
        """
        events = self._epoll.poll(seconds)
        whole, buffer = self.whole, self._buffer
        for number, _ in events:
            is_whole = whole is None or number in whole
            try:
                # Into one buffer: a fresh one for each read would cost more than the read.
                size = self.sockets[number].recv_into(buffer, 0, 0 if is_whole else socket.MSG_TRUNC)
            except BlockingIOError:
                continue
            except OSError as error:
                raise LoadError(f"a socket failed under load: {error}") from None
            if not size:
                raise LoadError("the server closed a socket under load")
            if is_whole:
                on_bytes(number, bytes(buffer[:size]))
            else:
                self.skimmed += size
        return bool(events)

    def pause(self, numbers: Collection[int]) -> None:
        """Read nothing more of the sockets with these file numbers."""
        for number in numbers:
            self._epoll.unregister(number)

    def resume(self, numbers: Collection[int]) -> None:
        """Read them again."""
        for number in numbers:
            self._epoll.register(number, select.EPOLLIN)

    def read_for(self, on_bytes: Callable[[int, bytes], object], seconds: float) -> float:
        """``read`` for that long; the seconds it really took."""
        begun = time.perf_counter()
        while (took := time.perf_counter() - begun) < seconds:
            self.read(on_bytes, min(0.05, seconds - took))
        return took

    def read_until(self, done: Callable[[], bool], on_bytes: Callable[[int, bytes], object], seconds: float) -> None:
        """``read`` until ``done``. Raises ``LoadError`` if that takes longer than ``seconds``."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise LoadError("nothing came for too long")
            self.read(on_bytes, 0.1)

    def close(self) -> None:
        """End all sockets."""
        for connection in self.sockets.values():
            connection.close()
        self._epoll.close()

    def _ask(self) -> socket.socket:
        connection = socket.socket()
        if self._receive_buffer:
            # Before connecting: the window that the peer is offered is agreed on then.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        connection.connect(self._address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(next(self._requests))
        connection.setblocking(False)
        return connection

    def _is_upgraded(self, connection: socket.socket, answer: bytearray) -> bool:
        data = connection.recv(READ_BYTES)
        answer += data
        if b"\r\n\r\n" not in answer and data:
            return False
        if not answer.startswith(b"HTTP/1.1 101"):
            raise LoadError(f"handshake refused: {bytes(answer[:200])!r}")
        if self._compressed and b"permessage-deflate" not in answer:
            raise LoadError("the server does not compress")
        return True

    def _keep(self, connection: socket.socket) -> None:
        self.sockets[connection.fileno()] = connection
        self._epoll.register(connection, select.EPOLLIN)


def sample(numbers: Collection[int]) -> set[int]:
    """The file numbers of about ``SAMPLED`` clients, evenly spread: of those the ages are taken.

    To take everyone's costs more than the server's work for a message, and would be measured along with it.
    """
    return set(islice(numbers, 0, None, max(1, len(numbers) // SAMPLED)))


def open_up(
    clients: Clients, payloads: Sequence[bytes], mark: bytes, answers: int, numbers: Collection[int] | None = None
) -> None:
    """Send the payloads from the clients with these file numbers (None: from all) and wait for their answers.

    Each has its answers when it has read ``mark`` ``answers`` times. Raises ``LoadError`` if that takes a minute.
    """
    frames = b"".join(map(client_frame, payloads))
    numbers = tuple(clients.sockets) if numbers is None else numbers
    waiting = dict.fromkeys(numbers, answers)
    tails = dict.fromkeys(clients.sockets, b"")

    def on_bytes(number: int, data: bytes) -> None:
        data = tails[number] + data
        tails[number] = data[len(data) - len(mark) + 1 :]
        if number in waiting:
            waiting[number] -= data.count(mark)
            if waiting[number] <= 0:
                del waiting[number]

    for number in numbers:
        clients.sockets[number].sendall(frames)
        clients.read(on_bytes, 0)
    if answers:
        clients.read_until(lambda: not waiting, on_bytes, OPENING_SECONDS)


def main() -> None:
    """Connect, subscribe, say "ready", read for a while, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/rt/")
    parser.add_argument("--cookie", default="", help="the Cookie header, for servers that ask who is there")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--subscribe", default="", help="what each client sends first")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to read")
    parser.add_argument("--warm-up", type=float, default=1.0, help="how long to read before it counts")
    parser.add_argument("--latency", action="store_true", help="how old the messages are, not only their number")
    arguments = parser.parse_args()

    with Clients(arguments.host, arguments.port, arguments.path, arguments.cookie) as clients:
        connect_seconds = clients.connect(arguments.clients)
        if arguments.subscribe:
            open_up(clients, [arguments.subscribe.encode()], b'"render"', 1)
        print("ready", flush=True)
        sys.stdin.readline()
        sampled = sample(clients.sockets) if arguments.latency else set()
        clients.whole = sampled or None
        clients.read_for(Meter().on_bytes, arguments.warm_up)
        meter, skimmed = Meter(sampled), clients.skimmed
        took = clients.read_for(meter.on_bytes, arguments.seconds)
        deliveries = meter.among(clients.skimmed - skimmed)
    result = {"clients": arguments.clients, "connect_seconds": round(connect_seconds, 3)}
    result |= {"deliveries": deliveries, "deliveries_per_second": round(deliveries / took)}
    if arguments.latency:
        result |= meter.summary()
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
