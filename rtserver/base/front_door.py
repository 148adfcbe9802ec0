"""Where connections come in: WebSocket requests are read here, all others go to Tornado's HTTP server.

Tornado reads a request in a dozen steps, which a page can afford; a server whose thousands of clients come back after
a restart cannot. This reads the head of a handshake with one system call: four times as many connections a second
(bench storm). A connection whose first bytes ask for anything else is handed on with those bytes unread.
"""

import logging
import socket
from collections.abc import Iterable
from typing import Any

from tornado.httpserver import HTTPServer

from rtserver.base.acceptor import Acceptor
from rtserver.base.guest_stream import GuestStream
from rtserver.base.socket_stream import NOT_NOW
from rtserver.base.timer_wheel import Timer
from rtserver.base.waiting_room import RETRY_SECONDS, WaitingRoom
from rtserver.base.websocket_server import UpgradeRequest, WebSocketServer, refuse, turn_away
from rtserver.base.wire.forwarded import Networks, is_within, sender_of
from rtserver.base.wire.handshake import HandshakeError
from rtserver.base.wire.http_head import END, MAX_HEAD_BYTES, parse_head

log = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
"""For the whole head of a request: one that takes longer is no browser's."""


class FrontDoor:
    """Accepts for a ``WebSocketServer``, whose requests begin with ``GET path``, and for everything else.

    The proxies that are ``trusted`` say from whom a request is.
    """

    def __init__(self, path: str, websockets: WebSocketServer, http: HTTPServer, *, trusted: Networks = ()) -> None:
        # The byte behind the path decides as well: "/rt/" is ours, "/rt/x" is not.
        self.openings = tuple(f"GET {path}{end}".encode() for end in " ?")
        self.websockets = websockets
        self.http = http
        self.trusted = trusted
        self._acceptor = Acceptor(websockets.loop, self._on_accept)
        self.newcomers: WaitingRoom[Newcomer] = WaitingRoom(websockets.gate)

    def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on sockets that listen already."""
        for listener in sockets:
            # The system wakes us when there is a request, not when there is a connection.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, int(HEAD_SECONDS))
            self._acceptor.listen([listener])

    def stop(self) -> None:
        """Accept those who wait, and nobody after them. Whoever has not said yet what it wants may still say it."""
        self._acceptor.stop()

    def clear(self) -> None:
        """Turn those away who have still not said what they want: 503, for they may well come back."""
        for newcomer in self.newcomers:
            newcomer.turn_away("the server is going down", 1)

    def _on_accept(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        connection.setblocking(False)
        try:
            self.websockets.gate.check_files(connection.fileno())
        except HandshakeError as error:
            self._turn_away(connection, address, error)
        else:
            Newcomer(self, connection, address).on_readable()

    def hand_on(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        """Let Tornado answer a request of which nothing has been read."""
        gate, ip = self.websockets.gate, self.countable(address)
        try:
            if ip is not None:
                gate.enter(ip)
        except HandshakeError as error:
            self._turn_away(connection, address, error)
        else:
            self.http.handle_stream(GuestStream(connection, gate, ip), address)

    def countable(self, address: tuple[Any, ...]) -> str | None:
        """The address that a connection counts for before its request is read; None for a proxy's: any client's."""
        ip: str = address[0]
        return None if self.trusted and is_within(ip, self.trusted) else ip

    def _turn_away(self, connection: socket.socket, address: tuple[Any, ...], error: HandshakeError) -> None:
        log.info("! %s: %s", address[0], error)
        turn_away(connection, error)


class Newcomer:
    """An accepted connection that has not said yet what it wants, or has not said it all."""

    __slots__ = ("_address", "_connection", "_door", "_head", "_is_watched", "_timer")

    def __init__(self, door: FrontDoor, connection: socket.socket, address: tuple[Any, ...]) -> None:
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
            if len(self._head) >= MAX_HEAD_BYTES:
                self._refuse(HandshakeError(431, "a head over 16 KiB"))
            else:
                self._watch()
            return
        try:
            target, headers = parse_head(head)
        except HandshakeError as error:
            self._refuse(error)
            return
        self._release()
        websockets = self._door.websockets
        sender = sender_of(self._address[0], headers, self._door.trusted, is_secure=False)
        request = UpgradeRequest(target, headers, sender.remote_ip, is_secure=sender.is_secure)
        websockets.run(websockets.welcome(self._connection, request, rest))

    def _refuse(self, error: HandshakeError) -> None:
        log.info("! %s: %s", self._address[0], error)
        self._release()
        refuse(self._connection, error)

    def _watch(self) -> None:
        if self._is_watched:
            return
        try:
            displaced = self._door.newcomers.enter(self, self._door.countable(self._address))
        except HandshakeError as error:
            self._refuse(error)
            return
        if displaced is not None:
            displaced.turn_away("too many have not said yet what they want", RETRY_SECONDS)
        self._is_watched = True
        server = self._door.websockets
        self._timer = server.wheel.arm(server.now(), HEAD_SECONDS, self._on_late)
        server.loop.add_reader(self._connection.fileno(), self.on_readable)

    def _release(self) -> None:
        if self._is_watched:
            self._door.newcomers.leave(self)
            self._door.websockets.loop.remove_reader(self._connection.fileno())
            if self._timer is not None:
                self._timer.cancel()

    def _on_late(self) -> None:
        self._refuse(HandshakeError(408, "the request did not come in time"))
