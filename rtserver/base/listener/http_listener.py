"""Listener for HTTP: handshakes of WebSockets are read here, all other requests go to Tornado's HTTP server."""

import logging
import socket
from collections.abc import Iterable
from typing import Any

from tornado.httpserver import HTTPServer

from rtserver.base.connection.socket_stream import send_without_delay
from rtserver.base.limit.table import HEAD_SECONDS
from rtserver.base.listener.acceptor import TURN_CONNECTIONS, Acceptor
from rtserver.base.listener.http_admission import HttpAdmission
from rtserver.base.listener.last_answer import http_error, refuse_unread
from rtserver.base.listener.pending_request import PendingRequest, RequestStage
from rtserver.base.listener.pending_watch import PendingWatch
from rtserver.base.listener.tls import TLS_TURN_CONNECTIONS, Tls, TlsStage
from rtserver.base.listener.tornado_stream import SecureTornadoStream, TornadoStream
from rtserver.base.listener.upgrade import UpgradeRequest, WebSocketServer
from rtserver.base.wire.forwarded import Networks, is_forwarded, is_within, read_networks, sender_of
from rtserver.base.wire.handshake import HandshakeError, refusal
from rtserver.base.wire.http_head import HttpHead
from tcelib.limit.too_many import TooMany, UnavailableError

log = logging.getLogger(__name__)

NEAR = read_networks(("127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
"""Networks in which a site's own proxies stand. From elsewhere anybody may send a proxy's headers."""

NO_TLS = HandshakeError(400, "TLS is spoken here: the address begins with https:// or wss://")


class HttpListener:
    """Accepts for a ``WebSocketServer``, whose requests begin with ``GET path``, and for an ``HTTPServer``.

    Proxies that are ``trusted`` name the sender of a request. With ``tls``, only TLS is spoken.
    """

    def __init__(
        self,
        path: str,
        server: WebSocketServer,
        http: HTTPServer,
        *,
        trusted: Networks = (),
        tls: Tls | None = None,
    ) -> None:
        # The byte behind the path decides as well: "/rt/" is ours, "/rt/x" is not.
        openings = tuple(f"GET {path}{end}".encode() for end in " ?")
        self.http_admission = HttpAdmission(server, trusted=trusted)
        self.pending = PendingWatch(server, "first request", "too many have not said yet what they want")
        self.server = server
        self._http = http
        self._is_proxy_told = False
        self._requests = RequestStage(
            self.pending, openings, self._on_handshake, self._on_other, self.http_admission.countable
        )
        self._tls_stage: TlsStage | None = None
        if tls is not None:
            self._tls_stage = TlsStage(tls, self.pending, self._on_secure, plain_answer=refusal(NO_TLS))
        turn_connections = TURN_CONNECTIONS if tls is None else TLS_TURN_CONNECTIONS
        self._acceptor = Acceptor(server.loop, self._on_accept, turn_connections=turn_connections)

    def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on sockets that listen already."""
        for listening in sockets:
            send_without_delay(listening, self.server.bounds.unsent_bytes)
            # The system wakes us when there is a request, not when there is a connection.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, int(HEAD_SECONDS))
            self._acceptor.listen([listening])

    def leave(self, sockets: Iterable[socket.socket]) -> None:
        """Accept the connections that wait at these sockets, and none there after them."""
        self._acceptor.leave(sockets)

    def stop(self) -> None:
        """Accept the connections that wait, and none after them. Pending ones may still send their request."""
        self._acceptor.stop()

    def clear(self) -> None:
        """Turn pending connections away with 503; their clients may come back."""
        self.pending.turn_away_all(UnavailableError("the server is going down", 1))

    def _on_accept(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        connection.setblocking(False)
        try:
            self.server.admission.check_files(connection.fileno())
        except TooMany as error:
            self._turn_away(connection, address, error)
            return
        if self._tls_stage is None:
            PendingRequest(self._requests, connection, address).on_readable()
        else:
            self._shake(self._tls_stage, connection, address)

    def _shake(self, stage: TlsStage, connection: socket.socket, address: tuple[Any, ...]) -> None:
        ip, now = self.http_admission.countable(address), self.server.now()
        try:
            if ip is not None:
                self.server.admission.admit_secure(ip, now)
        except TooMany as error:
            log.info("! %s: %s", ip, error)
            connection.close()  # before the handshake of TLS nothing can be said
        else:
            stage.shake(connection, address, ip, now + HEAD_SECONDS)

    def _on_secure(self, connection: socket.socket, address: tuple[Any, ...], until: float) -> None:
        PendingRequest(self._requests, connection, address, until).on_readable()

    def _on_handshake(self, connection: socket.socket, address: tuple[Any, ...], head: HttpHead, rest: bytes) -> None:
        if not self._is_proxy_told and is_forwarded(head.headers):
            self._look_for_proxy(address[0])
        is_secure = self._tls_stage is not None
        sender = sender_of(address[0], head.headers, self.http_admission.trusted, is_secure=is_secure)
        request = UpgradeRequest(head.target, head.headers, sender.remote_ip, is_secure=sender.is_secure)
        self.server.welcome(connection, request, rest)

    def _on_other(self, connection: socket.socket, address: tuple[Any, ...], first: bytes) -> None:
        """Let Tornado answer a request, of which ``first`` has been read."""
        admission, ip = self.server.admission, self.http_admission.countable(address)
        try:
            if ip is not None:
                admission.check_requests(ip, self.server.now())
                admission.enter(ip)
        except TooMany as error:
            self._turn_away(connection, address, error)
        else:
            kind = TornadoStream if self._tls_stage is None else SecureTornadoStream
            self._http.handle_stream(kind(connection, self.http_admission, address[0], ip, first), address)

    def _look_for_proxy(self, ip: str) -> None:
        """Log once that a proxy near us has not been named: its clients share the limits of one client then."""
        if is_within(ip, NEAR) and not is_within(ip, self.http_admission.trusted):
            self._is_proxy_told = True
            log.warning(
                "! requests come by a proxy at %s: name it in trusted_proxies, else its clients count as one", ip
            )

    def _turn_away(self, connection: socket.socket, address: tuple[Any, ...], error: TooMany) -> None:
        refused = http_error(error)
        log.info("! %s: %s", address[0], refused)
        refuse_unread(connection, refused)
