"""A newcomer who speaks TLS: first the handshake, then what every newcomer says, in the same time."""

import logging
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rtserver.base.connection.socket_stream import NOT_NOW
from rtserver.base.listener.pending_request import Newcomer
from rtserver.base.listener.tls import Tls, TlsHandshake, speaks_plainly
from rtserver.base.wire.handshake import HandshakeError, refusal
from rtserver.base.wire.http_head import MAX_HEAD_BYTES

if TYPE_CHECKING:
    from rtserver.base.listener.http_listener import FrontDoor

log = logging.getLogger(__name__)

NO_TLS = HandshakeError(400, "TLS is spoken here: the address begins with https:// or wss://")


class SecureNewcomer(Newcomer):
    """What TLS has decrypted cannot be looked at without being taken, so it is handed on together with the socket."""

    __slots__ = ("_handshake", "_is_secure", "_tls")

    def __init__(self, door: "FrontDoor", connection: ssl.SSLSocket, address: tuple[Any, ...], tls: Tls) -> None:
        super().__init__(door, connection, address)
        self._tls = tls
        self._is_secure = False
        self._handshake = TlsHandshake(door.websockets.loop, connection, self._on_done, self._on_failed)

    def begin(self) -> None:
        """Shake hands, as far as it gets."""
        if self._come_in():
            self._handshake.go_on()

    def on_readable(self) -> None:
        """There are bytes, or there may be."""
        try:
            data = self._connection.recv(MAX_HEAD_BYTES)  # a whole record: nothing decrypted is left behind
        except NOT_NOW:
            return
        except OSError:
            data = b""
        if data:
            self._on_first_bytes(data)
        else:
            self.drop()

    def _on_first_bytes(self, data: bytes) -> None:
        openings = self._door.openings
        length = len(openings[0])
        known = self._head + data
        start = known[:length]
        if start in openings:
            self._on_bytes(data)
        elif len(start) < length and any(opening.startswith(start) for opening in openings):
            self._head = known
        else:
            self._release()
            self._door.hand_on(self._connection, self._address, known)

    def _on_done(self) -> None:
        self._is_secure = True
        self._door.websockets.loop.add_reader(self._connection.fileno(), self.on_readable)
        self.on_readable()

    def _on_failed(self, error: OSError) -> None:
        self._tls.failures += 1
        log.info("! %s: no TLS: %s", self._address[0], getattr(error, "reason", None) or error.strerror or error)
        self._release()
        if speaks_plainly(error):
            self._answer_plainly()
        self._connection.close()

    def _answer_plainly(self) -> None:
        with suppress(OSError):
            # What is unread would reset the connection, and the answer with it.
            socket.socket.recv(self._connection, MAX_HEAD_BYTES)
            socket.socket.send(self._connection, refusal(NO_TLS))
            socket.socket.shutdown(self._connection, socket.SHUT_WR)

    def _refuse(self, error: HandshakeError) -> None:
        if self._is_secure:
            super()._refuse(error)
            return
        # Without keys there are no words.
        self._tls.failures += 1
        log.info("! %s: no TLS: %s", self._address[0], error)
        self.drop()

    def _release(self) -> None:
        self._handshake.stop()
        super()._release()
