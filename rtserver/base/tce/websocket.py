"""A TCE client on a WebSocket: everything that is sent to it is packets in binary frames."""

from typing import Any

from rtserver.base.connection.websocket import WebSocketConnection


class TceWebSocket(WebSocketConnection):
    """A WebSocket that gets no text frame. What it says in one is a message like any other user's."""

    __slots__ = ("framing",)

    gets_packets = True
    kind = "tce, websocket"

    def accept(self, session: Any) -> None:
        """Take the owner's name for the connection, which is a user's from now on and may send whole packets."""
        self._protocol.max_message_bytes = self._environment.max_packet_bytes
        super().accept(session)
