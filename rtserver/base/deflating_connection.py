"""A connection whose client inflates: what is pushed to it is compressed, if that pays.

A class of its own, so that the others do not have to ask themselves with every push.
"""

import socket
from collections.abc import Hashable

from rtserver.base.connection_owner import Environment
from rtserver.base.deflater import Deflater
from rtserver.base.websocket_connection import WebSocketConnection


class DeflatingConnection(WebSocketConnection):
    """A WebSocket with permessage-deflate (RFC 7692). It keeps nothing for that: see ``wire/deflate.py``."""

    __slots__ = ("_deflater",)

    is_deflating = True

    def __init__(
        self, environment: Environment, connection: socket.socket, remote_ip: str, deflater: Deflater
    ) -> None:
        super().__init__(environment, connection, remote_ip)
        self._deflater = deflater

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a whole frame, compressed or not yet."""
        if self.is_open:
            super().push(self._deflater.deflate(frame), key)
