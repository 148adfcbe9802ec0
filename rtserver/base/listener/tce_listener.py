"""Listener for TCE clients over TCP. The user of a connection is not known yet: ``TceServer`` expects a token."""

import logging
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from rtserver.base.connection.connection import Connection
from rtserver.base.connection.connection_set import ConnectionSet
from rtserver.base.connection.socket_stream import send_without_delay
from rtserver.base.listener.acceptor import TURN_CONNECTIONS, Acceptor
from rtserver.base.listener.pending_watch import PendingWatch
from rtserver.base.listener.tls import TLS_TURN_CONNECTIONS, Tls, TlsStage
from rtserver.base.tce.framing import message_packet
from rtserver.base.tce.server import TceServer
from rtserver.base.wire.client_message import encode
from rtserver.base.wire.close_code import CloseCode
from tcelib.limit.too_many import TooMany, UnavailableError
from tcelib.transport.keep_alive import expect_life

log = logging.getLogger(__name__)


class TceListener:
    """Accepts connections for a ``ConnectionSet``. With ``tls``, only TLS is spoken."""

    def __init__(self, connection_set: ConnectionSet, tce: TceServer, tls: Tls | None = None) -> None:
        self._connection_set = connection_set
        self._tce = tce
        self._tls_stage: TlsStage | None = None
        if tls is not None:
            pending = PendingWatch(connection_set, "tce tls", "too many have not completed their handshake")
            self._tls_stage = TlsStage(tls, pending, self._start, on_gone=self._on_gone)
        turn_connections = TURN_CONNECTIONS if tls is None else TLS_TURN_CONNECTIONS
        self._acceptor = Acceptor(connection_set.loop, self._on_accept, turn_connections=turn_connections)

    def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on sockets that listen already."""
        bounds = self._connection_set.bounds
        for listening in sockets:
            # Accepted sockets inherit all of this.
            send_without_delay(listening, bounds.unsent_bytes)
            expect_life(listening, bounds.heartbeat_seconds)
            self._acceptor.listen([listening])

    def leave(self, sockets: Iterable[socket.socket]) -> None:
        """Accept the connections that wait at these sockets, and none there after them."""
        self._acceptor.leave(sockets)

    def stop(self) -> None:
        """Accept no more, and end the handshakes that are under way."""
        self._acceptor.stop()
        if self._tls_stage is not None:
            self._tls_stage.pending.turn_away_all(UnavailableError("the server is going down", 1))

    def _on_accept(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        ip, admission = address[0], self._connection_set.admission
        connection.setblocking(False)
        try:
            admission.check_files(connection.fileno())
            admission.admit(ip, self._connection_set.now())
        except TooMany as error:
            log.info("! %s: %s", ip, error)
            self._turn_away(connection, error.reason)
            return
        if self._tls_stage is None:
            self._start(connection, address)
        else:
            # A client has as long for its handshake as for its token afterwards.
            self._tls_stage.shake(
                connection, address, ip, self._connection_set.now() + self._tce.shared.login_seconds
            )

    def _start(self, connection: socket.socket, address: tuple[Any, ...], _until: float = 0.0) -> None:
        opened = Connection(self._connection_set, connection, address[0], self._tce.stream_kind)
        self._connection_set.start_pending(opened, self._tce.expect_token)

    def _on_gone(self, address: tuple[Any, ...]) -> None:
        self._connection_set.admission.leave(address[0])

    def _turn_away(self, connection: socket.socket, reason: str) -> None:
        if self._tls_stage is None:
            turn_away(connection, reason)
        else:
            connection.close()  # before the handshake of TLS nothing can be said


def turn_away(connection: socket.socket, reason: str) -> None:
    """Send the reason in a ``closed`` message, and close."""
    with suppress(OSError):
        connection.send(message_packet(encode("closed", {"code": CloseCode.TOO_MANY, "reason": reason})))
        connection.shutdown(socket.SHUT_WR)
    connection.close()
