"""One load connection: a non-blocking socket from connect to close.

    CONNECTING ── TCP is up ──► SECURING ── TLS is up ──► ENTERING ── the server has let us in ──► OPEN

Without TLS, SECURING is passed through. Decides nothing about what is said on it.
"""

import errno
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import ProtocolError
from rtserver.bench.client.wire import ClientWire

READ_BYTES = 65_536  # below the size at which malloc asks the kernel for every single buffer
CONNECTED = (0, errno.EISCONN)
IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY)
WAITING = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


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


class LoadConnection:
    """``pending`` is for its user: the moments at which the requests that wait for an answer were due."""

    __slots__ = (
        "_address",
        "_early",
        "_secure",
        "_unsent",
        "_wire",
        "number",
        "pending",
        "received_bytes",
        "sock",
        "state",
    )

    def __init__(
        self,
        number: int,
        family: int,
        address: Any,
        wire: ClientWire,
        *,
        secure: Callable[[socket.socket], ssl.SSLSocket] | None,
        receive_buffer: int = 0,
    ) -> None:
        """``wire`` decides what is sent, ``secure`` wraps the socket in TLS. ``advance`` begins to connect.

        ``receive_buffer`` is a fixed size of the system's buffer in bytes; 0 leaves it to the system.
        """
        self.number = number
        self.state = State.CONNECTING
        self.pending: deque[int] = deque()
        self.received_bytes = 0
        self._address = address
        self._secure = secure
        self._wire = wire
        self._early: list[bytes] = []
        self._unsent = bytearray()
        self.sock: socket.socket = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            # Before connecting: the window that the peer is offered is agreed on then.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)

    @property
    def has_news(self) -> bool:
        """Return whether messages, or the server's end, came with its answer: no selector knows of them."""
        return bool(self._early) or self._wire.ending is not None

    @property
    def wants_write(self) -> bool:
        """Return whether it waits for the socket to take something; else it waits for something to read."""
        return self.state is State.CONNECTING or (self.state is not State.SECURING and bool(self._unsent))

    def advance(self) -> bool:
        """Go on with the opening as far as it goes without waiting; whether the connection is open.

        Raises ``OSError`` (of TLS as well), ``RefusedError`` and ``ProtocolError``.
        """
        if self.state is State.CONNECTING:
            self._connect()
        if self.state is State.SECURING:
            self._finish_tls()
        if self.state is State.ENTERING:
            self._enter()
        return self.state is State.OPEN

    def send(self, payload: bytes) -> None:
        """Send a message. Raises ``ConnectionLostError``."""
        self._unsent += self._wire.message(payload)
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes; the rest when it takes more. Raises ``ConnectionLostError``."""
        try:
            self._flush()
        except OSError as error:
            raise ConnectionLostError(CloseCode.ABNORMAL, error.strerror or str(error)) from None

    def receive(self) -> list[bytes]:
        """The messages that have come, those before the server's end included. Raises ``ConnectionLostError``."""
        if self._early:
            early, self._early = self._early, []
            return early
        if self._wire.ending is not None:
            raise ConnectionLostError(*self._wire.ending)
        try:
            messages = self._wire.receive(self._read())
        except ProtocolError as error:
            raise ConnectionLostError(error.code, f"the server broke the protocol: {error.reason}") from None
        except OSError as error:
            raise ConnectionLostError(CloseCode.ABNORMAL, error.strerror or str(error)) from None
        if self._wire.outgoing:
            with suppress(OSError):  # the next read finds the same, after these messages and with the close code
                self._send_outgoing()
        return messages

    def close(self) -> None:
        """End it, and say so if the socket takes it."""
        if self.state is State.OPEN and not self._unsent:
            self._unsent += self._wire.closing()
            with suppress(OSError):  # gone already, which is what was wanted
                self._flush()
        self.sock.close()

    def _connect(self) -> None:
        outcome = self.sock.connect_ex(self._address)
        if outcome == errno.EINPROGRESS:
            outcome = self.sock.connect_ex(self._address)  # over loopback it has succeeded by now
        if outcome in IN_PROGRESS:
            return
        if outcome not in CONNECTED:
            raise OSError(outcome, os.strerror(outcome))
        self.state = State.SECURING
        if self._secure is None:
            self.state = State.ENTERING
            return
        self.sock = self._secure(self.sock)

    def _finish_tls(self) -> None:
        assert isinstance(self.sock, ssl.SSLSocket)
        try:
            self.sock.do_handshake()
        except WAITING:
            return
        self.state = State.ENTERING

    def _enter(self) -> None:
        if self._wire.outgoing or self._unsent:
            self._send_outgoing()
            return
        self._early += self._wire.receive(self._read())
        if self._wire.outgoing:
            self._send_outgoing()
        if self._wire.is_open:
            self.state = State.OPEN

    def _send_outgoing(self) -> None:
        self._unsent += b"".join(self._wire.outgoing)
        self._wire.outgoing.clear()
        self._flush()

    def _read(self) -> bytes:
        """Return the bytes that are there, if any. Raises ``ConnectionResetError`` at the end of the stream."""
        parts: list[bytes] = []
        while True:
            try:
                data = self.sock.recv(READ_BYTES)
            except WAITING:
                break
            if not data:
                if parts:
                    break  # the end is found again with the next read
                raise ConnectionResetError(errno.ECONNRESET, "the server closed the connection")
            parts.append(data)
            # A TLS socket may hold more that no selector knows of; a plain one is asked again by the selector.
            if self._secure is None:
                break
        received = parts[0] if len(parts) == 1 else b"".join(parts)
        self.received_bytes += len(received)
        return received

    def _flush(self) -> None:
        while self._unsent:
            try:
                sent = self.sock.send(self._unsent)
            except WAITING:
                return
            del self._unsent[:sent]
