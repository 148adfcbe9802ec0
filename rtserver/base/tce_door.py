"""Where TCE clients come in over TCP. Nobody knows yet whose a connection is; the rest is ``TceConnection``."""

import logging
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from rtserver.base.acceptor import Acceptor
from rtserver.base.connection_home import ConnectionHome
from rtserver.base.socket_stream import send_without_delay
from rtserver.base.tce_connection import TceConnection
from rtserver.base.tce_framing import message_packet
from rtserver.base.wire.client_message import encode
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.handshake import HandshakeError

log = logging.getLogger(__name__)

PROBES = 3


class TceDoor:
    """Accepts for a server whose connections live in ``home``."""

    def __init__(self, home: ConnectionHome) -> None:
        self._home = home
        self._acceptor = Acceptor(home.loop, self._on_accept)

    def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on sockets that listen already."""
        self._acceptor.listen(sockets)

    def stop(self) -> None:
        """Accept no more."""
        self._acceptor.stop()

    def _on_accept(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        ip, gate = address[0], self._home.gate
        connection.setblocking(False)
        try:
            gate.check_files(connection.fileno())
            gate.admit(ip, self._home.now())
            gate.enter(ip)
        except HandshakeError as error:
            log.info("! %s: %s", ip, error)
            turn_away(connection, error.reason)
            return
        try:
            send_without_delay(connection, self._home.unsent_bytes)
            expect_life(connection, self._home.heartbeat_seconds)
        except OSError:
            log.info("! %s left at once", ip)
            connection.close()
            gate.leave(ip)
            return
        self._home.start_stranger(TceConnection(self._home, connection, ip))


def turn_away(connection: socket.socket, reason: str) -> None:
    """Say why nobody can come in now, as connections that end do, and close."""
    with suppress(OSError):
        connection.send(message_packet(encode("closed", {"code": CloseCode.TOO_MANY, "reason": reason})))
        connection.shutdown(socket.SHUT_WR)
    connection.close()


def expect_life(connection: socket.socket, heartbeat_seconds: float) -> None:
    """Let the system find out which peers are gone: TCE has no heartbeat (TCE protocol, section 1).

    As with WebSockets, silence for ``heartbeat_seconds`` leads to questions, and as long again without any answer, or
    without taking what is sent, to the end of the connection. Raises ``OSError``.
    """
    seconds = max(1, round(heartbeat_seconds))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, seconds // PROBES))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2_000 * seconds)
