"""Listener of this process alone, on loop-back: probes, metrics, and the canary's connections.

Where several servers share the public port, a question there is answered by any of them; here it is answered by this
one. It is open as long as the process lives, and so tells that a server is going down when nobody comes in any more.
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
    """Built on the event loop's thread. ``routes`` are what is answered; ``flusher`` is the one that users have."""

    def __init__(
        self, sockets: Sequence[socket.socket], routes: Sequence[Any], owner: CanaryHandler, flusher: Flusher
    ) -> None:
        self._sockets = sockets
        self._http = build_http(WebApplication(list(routes)))
        self._server = WebSocketServer(owner)
        # A canary is written as all messages are.
        self._server.flusher = flusher
        self._listener = HttpListener(CANARY_PATH, self._server, self._http)
        self.port: int = sockets[0].getsockname()[1]

    def open(self) -> None:
        """Let in."""
        self._listener.listen(self._sockets)
        log.info("= this process alone answers at http://127.0.0.1:%d/readyz and /metrics", self.port)

    @property
    def accepted(self) -> int:
        """How many connections there have been for canaries."""
        return self._server.accepted

    async def close(self) -> None:
        """Let nobody in any more, and end all connections."""
        self._listener.stop()
        self._listener.clear()
        await self._server.wait_closed(0.0)
        await self._http.close_all_connections()
