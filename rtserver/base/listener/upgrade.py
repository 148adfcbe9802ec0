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
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Protocol, cast

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from rtserver.base.connection.carrier import OpenBinary
from rtserver.base.connection.connection import Connection, Kind
from rtserver.base.connection.connection_set import DEFAULT_BOUNDS, ConnectionSet
from rtserver.base.connection.handler import ConnectionHandler, Identity, RefusalReasons
from rtserver.base.connection.shared import ConnectionBounds
from rtserver.base.connection.socket_stream import take_socket
from rtserver.base.connection.websocket import WebSocketReceiver
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
from tcelib.limit.admission import Admission
from tcelib.limit.connection_rate import Rates
from tcelib.limit.too_many import TooMany, TryLaterError

log = logging.getLogger(__name__)

UNKNOWN_YET = object()
"""In the place of an identity: the client may say later who it is."""


class UpgradeRequest:
    """Request for a WebSocket. ``headers`` are by name in lower case.

    ``remote_ip`` and ``is_secure`` are what ``wire.forwarded`` says of its sender. ``wants_tce``: the target's query
    has a ``tce``. ``asks_session``: a page asks by a plain GET of ``?session`` if it would be let in, because a
    browser does not tell a page why its handshake was refused.
    """

    __slots__ = ("asks_session", "has_body", "headers", "is_secure", "remote_ip", "wants_tce")

    def __init__(self, target: str, headers: Mapping[str, str], remote_ip: str, *, is_secure: bool = False) -> None:
        query = target.partition("?")[2]
        fields = [field.partition("=")[0] for field in query.split("&")] if query else ()
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

    def welcome(self, connection: socket.socket, request: UpgradeRequest, first: bytes = b"") -> None:
        """Answer the request with 101 and start its connection, or with another status and a reason.

        The status is 400, 401, 403, 426, 429, 500 or 503; for a request that only ``asks_session``, 204 in place of
        101 and 426. The answer waits until the user is known. Takes the socket over; ``first`` is what came behind
        the request. Never raises.
        """
        try:
            self.admission.admit(request.remote_ip, self.now())
        except TooMany as error:
            refused = http_error(error)
            log.info("! %s: %s", request.remote_ip, refused)
            refuse(connection, refused)
            return
        try:
            if request.has_body:
                raise HandshakeError(400, "a handshake has no body")
            accept = "" if request.asks_session else accept_value(request.headers)
            identity = self._identify(request)
        except Exception as error:  # noqa: BLE001 (the site may raise anything; it is logged)
            self._turn_away(connection, request, error)
            return
        if hasattr(identity, "__await__"):
            pending = cast(Awaitable[Identity | None], identity)
            self.run(self._let_in_later(connection, request, accept, pending, first))
        else:
            self._let_in(connection, request, accept, identity, first)

    def _identify(self, request: UpgradeRequest) -> Identity | Awaitable[Identity | None] | None:
        """Return the request's user, or an awaitable of it; ``UNKNOWN_YET`` for a TCE client that may show a token.

        Raises ``HandshakeError`` and ``TryLaterError``.
        """
        origin, host = request.headers.get("origin"), request.headers.get("host", "")
        check_origin(origin, host, self.allowed_origins, is_secure=request.is_secure)
        credential = self._authority.credential(request)
        if credential is not None:
            return self._authority.authenticate(credential)
        may_show_later = request.wants_tce and self._tce is not None and not request.asks_session
        return UNKNOWN_YET if may_show_later else None

    async def _let_in_later(
        self,
        connection: socket.socket,
        request: UpgradeRequest,
        accept: str,
        pending: Awaitable[Identity | None],
        first: bytes,
    ) -> None:
        try:
            identity = await pending
        except Exception as error:  # noqa: BLE001 (as in welcome)
            self._turn_away(connection, request, error)
        except asyncio.CancelledError:
            connection.close()  # the server ends, or the executor of the look-up does
            raise
        else:
            self._let_in(connection, request, accept, identity, first)

    def _let_in(
        self, connection: socket.socket, request: UpgradeRequest, accept: str, identity: Identity | None, first: bytes
    ) -> None:
        """Open the connection of a user; ``identity`` None is nobody's."""
        if identity is None:
            self._turn_away(connection, request, HandshakeError(401, "not logged in: no valid session"))
        elif request.asks_session:
            close_with(connection, session_holds(request.headers.get("origin")))
            self.admission.leave(request.remote_ip)
        else:
            self._open(connection, request, accept, identity, first)

    def _turn_away(self, connection: socket.socket, request: UpgradeRequest, error: Exception) -> None:
        """Refuse a request that was admitted, and log the reason."""
        if isinstance(error, TryLaterError):
            error = http_error(error)
        if not isinstance(error, HandshakeError):
            log.error("! %s: nobody could tell whether it may come in", request.remote_ip, exc_info=error)
            refuse(connection, HandshakeError(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed on this request"))
            self.admission.leave(request.remote_ip)
            return
        if request.asks_session:
            error.headers.update(readable_by(request.headers.get("origin")))
        refuse(connection, error)
        if error.status == HTTPStatus.UNAUTHORIZED and self._reasons is not None:
            self.run(self._look_up_reason(self._reasons, request, error))
        else:
            self._log_refusal(request, error)

    async def _look_up_reason(self, reasons: RefusalReasons, request: UpgradeRequest, error: HandshakeError) -> None:
        reason = ""
        with suppress(RuntimeError):  # the executor has been shut down
            reason = f": {await reasons.of_cookies(request.headers.get('cookie', ''))}"
        self._log_refusal(request, error, reason)

    def _log_refusal(self, request: UpgradeRequest, error: HandshakeError, reason: str = "") -> None:
        log.info("! %s: %s%s", request.remote_ip, error, reason)
        self.admission.leave(request.remote_ip)

    def _open(
        self, connection: socket.socket, request: UpgradeRequest, accept: str, identity: Identity, first: bytes
    ) -> None:
        tce = self._tce if request.wants_tce else None
        # Clients of other makes cannot be relied on to compress TCE.
        offer = request.headers.get("sec-websocket-extensions") if self.compresses and tce is None else None
        extension = maybe_accept(offer) if offer else None
        own_kind = self._plain_kind if extension is None else self._deflated_kind
        kind = own_kind if tce is None else tce.framed_kind
        opened = Connection(self, connection, request.remote_ip, kind)
        # It leaves in one write with what the handler sends at the opening, and in one call with those of others.
        opened.push(answer(accept, extension))
        if identity is UNKNOWN_YET and tce is not None:
            self.start_pending(opened, tce.expect_token_in_frames, first)
        else:
            self.start(opened, identity, first)


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
        self._server.welcome(connection, request, first)
