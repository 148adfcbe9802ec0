"""Who has come in and not said yet what it wants: the first bytes decide whether it is a WebSocket's or Tornado's."""

import logging
import socket
from typing import TYPE_CHECKING, Any

from rtserver.base.connection.socket_stream import NOT_NOW
from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.limit.pending import RETRY_SECONDS
from rtserver.base.limit.table import HEAD_SECONDS
from rtserver.base.listener.upgrade import UpgradeRequest, refuse
from rtserver.base.wire.forwarded import sender_of
from rtserver.base.wire.handshake import HandshakeError
from rtserver.base.wire.http_head import END, MAX_HEAD_BYTES, has_bare_line_feed, parse_head

if TYPE_CHECKING:
    from rtserver.base.listener.http_listener import FrontDoor

log = logging.getLogger(__name__)


class Newcomer:
    """An accepted connection that has not said yet what it wants, or has not said it all."""

    __slots__ = ("_address", "_connection", "_door", "_head", "_is_watched", "_timer")

    def __init__(self, door: "FrontDoor", connection: socket.socket, address: tuple[Any, ...]) -> None:
        self._door = door
        self._connection = connection
        self._address = address
        self._head = b""
        self._is_watched = False
        self._timer: Timer | None = None

    def on_readable(self) -> None:
        """There are bytes, or there may be."""
        try:
            if not self._head and not self._is_ours():
                return
            data = self._connection.recv(MAX_HEAD_BYTES)
        except NOT_NOW:
            self._watch()
            return
        except OSError:
            data = b""
        if data:
            self._on_bytes(data)
        else:
            self.drop()

    def turn_away(self, reason: str, retry_seconds: int) -> None:
        """Do without this one."""
        self._refuse(HandshakeError(503, reason, {"Retry-After": str(retry_seconds)}))

    def drop(self) -> None:
        """Close without a word."""
        self._release()
        self._connection.close()

    def _is_ours(self) -> bool:
        """Look at the first bytes without taking them; whoever is not ours is handed on. Raises ``OSError``."""
        openings = self._door.openings
        length = len(openings[0])
        start = self._connection.recv(length, socket.MSG_PEEK)
        is_undecided = start and any(opening.startswith(start) for opening in openings) and len(start) < length
        if is_undecided and not self._is_watched:
            # From here on the system reports what it has when that is enough to decide, or the end.
            self._wake_at(length)
            self._watch()
            return False
        if self._is_watched:
            self._wake_at(1)
        if start in openings:
            return True
        self._release()
        self._door.hand_on(self._connection, self._address)
        return False

    def _wake_at(self, count: int) -> None:
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)

    def _on_bytes(self, data: bytes) -> None:
        self._head += data
        head, end, rest = self._head.partition(END)
        if not end:
            self._await_rest()
            return
        try:
            target, headers, *_ = parse_head(head)
        except HandshakeError as error:
            self._refuse(error)
            return
        self._release()
        self._door.look_for_proxy(self._address[0], headers)
        websockets = self._door.websockets
        sender = sender_of(self._address[0], headers, self._door.trusted, is_secure=self._door.tls is not None)
        request = UpgradeRequest(target, headers, sender.remote_ip, is_secure=sender.is_secure)
        websockets.run(websockets.welcome(self._connection, request, rest))

    def _await_rest(self) -> None:
        if has_bare_line_feed(self._head):
            self._refuse(HandshakeError(400, "a line that ends without a carriage return"))
        elif len(self._head) >= MAX_HEAD_BYTES:
            self._refuse(HandshakeError(431, "a head over 16 KiB"))
        else:
            self._watch()

    def _refuse(self, error: HandshakeError) -> None:
        log.info("! %s: %s", self._address[0], error)
        self._release()
        refuse(self._connection, error)

    def _watch(self) -> None:
        if not self._is_watched and self._come_in():
            self._door.websockets.loop.add_reader(self._connection.fileno(), self.on_readable)

    def _come_in(self) -> bool:
        """Take a place among those who wait, for a while; False for one who is refused."""
        try:
            displaced = self._door.newcomers.enter(self, self._door.countable(self._address))
        except HandshakeError as error:
            self._refuse(error)
            return False
        if displaced is not None:
            displaced.turn_away("too many have not said yet what they want", RETRY_SECONDS)
        self._is_watched = True
        server = self._door.websockets
        self._timer = server.wheel.arm(server.now(), HEAD_SECONDS, self._on_late)
        return True

    def _release(self) -> None:
        if self._is_watched:
            self._door.newcomers.leave(self)
            self._door.websockets.loop.remove_reader(self._connection.fileno())
            if self._timer is not None:
                self._timer.cancel()

    def _on_late(self) -> None:
        self._refuse(HandshakeError(408, "the request did not come in time"))
