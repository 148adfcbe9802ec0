"""Connected socket on the event loop, TCP or TLS: bytes as they come, writes that wait for room.

Decides nothing about the meaning of bytes. Its reads are readiness callbacks with a system call in them:
no future and no task for a read, which would be most of the cost of a short message.

``take_socket`` gets the socket out of a stream on which Tornado has read a request.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Protocol

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream

from rtserver.base.connection.read_set import ReadSet
from rtserver.base.connection.receiver import Receiver
from rtserver.base.limit.cpu_quota import FairShare

READ_BYTES = 16_384  # of one socket in one turn: room for a burst, and the others wait no longer than that takes

NOTHING = memoryview(b"")

NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def take_socket(stream: IOStream) -> tuple[socket.socket, bytes]:
    """Return the socket of an idle stream, which must not be used any more, and the bytes that it has read.

    Raises ``StreamClosedError`` if the peer has left.
    """
    # The read gives all that is there at once. If nothing is there, it waits for ever, as nothing will feed it.
    reading = asyncio.ensure_future(stream.read_bytes(stream.max_buffer_size, partial=True))
    first = reading.result() if reading.done() else b""
    IOLoop.current().remove_handler(stream.socket)
    return stream.socket, first


def send_without_delay(listening: socket.socket, unsent_bytes: int) -> None:
    """Let the system send at once what it is given, and take at most ``unsent_bytes`` that it cannot send yet.

    It would take megabytes for a client that does not read. Bytes in our outbox are counted, and new prices replace
    old ones there. Accepted sockets inherit both from the one that listens.
    """
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, unsent_bytes)


class StreamOwner(Protocol):
    """Owner of a ``SocketStream``, which hears of its events."""

    def on_end(self) -> None:
        """Nothing more can come: the peer has ended its half, or the connection broke. Called once."""

    def on_written(self) -> None:
        """The rest of a write has left."""


class SocketStream:
    """Non-blocking socket. Reading begins with ``resume``.

    ``receiver`` gets the bytes of each read; with a ``share``, reading waits for its user's turn. ``send`` of its
    ``socket`` is for the owner, not while ``is_busy``.

    ``moved`` is the loop's time at which the socket last took bytes of a rest, or left a rest of a write.
    """

    __slots__ = (
        "_file",
        "_is_reading",
        "_loop",
        "_owner",
        "_readers",
        "_receiver",
        "_rest",
        "is_busy",
        "is_closed",
        "is_secure",
        "is_waiting",
        "moved",
        "share",
        "socket",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        readers: ReadSet,
        connection: socket.socket,
        receiver: Receiver,
        owner: StreamOwner,
    ) -> None:
        self._loop = loop
        self._readers = readers
        self._receiver = receiver
        self._owner = owner
        self.socket = connection
        # By number: asyncio would put the socket's whole repr, five system calls, into a KeyError that it catches.
        self._file = connection.fileno()
        self._rest = NOTHING
        self._is_reading = False
        self.is_secure = isinstance(connection, ssl.SSLSocket)
        self.share: FairShare | None = None
        self.is_waiting = False
        """True while there is something to read, and it is not the user's turn."""
        self.moved = 0.0
        self.is_closed = False
        self.is_busy = False
        """True while nothing can be sent: the rest of a write waits for room, or the socket is closed."""

    def resume(self) -> None:
        """Begin to read, or go on."""
        if not self.is_closed:
            self._is_reading = True
            if not self.is_waiting:
                self._readers.add(self._file, self)
                if self.is_secure:
                    self._read_decrypted()

    def pause(self) -> None:
        """Stop reading. The system stops the peer when its own buffer is full."""
        if not self.is_closed:
            self._is_reading = False
            self._readers.remove(self._file)

    def write_rest(self, data: memoryview) -> None:
        """Write the bytes that ``send`` did not take, as soon as there is room."""
        self._rest = data
        self.is_busy = True
        self.moved = self._loop.time()
        self._loop.add_writer(self._file, self._on_writable)

    def write_now(self) -> None:
        """Offer the rest of a write to the socket now, without waiting for its readiness."""
        if self.is_busy and not self.is_closed:
            self._on_writable()

    def end_writing(self) -> None:
        """Send FIN behind all that was written. It ends the TCP stream of a TLS socket, too."""
        with suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_WR)

    def close(self) -> None:
        """Close the socket. No callback is called any more."""
        if self.is_closed:
            return
        self.is_closed = self.is_busy = True
        self._is_reading = False
        self._rest = NOTHING
        self._readers.remove(self._file)
        self._loop.remove_writer(self._file)
        self.socket.close()

    def on_readable(self) -> None:
        """See ``Readable``."""
        if self.is_waiting:
            return
        if self.share is not None and self.share.is_owing:
            self._readers.remove(self._file)
            self.is_waiting = True
            self.share.wait_turn(self._on_turn)
        else:
            self._read()

    def _on_turn(self) -> None:
        self.is_waiting = False
        if self._is_reading:
            self._readers.add(self._file, self)
            self._read()

    def _read(self) -> None:
        try:
            data = self.socket.recv(READ_BYTES)
        except NOT_NOW:
            return
        except OSError:
            data = b""
        if data:
            self._receiver.on_bytes(data)
            if self.is_secure:
                self._read_decrypted()
        else:
            self.pause()
            self._owner.on_end()

    def _read_decrypted(self) -> None:
        """Read the rest of a TLS record soon: it is in our memory, where the system sees nothing to read."""
        if self._is_reading and isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
            self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        if self._is_reading:
            self.on_readable()

    def _on_writable(self) -> None:
        try:
            written = self.socket.send(self._rest)
        except NOT_NOW:
            return
        except OSError:
            self.is_busy = False
            self._loop.remove_writer(self._file)
            self._owner.on_end()
            return
        self._rest = self._rest[written:]
        self.moved = self._loop.time()
        if not self._rest:
            self.is_busy = False
            self._loop.remove_writer(self._file)
            self._owner.on_written()
