"""The opening handshake, then a ``Connection`` on the bare socket.

Requests come from the ``HttpListener``, which reads them itself, or from Tornado's HTTP server through
``WebSocketHandler``, where a proxy sends an upgrade over a connection that has carried requests before.
Both end in ``WebSocketServer.welcome``. The user is looked up before the upgrade, so that a refused client gets an
HTTP answer and costs no connection. A page may ask the same question over plain HTTP, with ``/rt/?session``, because
a browser hides the answer to a handshake. A request for ``/rt/?tce`` asks for TCE in binary frames and nothing else;
its sender may show a token after the upgrade instead.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Protocol

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from rtserver.base.connection.carrier import OpenBinary
from rtserver.base.connection.connection import Connection, Kind
from rtserver.base.connection.connection_set import DEFAULT_BOUNDS, ConnectionSet
from rtserver.base.connection.handler import ConnectionHandler, Identity, RefusalReasons
from rtserver.base.connection.shared import ConnectionBounds
from rtserver.base.connection.socket_stream import send_without_delay, take_socket
from rtserver.base.connection.websocket import WebSocketReceiver
from rtserver.base.limit.admission import Admission
from rtserver.base.limit.connection_rate import Rates
from rtserver.base.limit.too_many import TooMany, TryLaterError
from rtserver.base.listener.last_answer import close_with, http_error, refuse
from rtserver.base.listener.tornado_stream import TornadoStream
from rtserver.base.send.plain import PLAIN
from rtserver.base.send.port import Sender
from rtserver.base.tce.server import TceServer
from rtserver.base.wire.deflate import deflated_text_frame, maybe_accept
from rtserver.base.wire.frame import text_frame
from rtserver.base.wire.handshake import (
    HandshakeError,
    accept_value,
    answer,
    check_origin,
    readable_by,
    session_holds,
)

log = logging.getLogger(__name__)


class UpgradeRequest:
    """Request for a WebSocket. ``headers`` are by name in lower case.

    ``remote_ip`` and ``is_secure`` are what ``wire.forwarded`` says of its sender. ``wants_tce``: the target's query
    has a ``tce``. ``asks_session``: a page asks by a plain GET of ``?session`` if it would be let in, because a
    browser does not tell a page why its handshake was refused.
    """

    __slots__ = ("asks_session", "has_body", "headers", "is_secure", "remote_ip", "wants_tce")

    def __init__(self, target: str, headers: Mapping[str, str], remote_ip: str, *, is_secure: bool = False) -> None:
        fields = [field.partition("=")[0] for field in target.partition("?")[2].split("&")]
        self.headers = headers
        self.remote_ip = remote_ip
        self.is_secure = is_secure
        # Behind a handshake, the bytes of a body would count as frames.
        self.has_body = "transfer-encoding" in headers or headers.get("content-length", "0").strip("0") != ""
        self.wants_tce = "tce" in fields
        self.asks_session = "session" in fields and "upgrade" not in headers


class ServerHandler(ConnectionHandler, Protocol):
    """Application side that also decides who may connect."""

    @property
    def credential(self) -> Callable[[UpgradeRequest], str | None]:
        """Return what a request shows for ``authenticate``, or None: then a TCE client may show it later."""


class WebSocketServer(ConnectionSet):
    """Handshakes and connections of one path. Built on the event loop's thread.

    ``open_binary`` takes the binary messages of browsers; without it they are dropped. Without ``tce`` no request for
    TCE is answered. With ``compresses``, compression is agreed on with the clients that offer it. ``reasons`` say for
    the log why a cookie let nobody in. For the rest see ``ConnectionSet``.
    """

    def __init__(
        self,
        handler: ServerHandler,
        bounds: ConnectionBounds = DEFAULT_BOUNDS,
        *,
        open_binary: OpenBinary | None = None,
        tce: TceServer | None = None,
        allowed_origins: Collection[str] = (),
        compresses: bool = False,
        reasons: RefusalReasons | None = None,
        admission: Admission | None = None,
        rates: Rates | None = None,
        sender: Sender = PLAIN,
    ) -> None:
        super().__init__(handler, bounds, admission=admission, rates=rates, sender=sender)
        self.allowed_origins = allowed_origins
        self.compresses = compresses
        self._authority = handler
        self._tce = tce
        self._reasons = reasons
        inflating = partial(WebSocketReceiver, inflates=True)
        self._plain_kind = Kind("websocket", text_frame, WebSocketReceiver, open_binary)
        self._deflated_kind = Kind("websocket, deflated", deflated_text_frame, inflating, open_binary)

    async def welcome(self, connection: socket.socket, request: UpgradeRequest, first: bytes = b"") -> None:
        """Answer the request with 101 and start its connection, or with another status and a reason.

        The status is 400, 401, 403, 426, 429, 500 or 503; for a request that only ``asks_session``, 204 in place of
        101 and 426. Takes the socket over; ``first`` is what came behind the request. Never raises.
        """
        ip = request.remote_ip
        try:
            self.admission.admit(ip, self.loop.time())
        except TooMany as error:
            refused = http_error(error)
            log.info("! %s: %s", ip, refused)
            refuse(connection, refused)
            return
        if not await self._let_in(connection, request, first):
            self.admission.leave(ip)

    async def _let_in(self, connection: socket.socket, request: UpgradeRequest, first: bytes) -> bool:
        """Return whether there is a connection now, which counts until it ends."""
        try:
            if request.has_body:
                raise HandshakeError(400, "a handshake has no body")
            accept = "" if request.asks_session else accept_value(request.headers)
            identity = await self._identify(request)
        except HandshakeError as error:
            if request.asks_session:
                error.headers.update(readable_by(request.headers.get("origin")))
            refuse(connection, error)
            log.info("! %s: %s%s", request.remote_ip, error, await self._reason(error, request))
        except Exception:
            log.exception("! %s: nobody could tell whether it may come in", request.remote_ip)
            refuse(connection, HandshakeError(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed on this request"))
        except asyncio.CancelledError:
            connection.close()  # the server ends, or the executor of the look-up does
            raise
        else:
            if not request.asks_session:
                return self._open(connection, request, accept, identity, first)
            close_with(connection, session_holds(request.headers.get("origin")))
        return False

    async def _identify(self, request: UpgradeRequest) -> Identity | None:
        """Return the request's user; None for a TCE client that may show a token later. Raises ``HandshakeError``."""
        origin, host = request.headers.get("origin"), request.headers.get("host", "")
        check_origin(origin, host, self.allowed_origins, is_secure=request.is_secure)
        credential = self._authority.credential(request)
        if credential is None and request.wants_tce and self._tce is not None and not request.asks_session:
            return None
        try:
            identity = None if credential is None else await self._authority.authenticate(credential)
        except TryLaterError as error:
            raise http_error(error) from None
        if identity is None:
            raise HandshakeError(401, "not logged in: no valid session")
        return identity

    async def _reason(self, error: HandshakeError, request: UpgradeRequest) -> str:
        if error.status != HTTPStatus.UNAUTHORIZED or self._reasons is None:
            return ""
        with suppress(RuntimeError):  # the executor has been shut down
            return f": {await self._reasons.of_cookies(request.headers.get('cookie', ''))}"
        return ""

    def _open(
        self, connection: socket.socket, request: UpgradeRequest, accept: str, identity: Identity | None, first: bytes
    ) -> bool:
        tce = self._tce if request.wants_tce else None
        # Clients of other makes cannot be relied on to compress TCE.
        offer = request.headers.get("sec-websocket-extensions") if self.compresses and tce is None else None
        extension = maybe_accept(offer) if offer else None
        try:
            send_without_delay(connection, self.bounds.unsent_bytes)
            connection.send(answer(accept, extension))  # a fresh socket has room for it
        except OSError:
            log.info("! %s left during the handshake", request.remote_ip)
            connection.close()
            return False
        own_kind = self._plain_kind if extension is None else self._deflated_kind
        kind = own_kind if tce is None else tce.framed_kind
        opened = Connection(self, connection, request.remote_ip, kind)
        if identity is None and tce is not None:
            self.start_pending(opened, tce.expect_token_in_frames, first)
        else:
            self.start(opened, identity, first)
        return True


class WebSocketHandler(RequestHandler):
    """Handshake that Tornado has read. Route it with ``{"server": WebSocketServer}``."""

    def initialize(self, server: WebSocketServer) -> None:
        """Called by Tornado with the route's arguments."""
        self._server = server

    async def get(self) -> None:
        """Hand the request and its socket to the server."""
        headers = {name.lower(): value for name, value in self.request.headers.items()}
        if "cookie" in headers:
            # Tornado joins lines by commas, which no cookie knows; a proxy may make several lines of one (RFC 9113).
            headers["cookie"] = "; ".join(self.request.headers.get_list("cookie"))
        is_secure = self.request.protocol == "https"
        request = UpgradeRequest(self.request.uri or "", headers, self.request.remote_ip or "", is_secure=is_secure)
        try:
            stream = self.detach()
            connection, first = take_socket(stream)
        except (StreamClosedError, AttributeError):
            log.info("! %s left during the handshake", request.remote_ip)
            return
        if isinstance(stream, TornadoStream):
            stream.hand_over()
        await self._server.welcome(connection, request, first)
