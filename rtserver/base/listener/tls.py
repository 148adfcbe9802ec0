"""TLS on sockets of the event loop: the certificate that is shown, and the stage of handshakes before a listener.

Decides which versions are spoken, and nothing about what is said inside. The builder of a ``Tls`` decides where the
certificate comes from.
"""

import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.listener.pending_watch import PendingWatch
from rtserver.base.wire.http_head import MAX_HEAD_BYTES
from tcelib.limit.too_many import TooMany, TryLaterError
from tcelib.tls_errors import keep_apart

log = logging.getLogger(__name__)

TLS_TURN_CONNECTIONS = 16
"""Handshakes in one turn of the loop: each takes half a millisecond, and everything else waits for them."""


class Tls:
    """TLS of a server's listeners. ``context`` may be replaced at any time: later connections get the new one.

    ``failures`` counts handshakes that were not completed.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.failures = 0

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """Return the server's end of TLS on a socket that does not block, and now belongs to it.

        Nothing has been said yet. Raises ``OSError``.
        """
        keep_apart(self.context)
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


class TlsStage:
    """TLS handshakes of the connections that a listener has accepted.

    ``on_secure(connection, address, until)`` takes over a connection whose handshake is complete; ``until`` is as in
    ``shake``. ``on_gone(address)`` is called for each that ends before. A peer that speaks plain HTTP gets
    ``plain_answer``.
    """

    def __init__(
        self,
        tls: Tls,
        pending: PendingWatch,
        on_secure: Callable[[ssl.SSLSocket, tuple[Any, ...], float], object],
        *,
        on_gone: Callable[[tuple[Any, ...]], object] = lambda address: None,
        plain_answer: bytes = b"",
    ) -> None:
        self.tls = tls
        self.pending = pending
        self.on_secure = on_secure
        self.on_gone = on_gone
        self.plain_answer = plain_answer

    def shake(self, connection: socket.socket, address: tuple[Any, ...], ip: str | None, until: float) -> None:
        """Take over a connection that does not block. It counts for ``ip``; None is a proxy's.

        The handshake has until ``until``, in the event loop's time.
        """
        try:
            secure = self.tls.wrap(connection)
        except OSError:
            log.info("! %s left at once", address[0])
            connection.close()
            self.on_gone(address)
        else:
            PendingHandshake(self, secure, address, until).begin(ip)


class PendingHandshake:
    """Connection whose TLS handshake is not complete. No answer can be sent before."""

    __slots__ = ("_address", "_connection", "_file", "_stage", "_timer", "_until")

    def __init__(self, stage: TlsStage, connection: ssl.SSLSocket, address: tuple[Any, ...], until: float) -> None:
        self._stage = stage
        self._connection = connection
        self._file = connection.fileno()
        self._address = address
        self._until = until
        self._timer: Timer | None = None

    def begin(self, ip: str | None) -> None:
        """Shake hands, as far as it gets, if there is room for that."""
        try:
            self._stage.pending.enter(self, ip)
        except TooMany as error:
            self.turn_away(error)
            return
        self._timer = self._stage.pending.arm(self._until, self._on_late)
        self._go_on()

    def turn_away(self, error: TryLaterError) -> None:
        """Close the connection."""
        self._end(error.reason)

    def _go_on(self) -> None:
        loop = self._stage.pending.loop
        try:
            self._connection.do_handshake()
        except ssl.SSLWantReadError:
            loop.remove_writer(self._file)
            loop.add_reader(self._file, self._go_on)
        except ssl.SSLWantWriteError:
            loop.remove_reader(self._file)
            loop.add_writer(self._file, self._go_on)
        except OSError as error:
            if self._stage.plain_answer and speaks_plainly(error):
                self._answer_plainly()
            self._end(getattr(error, "reason", None) or error.strerror or error)
        else:
            self._release()
            self._stage.on_secure(self._connection, self._address, self._until)

    def _answer_plainly(self) -> None:
        with suppress(OSError):
            # What is unread would reset the connection, and the answer with it.
            socket.socket.recv(self._connection, MAX_HEAD_BYTES)
            socket.socket.send(self._connection, self._stage.plain_answer)
            socket.socket.shutdown(self._connection, socket.SHUT_WR)

    def _on_late(self) -> None:
        self._end("the handshake did not come to its end in time")

    def _end(self, reason: object) -> None:
        stage = self._stage
        stage.tls.failures += 1
        log.info("! %s: no TLS: %s", self._address[0], reason)
        self._release()
        self._connection.close()
        stage.on_gone(self._address)

    def _release(self) -> None:
        pending = self._stage.pending
        pending.leave(self)
        pending.loop.remove_reader(self._file)
        pending.loop.remove_writer(self._file)
        if self._timer is not None:
            self._timer.cancel()


def speaks_plainly(error: OSError) -> bool:
    """Return whether a request in plain HTTP came in the place of a handshake."""
    return isinstance(error, ssl.SSLError) and error.reason == "HTTP_REQUEST"
