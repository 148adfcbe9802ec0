"""Where TCE clients come in over TCP. Nobody knows yet whose a connection is; the rest is ``TceConnection``."""

import logging
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from errno import ETIMEDOUT
from typing import Any

from rtserver.base.connection.connection_set import ConnectionHome
from rtserver.base.connection.socket_stream import send_without_delay
from rtserver.base.limit.pending import WaitingRoom
from rtserver.base.listener.acceptor import Acceptor
from rtserver.base.listener.tls import TLS_TURN_CONNECTIONS, Tls, TlsHandshake
from rtserver.base.tce.connection import TceConnection
from rtserver.base.tce.framing import message_packet
from rtserver.base.wire.client_message import encode
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.handshake import HandshakeError
from tcelib.transport.keep_alive import expect_life

log = logging.getLogger(__name__)


class TceDoor:
    """Accepts for a server whose connections live in ``home``. With ``tls`` nothing else is spoken here."""

    def __init__(self, home: ConnectionHome, tls: Tls | None = None) -> None:
        self._home = home
        self._tls = tls
        self._shaking: WaitingRoom[SecureStranger] = WaitingRoom(home.gate)
        turn = {} if tls is None else {"turn_connections": TLS_TURN_CONNECTIONS}
        self._acceptor = Acceptor(home.loop, self._on_accept, **turn)

    def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on sockets that listen already."""
        self._acceptor.listen(sockets)

    def stop(self) -> None:
        """Accept no more, and wait for nobody who has not shaken hands."""
        self._acceptor.stop()
        for stranger in self._shaking:
            stranger.drop()

    def _on_accept(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        ip, gate = address[0], self._home.gate
        connection.setblocking(False)
        try:
            gate.check_files(connection.fileno())
            gate.admit(ip, self._home.now())
            gate.enter(ip)
        except HandshakeError as error:
            log.info("! %s: %s", ip, error)
            self._turn_away(connection, error.reason)
            return
        try:
            send_without_delay(connection, self._home.unsent_bytes)
            expect_life(connection, self._home.heartbeat_seconds)
            secure = None if self._tls is None else self._tls.wrap(connection)
        except OSError:
            log.info("! %s left at once", ip)
            connection.close()
            gate.leave(ip)
            return
        if self._tls is None or secure is None:
            self._home.start_stranger(TceConnection(self._home, connection, ip))
        else:
            SecureStranger(self._home, self._tls, secure, ip, self._shaking).begin()

    def _turn_away(self, connection: socket.socket, reason: str) -> None:
        if self._tls is None:
            turn_away(connection, reason)
        else:
            connection.close()  # without keys there are no words


class SecureStranger:
    """A connection that has not shaken hands yet; it has as long for that as for its token afterwards."""

    def __init__(
        self, home: ConnectionHome, tls: Tls, connection: ssl.SSLSocket, ip: str, room: "WaitingRoom[SecureStranger]"
    ) -> None:
        self._home = home
        self._tls = tls
        self._connection = connection
        self._ip = ip
        self._room = room
        self._handshake = TlsHandshake(home.loop, connection, self._on_done, self._on_failed)
        self._timer = home.wheel.arm(home.now(), home.login_seconds, self._on_late)

    def begin(self) -> None:
        """Shake hands, as far as it gets, if there is room for that."""
        try:
            displaced = self._room.enter(self, self._ip)
        except HandshakeError as error:
            log.info("! %s: no TLS: %s", self._ip, error)
            self.drop()
            return
        if displaced is not None:
            displaced.drop()
        self._handshake.go_on()

    def drop(self) -> None:
        """Close; without keys there are no words."""
        self._release()
        self._connection.close()
        self._home.gate.leave(self._ip)

    def _on_done(self) -> None:
        self._release()
        self._home.start_stranger(TceConnection(self._home, self._connection, self._ip))

    def _on_failed(self, error: OSError) -> None:
        self._tls.failures += 1
        log.info("! %s: no TLS: %s", self._ip, getattr(error, "reason", None) or error.strerror or error)
        self.drop()

    def _on_late(self) -> None:
        self._on_failed(TimeoutError(ETIMEDOUT, "the handshake did not come to its end in time"))

    def _release(self) -> None:
        self._room.leave(self)
        self._handshake.stop()
        self._timer.cancel()


def turn_away(connection: socket.socket, reason: str) -> None:
    """Say why nobody can come in now, as connections that end do, and close."""
    with suppress(OSError):
        connection.send(message_packet(encode("closed", {"code": CloseCode.TOO_MANY, "reason": reason})))
        connection.shutdown(socket.SHUT_WR)
    connection.close()
