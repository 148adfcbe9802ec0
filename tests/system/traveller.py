"""A page that comes to whichever worker the kernel chooses, and keeps the rules of offsets over its connections."""

import json

from rtserver.base.queue.port import START, order_of
from tests.demo_login import DemoLogin
from tests.websocket_client import WebSocketClient


class Traveller:
    """``shown`` has the numbers of the messages of the type ``numbered``, each once, in the order of their coming."""

    def __init__(self, port: int, login: DemoLogin) -> None:
        self.shown: list[int] = []
        self.servers: set[str] = set()
        self.user_id: int | None = None
        self._port = port
        self._login = login
        self._newest = START

    def visit(self, last: int) -> None:
        """Connect, and take what was missed and what comes, up to a number. Raises ``OSError`` or ``EOFError``."""
        with WebSocketClient.connect("127.0.0.1", self._port, "/rt/", self._login.headers) as client:
            told = json.loads(client.recv_text())["data"]
            self.user_id, epoch = told["user"]["id"], told["server"]["epoch"]
            self.servers.add(epoch)
            if self._newest == START:
                self._newest = told["offset"] or START
            client.send_text(json.dumps({"type": "resume", "data": {"offset": self._newest}}))
            held: list[tuple[str, int]] | None = []
            while held is not None or not self.shown or self.shown[-1] < last:
                message = json.loads(client.recv_text())
                if message["type"] == "numbered":
                    found = (message["offset"], message["data"])
                    if held is None or (told["offset"] and order_of(found[0]) <= order_of(told["offset"])):
                        self._show(*found)
                    else:
                        held.append(found)
                elif held is not None and message["type"] == "resumed":
                    for found in sorted(held, key=lambda found: order_of(found[0])):
                        self._show(*found)
                    held = None
                else:
                    raise AssertionError(message)
                if not self.shown and last < 0 and held is None:
                    return

    def _show(self, offset: str, number: int) -> None:
        if order_of(offset) > order_of(self._newest):
            self._newest = offset
            self.shown.append(number)
