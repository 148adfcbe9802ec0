"""The other end of the canary's loop-back connections: a WebSocket client in the same process, over a real socket.

A new connection for each canary, so that a server that lets nobody in any more is found out, too. It shares no code
with the server's side of the connection.
"""

import asyncio
import logging
from collections.abc import Mapping

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketError, websocket_connect

from rtserver.base.canary_trail import CanaryTrail

log = logging.getLogger(__name__)

OPENING_SECONDS = 5.0
RETRY_SECONDS = 1.0


class CanaryClient:
    """Waits for canaries at ``url``, where ``headers`` let it in, and tells the trail."""

    def __init__(self, url: str, headers: Mapping[str, str], trail: CanaryTrail) -> None:
        self._url = url
        self._headers = dict(headers)
        self._trail = trail

    async def run(self) -> None:
        """Until cancelled. What keeps a connection from being made is for the trail to notice."""
        while True:
            try:
                self._trail.come_home(float(await self._next()))
            except (OSError, HTTPClientError, WebSocketError) as error:
                log.debug("= the canary waits for a connection: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _next(self) -> str:
        request = HTTPRequest(self._url, headers=self._headers, connect_timeout=OPENING_SECONDS)
        connection = await websocket_connect(request)
        try:
            text = await connection.read_message()
        finally:
            connection.close()
        if text is None:
            raise ConnectionResetError("the connection was closed")
        return str(text)
