"""The WebSocket end of the HTTP server: the opening handshake, then a ``WebSocketConnection`` on the bare stream.

Tornado reads the request; everything after the 101 is ours, because its own frame loop takes three reads and two
futures for every message. The stream is handed over by ``RequestHandler.detach``, which Tornado offers for this.
Who may come in is asked of the owner before the upgrade, so that a stranger gets an HTTP answer and costs no socket.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Any, Protocol

from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from rtserver.base.connection_owner import ConnectionOwner
from rtserver.base.flusher import Flusher
from rtserver.base.ownership import ThreadBound
from rtserver.base.timer_wheel import TimerWheel
from rtserver.base.websocket_connection import WebSocketConnection
from rtserver.base.wire.handshake import HandshakeError, accept_value, check_origin

log = logging.getLogger(__name__)


class ServerOwner(ConnectionOwner, Protocol):
    """Who decides about newcomers and gets what the connections say."""

    async def authenticate(self, request: HTTPServerRequest) -> Any | None:
        """Who asks; None for someone who may not come in, who is answered with 401."""

    def on_open(self, connection: WebSocketConnection, identity: Any) -> Any | None:
        """The connection is up. What is returned names it in every later call; None drops the connection."""


class WebSocketServer(ThreadBound):
    """The open connections of one path, and what they share. Built on the event loop's thread."""

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
    ) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turning: asyncio.TimerHandle | None = None
        self.owner = owner
        self.allowed_origins = allowed_origins
        self.heartbeat_seconds = heartbeat_seconds
        self.max_message_bytes = max_message_bytes
        self.outbox_bytes = outbox_bytes
        self.outbox_hard_bytes = outbox_hard_bytes
        self.flusher = Flusher(self._loop, flush_window)
        self.wheel = TimerWheel(self.now())
        self.accepted = 0
        self._turn()

    def __len__(self) -> int:
        return len(self._tasks)

    def now(self) -> float:
        """The event loop's time, which every deadline here is told in."""
        return self._loop.time()

    def start(self, connection: WebSocketConnection, identity: Any) -> None:
        """Let an upgraded connection live until it ends by itself."""
        self.check_thread()
        try:
            connection.accept(self.owner.on_open(connection, identity))
        except BaseException:
            connection.abort()
            raise
        self.accepted += 1
        task = self._loop.create_task(connection.serve())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait_closed(self, seconds: float) -> None:
        """Give the connections, whose close has begun, that long to end; then end them, and the timers with them."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
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
        self._turning = self._loop.call_later(self.wheel.tick, self._turn)


class WebSocketHandler(RequestHandler):
    """One handshake. Route it with ``{"server": WebSocketServer}``."""

    def initialize(self, server: WebSocketServer) -> None:
        """Called by Tornado with the route's arguments."""
        self._server = server

    async def get(self) -> None:
        """Answer 101 and start the connection, or 400, 401, 403, 426 with a line that says why."""
        headers = self.request.headers
        try:
            accept = accept_value(headers)
            check_origin(headers.get("Origin"), self.request.host, self._server.allowed_origins)
            identity = await self._server.owner.authenticate(self.request)
            if identity is None:
                raise HandshakeError(401, "not logged in: no valid session")
        except HandshakeError as error:
            self._refuse(error)
            return
        self.set_status(101)
        self.clear_header("Content-Type")
        self.set_header("Upgrade", "websocket")
        self.set_header("Connection", "Upgrade")
        self.set_header("Sec-WebSocket-Accept", accept)
        try:
            await self.flush()
            stream = self.detach()
            stream.set_nodelay(True)
            connection = WebSocketConnection(self._server, stream, self.request.remote_ip or "")
        except (StreamClosedError, AttributeError):
            log.info("! %s left during the handshake", self.request.remote_ip)
            return
        self._server.start(connection, identity)

    def _refuse(self, error: HandshakeError) -> None:
        log.info("! %s: %s", self.request.remote_ip, error)
        self.set_status(error.status)
        for name, value in error.headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(error.reason + "\n")
