"""Where connections come in: WebSocket requests are read here, all others go to Tornado's HTTP server.

Tornado reads a request in a dozen steps, which a page can afford; a server whose thousands of clients come back after
a restart cannot. This reads the head of a handshake with one system call: four times as many connections a second
(bench storm). A connection whose first bytes ask for anything else is handed on with those bytes unread.
"""

import logging
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from tornado.httpserver import HTTPServer

from rtserver.base.limit.pending import WaitingRoom
from rtserver.base.limit.table import HEAD_SECONDS
from rtserver.base.listener.acceptor import Acceptor
from rtserver.base.listener.http_admission import HttpAdmission
from rtserver.base.listener.pending_request import Newcomer
from rtserver.base.listener.secure_newcomer import SecureNewcomer
from rtserver.base.listener.tls import TLS_TURN_CONNECTIONS, Tls
from rtserver.base.listener.tornado_stream import GuestStream, SecureGuestStream
from rtserver.base.listener.upgrade import WebSocketServer, turn_away
from rtserver.base.wire.forwarded import Networks, is_forwarded, is_within, read_networks
from rtserver.base.wire.handshake import HandshakeError

log = logging.getLogger(__name__)

NEAR = read_networks(("127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
"""Where a site's own proxies are. From elsewhere the headers of one are a stranger's idea."""


class FrontDoor:
    """Accepts for a ``WebSocketServer``, whose requests begin with ``GET path``, and for everything else.

    The proxies that are ``trusted`` say from whom a request is. With ``tls`` nothing else is spoken here.
    """

    def __init__(
        self,
        path: str,
        websockets: WebSocketServer,
        http: HTTPServer,
        *,
        trusted: Networks = (),
        tls: Tls | None = None,
    ) -> None:
        # The byte behind the path decides as well: "/rt/" is ours, "/rt/x" is not.
        self.openings = tuple(f"GET {path}{end}".encode() for end in " ?")
        self.websockets = websockets
        self.http = http
        self.admission = HttpAdmission(websockets, trusted=trusted)
        self.tls = tls
        self._is_proxy_told = False
        turn = {} if tls is None else {"turn_connections": TLS_TURN_CONNECTIONS}
        self._acceptor = Acceptor(websockets.loop, self._on_accept, **turn)
        self.newcomers: WaitingRoom[Newcomer] = WaitingRoom(websockets.gate)

    @property
    def trusted(self) -> Networks:
        """The proxies whose word counts."""
        return self.admission.trusted

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
            self._meet(connection, address)

    def _meet(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        if self.tls is None:
            Newcomer(self, connection, address).on_readable()
            return
        try:
            ip = self.countable(address)
            if ip is not None:
                self.websockets.gate.admit_secure(ip, self.websockets.now())
            secure = self.tls.wrap(connection)
        except HandshakeError as error:
            log.info("! %s: %s", address[0], error)
            connection.close()  # without keys there are no words
        except OSError:
            log.info("! %s left at once", address[0])
        else:
            SecureNewcomer(self, secure, address, self.tls).begin()

    def hand_on(self, connection: socket.socket, address: tuple[Any, ...], first: bytes = b"") -> None:
        """Let Tornado answer a request, of which only ``first`` has been read; over TLS alone there may be that."""
        gate, ip = self.websockets.gate, self.countable(address)
        try:
            if ip is not None:
                gate.check_requests(ip, self.websockets.now())
                gate.enter(ip)
        except HandshakeError as error:
            self._turn_away(connection, address, error)
        else:
            kind = GuestStream if self.tls is None else SecureGuestStream
            self.http.handle_stream(kind(connection, self.admission, address[0], ip, first), address)

    def countable(self, address: tuple[Any, ...]) -> str | None:
        """The address that a connection counts for before its request is read; None for a proxy's: any client's."""
        ip: str = address[0]
        return None if self.trusted and is_within(ip, self.trusted) else ip

    def look_for_proxy(self, ip: str, headers: Mapping[str, str]) -> None:
        """Say once that a proxy near us has not been named: its clients share the limits of one, then."""
        if self._is_proxy_told or not is_forwarded(headers) or is_within(ip, self.trusted):
            return
        if is_within(ip, NEAR):
            self._is_proxy_told = True
            log.warning(
                "! requests come by a proxy at %s: name it in trusted_proxies, else its clients count as one", ip
            )

    def _turn_away(self, connection: socket.socket, address: tuple[Any, ...], error: HandshakeError) -> None:
        log.info("! %s: %s", address[0], error)
        turn_away(connection, error)
