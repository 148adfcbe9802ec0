"""One load connection: a non-blocking socket from connect to close.

    CONNECTING ── TCP is up ──► SECURING ── TLS is up ──► ENTERING ── the server has let us in ──► OPEN

Without TLS, ENTERING begins at once: what is said first waits for TCP. Decides nothing about what is said on it.
"""

import errno
import os
import select
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import Any, NamedTuple

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import ProtocolError
from rtserver.bench.client.wire import ClientWire

READ_BYTES = 1 << 18  # larger than a record of TLS, so that a read leaves nothing in it that no epoll knows of
CONNECTED = (0, errno.EISCONN)
IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY)
WAITING = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
READABLE, WRITABLE = select.EPOLLIN, select.EPOLLIN | select.EPOLLOUT


class ConnectionLostError(Exception):
    """The end of a connection. ``code`` is what the server said, 1006 if nothing; ``reason`` says more."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.code} {self.reason}".strip()


class State(Enum):
    """See the drawing above."""

    CONNECTING = auto()
    SECURING = auto()
    ENTERING = auto()
    OPEN = auto()


class Line(NamedTuple):
    """Way to the server, the same for all connections of a pool.

    ``secure`` wraps a socket in TLS. ``receive_buffer`` is a fixed size of the system's buffer in bytes; 0 leaves it
    to the system. ``buffer`` of ``READ_BYTES`` is shared: a fresh one for each read would cost more than the read.
    ``source`` tells the local address of a connection by its number; without it, the system chooses.
    """

    family: int
    address: Any
    secure: Callable[[socket.socket], ssl.SSLSocket] | None
    receive_buffer: int
    buffer: memoryview
    source: Callable[[int], str] | None = None


class LoadConnection:
    """``events`` are what its epoll has to wait for, and ``watched`` what the epoll has been told of them."""

    __slots__ = (
        *("_early", "_line", "_unsent", "_wire"),
        *("events", "number", "received_bytes", "sock", "state", "watched"),
    )

    def __init__(self, number: int, line: Line, wire: ClientWire) -> None:
        """``wire`` decides what is sent. ``advance`` begins to connect."""
        self.number = number
        self.state = State.CONNECTING
        self.events = WRITABLE
        self.watched = 0
        self.received_bytes = 0
        self._line = line
        self._wire = wire
        self._early: Sequence[bytes] = ()
        self._unsent = b""
        self.sock: socket.socket = socket.socket(line.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if line.receive_buffer:
            # Before connecting: the window that the peer is offered is agreed on then.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, line.receive_buffer)
        if line.source:
            self.sock.bind((line.source(number), 0))

    @property
    def has_news(self) -> bool:
        """Return whether messages, or the server's end, came with its answer: no epoll knows of them."""
        return bool(self._early) or self._wire.ending is not None

    def advance(self) -> bool:
        """Go on with the opening as far as it goes without waiting; whether the connection is open.

        Raises ``OSError`` (of TLS as well), ``RefusedError`` and ``ProtocolError``.
        """
        if self.state is State.ENTERING:
            return self._enter()
        if self.state is State.CONNECTING:
            self._connect()
        elif self._has_tls():
            self._begin_to_enter()
        return False

    def send(self, payload: bytes) -> None:
        """Send a message, the rest of it when the socket takes more. Raises ``ConnectionLostError``."""
        try:
            self._send(self._wire.message(payload))
        except OSError as error:
            raise _lost(error) from None

    def receive(self) -> Sequence[bytes]:
        """The messages that have come, those before the server's end included. Raises ``ConnectionLostError``."""
        if self._early:
            early, self._early = self._early, ()
            return early
        if self._wire.ending is not None:
            raise ConnectionLostError(*self._wire.ending)
        try:
            if self._unsent:
                self._send(b"")
            messages = self._wire.receive(self._read())
        except ProtocolError as error:
            raise ConnectionLostError(error.code, f"the server broke the protocol: {error.reason}") from None
        except OSError as error:
            raise _lost(error) from None
        if self._wire.outgoing:
            with suppress(OSError):  # the next read finds the same, after these messages and with the close code
                self._send_outgoing()
        return messages

    def close(self) -> None:
        """End it, and say so if the socket takes it."""
        if self.state is State.OPEN and not self._unsent:
            with suppress(OSError):  # gone already, which is what was wanted
                self._send(self._wire.closing())
        self.sock.close()

    def _connect(self) -> None:
        outcome = self.sock.connect_ex(self._line.address)
        if outcome not in CONNECTED and outcome not in IN_PROGRESS:
            raise OSError(outcome, os.strerror(outcome))
        if self._line.secure is None:
            # Over loopback the socket takes bytes by now; over a network, when it can be written to.
            self._begin_to_enter()
        elif outcome in CONNECTED:
            self.state = State.SECURING
            self.events = READABLE
            self.sock = self._line.secure(self.sock)
            if self._has_tls():
                self._begin_to_enter()

    def _has_tls(self) -> bool:
        assert isinstance(self.sock, ssl.SSLSocket)
        try:
            self.sock.do_handshake()
        except WAITING:
            return False
        return True

    def _begin_to_enter(self) -> None:
        self.state = State.ENTERING
        self._send_outgoing()

    def _enter(self) -> bool:
        wire = self._wire
        if self._unsent:
            self._send(b"")
        messages = wire.receive(self._read())
        if messages:
            self._early = [*self._early, *messages]
        if wire.outgoing:
            self._send_outgoing()
        if wire.is_open:
            self.state = State.OPEN
        return wire.is_open

    def _send_outgoing(self) -> None:
        self._send(b"".join(self._wire.outgoing))
        self._wire.outgoing.clear()

    def _send(self, data: bytes) -> None:
        """Send what waits and then ``data``, as far as the socket takes it."""
        if self._unsent:
            data = self._unsent + data
        try:
            sent = self.sock.send(data)
        except WAITING:
            sent = 0
        self._unsent = data[sent:]
        self.events = WRITABLE if self._unsent else READABLE

    def _read(self) -> bytes:
        """Return the bytes that are there, if any. Raises ``ConnectionResetError`` at the end of the stream."""
        try:
            size = self.sock.recv_into(self._line.buffer)
        except WAITING:
            return b""
        if not size:
            raise ConnectionResetError(errno.ECONNRESET, "the server closed the connection")
        self.received_bytes += size
        return bytes(self._line.buffer[:size])


def _lost(error: OSError) -> ConnectionLostError:
    return ConnectionLostError(CloseCode.ABNORMAL, error.strerror or str(error))
