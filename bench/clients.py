"""Many WebSocket clients in one process that do nothing but read: the load side of the comparison.

``rtserver.bench`` connects them. Then they are never the bottleneck, because nothing is parsed: epoll says which
sockets have bytes, these are read in bulk and handed to a ``Meter``, which counts. Where even that would be too slow,
most sockets are only skimmed: the system drops what they got and says how many bytes it was.
"""

import select
import socket
import time
from collections.abc import Callable, Collection, Container, Sequence
from itertools import islice
from typing import Self

from bench.frame_meter import FrameMeter
from bench.meter import Meter
from rtserver.base.wire.frame import Opcode
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.mark import MARK
from rtserver.bench.client.target import Target
from rtserver.bench.client.websocket import client_frame
from rtserver.bench.pool import ConnectionPool

READ_BYTES = 1 << 18
OPENING_SECONDS = 60.0
SAMPLED = 20
DEFLATE = "permessage-deflate"


class Clients:
    """Upgraded sockets, non-blocking, on one epoll. ``tokens`` say who they are, in turn.

    With ``compressed`` the clients insist on permessage-deflate.
    """

    def __init__(
        self, target: Target, tokens: Sequence[str] = (), *, receive_buffer: int = 0, compressed: bool = False
    ) -> None:
        extension = DEFLATE if compressed else ""
        self._pool = ConnectionPool(target, tokens=tokens, extension=extension, receive_buffer=receive_buffer)
        self._compressed = compressed
        self._rests: dict[int, bytes] = {}
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

    def connect(self, count: int) -> float:
        """Open ``count`` more sockets; the seconds it took. Raises ``TargetError`` where one is refused."""
        seconds = self._pool.open(count, lambda *_: None, lambda: None)
        for reason in self._pool.lost:
            raise TargetError(f"{self._pool.target}: lost before it had begun: {reason}")
        for connection in self._pool.hand_over():
            self.sockets[connection.fileno()] = connection
            self._epoll.register(connection, select.EPOLLIN)
        return seconds

    def meter(self, sampled: Container[int] = ()) -> Meter:
        """A meter for what comes from now on; compressed messages are followed by one after the other of these."""
        return FrameMeter(self._rests, sampled) if self._compressed else Meter(sampled)

    def read(self, on_bytes: Callable[[int, bytes], object], seconds: float) -> bool:
        """Hand what the sockets have to ``on_bytes(file number, bytes)``, once round; whether there was anything.

        Raises ``TargetError`` when the server closes a socket.
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
                raise TargetError(f"a socket failed under load: {error}") from None
            if not size:
                raise TargetError("the server closed a socket under load")
            if is_whole:
                on_bytes(number, bytes(buffer[:size]))
            else:
                self.skimmed += size
        return bool(events)

    def send(self, payload: bytes) -> None:
        """One text message from every client."""
        frame = client_frame(Opcode.TEXT, payload)
        for connection in self.sockets.values():
            connection.sendall(frame)

    def ping(self) -> None:
        """A request of rtserver's from every client; a ``Meter`` sees the age of the answers."""
        self.send(b'{"type":"ping","data":null,"id":%b%d"}' % (MARK, time.monotonic_ns()))

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
        """``read`` until ``done``. Raises ``TargetError`` if that takes longer than ``seconds``."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise TargetError("nothing came for too long")
            self.read(on_bytes, 0.1)

    def hand_over(self) -> list[socket.socket]:
        """Give all sockets to a reader of its own, and close what is left."""
        given, self.sockets = list(self.sockets.values()), {}
        self.close()
        return given

    def close(self) -> None:
        """End all sockets."""
        for connection in self.sockets.values():
            connection.close()
        self._pool.close()
        self._epoll.close()


def sample(numbers: Collection[int]) -> set[int]:
    """The file numbers of about ``SAMPLED`` clients, evenly spread: of those the ages are taken.

    To take everyone's costs more than the server's work for a message, and would be measured along with it.
    """
    return set(islice(numbers, 0, None, max(1, len(numbers) // SAMPLED)))


class Awaited:
    """Connections that have not read ``mark`` ``times`` times yet, wherever the reads were cut."""

    def __init__(self, numbers: Collection[int], mark: bytes, times: int = 1) -> None:
        self.missing = dict.fromkeys(numbers, times)
        self._mark = mark
        self._tails = dict.fromkeys(numbers, b"")

    def on_bytes(self, number: int, data: bytes) -> None:
        """Take what a connection brought."""
        if number in self.missing:
            data = self._tails[number] + data
            self._tails[number] = data[len(data) - len(self._mark) + 1 :]
            self.missing[number] -= data.count(self._mark)
            if self.missing[number] <= 0:
                del self.missing[number]


def open_up(
    clients: Clients, payloads: Sequence[bytes], mark: bytes, answers: int, numbers: Collection[int] | None = None
) -> None:
    """Send the payloads from the clients with these file numbers (None: from all) and wait for their answers.

    Each has its answers when it has read ``mark`` ``answers`` times. Raises ``TargetError`` if that takes a minute.
    """
    frames = b"".join(client_frame(Opcode.TEXT, payload) for payload in payloads)
    numbers = tuple(clients.sockets) if numbers is None else numbers
    awaited = Awaited(numbers, mark, answers)
    for number in numbers:
        clients.sockets[number].sendall(frames)
        clients.read(awaited.on_bytes, 0)
    if answers:
        clients.read_until(lambda: not awaited.missing, awaited.on_bytes, OPENING_SECONDS)
