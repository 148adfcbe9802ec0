"""The opening handshake, then a ``WebSocketConnection`` on the bare socket.

Requests come from the ``FrontDoor``, which reads them itself, or from Tornado's HTTP server through
``WebSocketHandler``: over TLS, and where a proxy sends an upgrade over a connection that has carried requests before.
Both end in ``WebSocketServer.welcome``. Who may come in is asked of the owner before the upgrade, so that a stranger
gets an HTTP answer and costs no connection.
"""

import asyncio
import logging
import socket
from collections.abc import Collection, Coroutine, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol

from tornado.httputil import parse_cookie
from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from rtserver.base.connection_owner import ConnectionOwner
from rtserver.base.deflating_connection import DeflatingConnection
from rtserver.base.flusher import Flusher
from rtserver.base.ownership import ThreadBound
from rtserver.base.socket_stream import take_socket
from rtserver.base.timer_wheel import TimerWheel
from rtserver.base.websocket_connection import WebSocketConnection
from rtserver.base.wire.deflate import maybe_accept
from rtserver.base.wire.handshake import HandshakeError, accept_value, answer, check_origin, refusal

log = logging.getLogger(__name__)


class UpgradeRequest:
    """The request that wants to become a WebSocket. ``headers`` are by name in lower case."""

    __slots__ = ("headers", "remote_ip", "target")

    def __init__(self, target: str, headers: Mapping[str, str], remote_ip: str) -> None:
        self.target = target
        self.headers = headers
        self.remote_ip = remote_ip

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies' values by name; malformed ones are left out."""
        return parse_cookie(self.headers.get("cookie", ""))


class ServerOwner(ConnectionOwner, Protocol):
    """Who decides about newcomers and gets what the connections say."""

    async def authenticate(self, request: UpgradeRequest) -> Any | None:
        """Who asks; None for someone who may not come in, who is answered with 401."""

    def on_open(self, connection: WebSocketConnection, identity: Any) -> Any | None:
        """The connection is up. What is returned names it in every later call; None drops the connection."""


class WebSocketServer(ThreadBound):
    """The open connections of one path, and what they share. Built on the event loop's thread.

    With ``compresses``, compression is agreed on with the clients that offer it.
    """

    def __init__(
        self,
        owner: ServerOwner,
        *,
        allowed_origins: Collection[str] = (),
        heartbeat_seconds: float = 25.0,
        max_message_bytes: int = 65_536,
        outbox_bytes: int = 262_144,
        outbox_hard_bytes: int = 2_097_152,
        flush_window: float = 0.002,
        compresses: bool = False,
    ) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self._connections: set[WebSocketConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._emptied = asyncio.Event()
        self._turning: asyncio.TimerHandle | None = None
        self.compresses = compresses
        self.owner = owner
        self.allowed_origins = allowed_origins
        self.heartbeat_seconds = heartbeat_seconds
        self.max_message_bytes = max_message_bytes
        self.outbox_bytes = outbox_bytes
        self.outbox_hard_bytes = outbox_hard_bytes
        self.flusher = Flusher(self.loop, flush_window)
        self.wheel = TimerWheel(self.now())
        self.accepted = 0
        self._turn()

    def __len__(self) -> int:
        return len(self._connections)

    def now(self) -> float:
        """The event loop's time, which every deadline here is told in."""
        return self.loop.time()

    async def welcome(self, connection: socket.socket, request: UpgradeRequest, first: bytes = b"") -> None:
        """Answer the request with 101 and start its connection, or with 400, 401, 403, 426, 500, 503 and a reason.

        Takes the socket over; ``first`` is what came behind the request. Never raises.
        """
        try:
            accept = accept_value(request.headers)
            check_origin(request.headers.get("origin"), request.headers.get("host", ""), self.allowed_origins)
            identity = await self.owner.authenticate(request)
            if identity is None:
                raise HandshakeError(401, "not logged in: no valid session")
        except HandshakeError as error:
            log.info("! %s: %s", request.remote_ip, error)
            refuse(connection, error)
        except Exception:
            log.exception("! %s: nobody could tell whether it may come in", request.remote_ip)
            refuse(connection, HandshakeError(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed on this request"))
        else:
            self._open(connection, request, accept, identity, first)

    def _open(
        self, connection: socket.socket, request: UpgradeRequest, accept: str, identity: Any, first: bytes = b""
    ) -> None:
        offers = request.headers.get("sec-websocket-extensions", "") if self.compresses else ""
        extension = maybe_accept(offers)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.send(answer(accept, extension))  # a fresh socket has room for it
        except OSError:
            log.info("! %s left during the handshake", request.remote_ip)
            connection.close()
            return
        kind = WebSocketConnection if extension is None else DeflatingConnection
        self.start(kind(self, connection, request.remote_ip), identity, first)

    def start(self, connection: WebSocketConnection, identity: Any, first: bytes = b"") -> None:
        """Let an upgraded connection live until it ends by itself."""
        self.check_thread()
        self._connections.add(connection)
        self.accepted += 1
        try:
            connection.accept(self.owner.on_open(connection, identity))
        except Exception:
            log.exception("! %s: the opening failed", connection.remote_ip)
            connection.abort()
        else:
            connection.start(first)

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run what a connection, or one to be, has to wait for. It must not raise, and is cancelled at the end."""
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self, connection: WebSocketConnection) -> None:
        """The connection's socket is closed."""
        self._connections.discard(connection)
        if not self._connections:
            self._emptied.set()

    async def wait_empty(self) -> None:
        """Until no connection is left."""
        while self._connections:
            self._emptied.clear()
            await self._emptied.wait()

    async def wait_closed(self, seconds: float) -> None:
        """Give the connections, whose close has begun, that long to end; then end them, and the timers with them."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wait_empty(), seconds)
        for connection in tuple(self._connections):
            connection.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._turning is not None:
            self._turning.cancel()

    def _turn(self) -> None:
        for callback in self.wheel.advance(self.now()):
            # What an owner makes of one connection's end must not cost the others their heartbeats and deadlines.
            try:
                callback()
            except Exception:
                log.exception("! a timer failed")
        self._turning = self.loop.call_later(self.wheel.tick, self._turn)


class WebSocketHandler(RequestHandler):
    """A handshake that Tornado has read. Route it with ``{"server": WebSocketServer}``."""

    def initialize(self, server: WebSocketServer) -> None:
        """Called by Tornado with the route's arguments."""
        self._server = server

    async def get(self) -> None:
        """Hand the request and its socket to the server."""
        headers = {name.lower(): value for name, value in self.request.headers.items()}
        request = UpgradeRequest(self.request.uri or "", headers, self.request.remote_ip or "")
        try:
            connection, first = take_socket(self.detach())
        except (StreamClosedError, AttributeError):
            log.info("! %s left during the handshake", request.remote_ip)
            return
        await self._server.welcome(connection, request, first)


def refuse(connection: socket.socket, error: HandshakeError) -> None:
    """Answer with the error's status and reason, and close."""
    with suppress(OSError):
        connection.send(refusal(error))
        socket.socket.shutdown(connection, socket.SHUT_WR)
    connection.close()
