"""Connections of one load client on one epoll: opens them, moves their bytes, notes which were lost and why.

Decides how many handshakes are under way at a time, and what a refused one means. What is said is its user's, and how
it is said the wire's.
"""

import errno
import select
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import ProtocolError
from rtserver.bench.client.error import ResourceError, TargetError
from rtserver.bench.client.target import Target
from rtserver.bench.client.websocket import RefusedError
from rtserver.bench.client.wire import wires
from rtserver.bench.connection import READ_BYTES, ConnectionLostError, Line, LoadConnection, State
from rtserver.bench.tls import client_context

AT_ONCE = 64
CONNECT_SECONDS = 30.0
OnMessages = Callable[[LoadConnection, Sequence[bytes]], object]
NO_SESSION = "give --login USER:PASSWORD, --cookie sessionid=... or --token"
UNAVAILABLE = "the server cannot look sessions up at the moment"
HINTS = {
    401: f"no valid session: {NO_SESSION}",
    403: "forbidden, by rtserver's allowed_origins or by something in front of it",
    404: "nothing is at this path; rtserver's is /rt/",
    426: "what answers does not take the upgrade for one: does a proxy in front pass Upgrade and Connection on?",
    502: "a proxy is there, and the server behind it is not",
    503: UNAVAILABLE,
    CloseCode.NOT_LOGGED_IN: NO_SESSION,
    CloseCode.INTERNAL_ERROR: UNAVAILABLE,
}


