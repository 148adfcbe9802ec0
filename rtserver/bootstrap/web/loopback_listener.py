"""Listener of this process alone, on loop-back: probes, metrics, and the canary's connections.

Where several servers share the public port, any of them answers a request there; this listener answers for its own
process. It is open as long as the process lives, so it still says that a server is going down.
"""

import logging
import socket
from collections.abc import Sequence
from typing import Any

from rtserver.base.connection.flusher import Flusher
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.bootstrap.web.application import WebApplication
from rtserver.bootstrap.web.build import build_http
from rtserver.watch.canary_handler import CanaryHandler

log = logging.getLogger(__name__)

CANARY_PATH = "/canary/"


class LoopbackListener:
    """Listener on loop-back. Built on the event loop's thread. ``flusher`` is that of the users' connections."""

    def __init__(
        self, sockets: Sequence[socket.socket], routes: Sequence[Any], owner: CanaryHandler, flusher: Flusher
    ) -> None:
        self._sockets = sockets
        self._http = build_http(WebApplication(list(routes)))
        self._server = WebSocketServer(owner)
        # A canary takes the way of all messages.
        self._server.flusher = flusher
        self._listener = HttpListener(CANARY_PATH, self._server, self._http)
        self.port: int = sockets[0].getsockname()[1]

    def open(self) -> None:
        """Accept connections."""
        self._listener.listen(self._sockets)
        log.info("= this process alone answers at http://127.0.0.1:%d/readyz and /metrics", self.port)

    async def close(self) -> None:
        """Accept no more connections, and end all that are open."""
        self._listener.stop()
        self._listener.clear()
        await self._server.wait_closed(0.0)
        await self._http.close_all_connections()
