"""First request of each connection: its head is read with one system call, and reported.

Tornado reads a request in a dozen steps, which a page can afford; a server whose thousands of clients come back after
a restart cannot. This takes a fourth of the time for a handshake (bench storm). A request whose first bytes are not
those of a handshake is reported together with what was read of it.
"""

import logging
import socket
from collections.abc import Callable
from typing import Any

from rtserver.base.connection.socket_stream import NOT_NOW
from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.limit.table import HEAD_SECONDS
from rtserver.base.listener.last_answer import http_error, refuse
from rtserver.base.listener.pending_watch import PendingWatch
from rtserver.base.wire.handshake import HandshakeError
from rtserver.base.wire.http_head import END, MAX_HEAD_BYTES, HttpHead, has_bare_line_feed, parse_request
from tcelib.limit.too_many import TooMany, TryLaterError

log = logging.getLogger(__name__)


class RequestStage:
    """Reads the first request of each connection of a listener.

    A handshake begins with one of ``openings``, which have the same length. ``on_handshake(connection, address, head,
    rest)`` takes over a connection whose handshake has come; ``rest`` is what came behind it. ``on_other(connection,
    address, first)`` takes over any other, of which ``first`` has been read. A connection that makes the server wait
    counts for the address that ``countable`` returns, None for a proxy's.
    """

    def __init__(
        self,
        pending: PendingWatch,
        openings: tuple[bytes, ...],
        on_handshake: Callable[[socket.socket, tuple[Any, ...], HttpHead, bytes], object],
        on_other: Callable[[socket.socket, tuple[Any, ...], bytes], object],
        countable: Callable[[tuple[Any, ...]], str | None],
    ) -> None:
        self.pending = pending
        self.openings = openings
        self.on_handshake = on_handshake
        self.on_other = on_other
        self.countable = countable


class PendingRequest:
    """Connection whose first request is not complete. Its socket does not block.

    It has until ``until``, in the event loop's time; without one for ``HEAD_SECONDS``.
    """

    __slots__ = ("_address", "_connection", "_head", "_is_waiting", "_stage", "_timer", "_until")

    def __init__(
        self, stage: RequestStage, connection: socket.socket, address: tuple[Any, ...], until: float | None = None
    ) -> None:
        self._stage = stage
        self._connection = connection
        self._address = address
        self._until = until
        self._head = b""
        self._is_waiting = False
        self._timer: Timer | None = None

    def on_readable(self) -> None:
        """Read what has come, if anything."""
        try:
            # Of TLS this is a whole record: nothing that was decrypted is left behind.
            data = self._connection.recv(MAX_HEAD_BYTES)
        except NOT_NOW:
            self._wait()
            return
        except OSError:
            data = b""
        stage, head = self._stage, self._head + data
        if not data:
            if self._is_waiting:
                self._release()
            self._connection.close()
        elif head.startswith(stage.openings):
            self._on_handshake(head)
        elif any(opening.startswith(head) for opening in stage.openings):
            self._head = head
            self._wait()
        else:
            if self._is_waiting:
                self._release()
            stage.on_other(self._connection, self._address, head)

    def turn_away(self, error: TryLaterError) -> None:
        """Answer 429 or 503, and close."""
        self._refuse(http_error(error))

    def _on_handshake(self, data: bytes) -> None:
        text, end, rest = data.partition(END)
        if not end:
            self._await_rest(data)
            return
        try:
            head = parse_request(text)
        except HandshakeError as error:
            self._refuse(error)
            return
        if head.minor_version != 1:
            self._refuse(HandshakeError(400, "not a GET request of HTTP/1.1"))
            return
        if self._is_waiting:
            self._release()
        self._stage.on_handshake(self._connection, self._address, head, rest)

    def _await_rest(self, head: bytes) -> None:
        self._head = head
        if has_bare_line_feed(self._head):
            self._refuse(HandshakeError(400, "a line that ends without a carriage return"))
        elif len(self._head) >= MAX_HEAD_BYTES:
            self._refuse(HandshakeError(431, "a head over 16 KiB"))
        else:
            self._wait()

    def _wait(self) -> None:
        if self._is_waiting:
            return
        pending = self._stage.pending
        try:
            pending.enter(self, self._stage.countable(self._address))
        except TooMany as error:
            self.turn_away(error)
            return
        self._is_waiting = True
        until = pending.now() + HEAD_SECONDS if self._until is None else self._until
        self._timer = pending.arm(until, self._on_late)
        pending.loop.add_reader(self._connection.fileno(), self.on_readable)

    def _refuse(self, error: HandshakeError) -> None:
        log.info("! %s: %s", self._address[0], error)
        if self._is_waiting:
            self._release()
        refuse(self._connection, error)

    def _on_late(self) -> None:
        self._refuse(HandshakeError(408, "the request did not come in time"))

    def _release(self) -> None:
        """Wait no longer; the head is complete, or the connection ends."""
        pending = self._stage.pending
        pending.leave(self)
        pending.loop.remove_reader(self._connection.fileno())
        if self._timer is not None:
            self._timer.cancel()
