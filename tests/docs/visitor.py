"""Somebody who logs in to the demo site and opens a WebSocket, as a page does."""

import json
import socket
from typing import Any, Self

from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.websocket_client import TEXT, WebSocketClient


def log_in(server: RunningServer, name: str = "demo") -> str:
    """The session key of a fresh session of a demo user, whose password is the name."""
    return DemoLogin(server.url, name).session_key


class Visitor:
    """One tab. Close it by leaving its context."""

    def __init__(self, server: RunningServer, session_key: str) -> None:
        headers = {"Cookie": f"sessionid={session_key}"}
        self.socket = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", headers)
        assert self.socket.answer.status == 101
        self.userinfo = self.receive("userinfo")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.socket.shutdown(socket.SHUT_RDWR)
        self.socket.socket.close()

    def send(self, text: str) -> None:
        """One message, as literal text."""
        self.socket.send_text(text)

    def ask(self, message_type: str, data: Any) -> Any:
        """Send a message and give the data of what comes next, which must be of the same type."""
        self.send(json.dumps({"type": message_type, "data": data}))
        return self.receive(message_type)

    def receive_text(self) -> str:
        """The next message, as literal text."""
        while (frame := self.socket.recv()).opcode != TEXT:
            pass
        return frame.payload.decode()

    def receive(self, message_type: str) -> Any:
        """The data of the next message, which must be of that type."""
        message = json.loads(self.receive_text())
        assert message["type"] == message_type, message
        return message["data"]