class ConnectionPool:
    """``open`` first, then ``turn`` again and again. ``lost`` counts ends by close code and reason.

    ``cookie`` or ``tokens`` say who we are: see ``wire.wires``.
    ``busy_seconds`` is the time that was spent on what had come, and not on waiting for it.
    """

    def __init__(
        self,
        target: Target,
        cookie: str = "",
        tokens: Sequence[str] = (),
        *,
        verify: bool = True,
        extension: str = "",
        receive_buffer: int = 0,
    ) -> None:
        """Raises ``TargetError`` for a host that is not known, and ``OptionError``."""
        self.target = target
        self.connections: list[LoadConnection] = []
        self.lost: Counter[str] = Counter()
        self.busy_seconds = 0.0
        self._wire = wires(target, cookie, tokens, extension)
        self._tls = client_context(verify) if target.scheme == "wss" else None
        secure = self._secure if self._tls else None
        self._line = Line(*resolve(target), secure, receive_buffer, memoryview(bytearray(READ_BYTES)))
        self._epoll = select.epoll()
        self._by_file: dict[int, LoadConnection] = {}
        self._closed_bytes = 0

    @property
    def received_bytes(self) -> int:
        """Read from all connections so far, the lost ones included."""
        return self._closed_bytes + sum(connection.received_bytes for connection in self.connections)

    def open(self, count: int, on_messages: OnMessages, on_wait: Callable[[], object]) -> float:
        """Open ``count`` more connections; the seconds it took. ``on_wait`` is called at least every 0.1 s.

        Raises ``TargetError``, ``ResourceError``.
        """
        begun = time.monotonic()
        last = begun
        wanted = len(self.connections) + self.lost.total() + count
        opening = 0
        while (opened := len(self.connections) + self.lost.total()) < wanted:
            for number in range(opened + opening, min(opened + AT_ONCE, wanted)):
                self._begin(number)
                opening += 1
            for connection in self._ready(0.1):
                if connection.state is State.OPEN:
                    self._receive(connection, on_messages)
                elif self._advance(connection):
                    opening -= 1
                    self.connections.append(connection)
                    last = time.monotonic()
                    if connection.has_news:
                        self._receive(connection, on_messages)
            if time.monotonic() - last > CONNECT_SECONDS:
                raise TargetError(f"{self.target}: no handshake was answered for {CONNECT_SECONDS:g} s")
            on_wait()
        return time.monotonic() - begun

    def turn(self, seconds: float, on_messages: OnMessages) -> None:
        """Wait up to that long for something to read, and hand what there is to ``on_messages``, once round."""
        ready = self._ready(seconds)
        begun = time.monotonic()
        for connection in ready:
            self._receive(connection, on_messages)
        self.busy_seconds += time.monotonic() - begun

    def send(self, connection: LoadConnection, payload: bytes) -> None:
        """Send a message, now or when the socket takes it. What cannot be sent any more is noted as lost."""
        try:
            connection.send(payload)
        except ConnectionLostError as error:
            self._lose(connection, error)
            return
        if connection.events != connection.watched:
            self._watch(connection)

    def hand_over(self) -> list[socket.socket]:
        """Give the sockets of all open connections to a reader of its own, without what was read of them so far."""
        given, self.connections = self.connections, []
        for connection in given:
            self._forget(connection)
        return [connection.sock for connection in given]

    def close(self) -> None:
        """End all connections."""
        for connection in self._by_file.values():
            connection.close()
        self._epoll.close()
        self._closed_bytes = self.received_bytes
        self.connections = []

    def _ready(self, seconds: float) -> list[LoadConnection]:
        by_file = self._by_file
        return [by_file[number] for number, _ in self._epoll.poll(seconds)]

    def _begin(self, number: int) -> None:
        try:
            connection = LoadConnection(number, self._line, self._wire(number))
        except OSError as error:
            raise self._explained(error) from None
        self._by_file[connection.sock.fileno()] = connection
        self._advance(connection)

    def _secure(self, sock: socket.socket) -> ssl.SSLSocket:
        assert self._tls is not None
        return self._tls.wrap_socket(sock, do_handshake_on_connect=False, server_hostname=self.target.host)

    def _advance(self, connection: LoadConnection) -> bool:
        try:
            is_open = connection.advance()
        except (OSError, RefusedError, ProtocolError) as error:
            raise self._explained(error) from None
        if connection.events != connection.watched:
            self._watch(connection)
        return is_open

    def _receive(self, connection: LoadConnection, on_messages: OnMessages) -> None:
        try:
            messages = connection.receive()
        except ConnectionLostError as error:
            self._lose(connection, error)
            return
        if connection.events != connection.watched:
            self._watch(connection)
        if messages:
            on_messages(connection, messages)

    def _watch(self, connection: LoadConnection) -> None:
        change = self._epoll.modify if connection.watched else self._epoll.register
        change(connection.sock, connection.events)
        connection.watched = connection.events

    def _forget(self, connection: LoadConnection) -> None:
        self._epoll.unregister(connection.sock)
        del self._by_file[connection.sock.fileno()]

    def _lose(self, connection: LoadConnection, error: ConnectionLostError) -> None:
        self.lost[str(error)] += 1
        self._closed_bytes += connection.received_bytes
        self._forget(connection)
        self.connections.remove(connection)
        connection.close()

    def _explained(self, error: Exception) -> Exception:
        match error:
            case RefusedError(status=status):
                return TargetError(": ".join(filter(None, (str(self.target), str(error), HINTS.get(status, "")))))
            case OSError(errno=errno.EMFILE | errno.ENFILE):
                return ResourceError("no file descriptors are left: raise the limit with ulimit -n")
            case ssl.SSLCertVerificationError():
                return TargetError(f"{self.target}: {error.verify_message} (--insecure takes any certificate)")
            case OSError(errno=errno.EADDRNOTAVAIL):
                return ResourceError("no local ports are left: one address has about 28,000 for one server and port")
            case _:
                return TargetError(f"{self.target}: {getattr(error, 'strerror', None) or error}")


def resolve(target: Target) -> tuple[int, Any]:
    """Return address family and address; asked once, not for every connection. Raises ``TargetError``."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TargetError(f"{target}: {target.host} is not known ({error.strerror})") from None
    return found[0][0], found[0][4]
