"""An echo server for the Autobahn test suite, which asks for all that RFC 6455 and RFC 7692 say. Not run by pytest.

Start it:

    python -m tests.base.autobahn 9001

Save this as ``fuzzingclient.json``, and let the suite's image (``crossbario/autobahn-testsuite``) or an installed
``wstest`` read it. Cases 9 measure times:

    {
      "outdir": "./reports",
      "servers": [{"agent": "rtserver", "url": "ws://127.0.0.1:9001/"}],
      "cases": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*", "12.*", "13.*"],
      "exclude-cases": []
    }

    docker run --rm --network host -v "$PWD:/suite" -w /suite crossbario/autobahn-testsuite \\
        wstest --mode fuzzingclient --spec fuzzingclient.json

``reports/index.html`` then shows, up to 10, 247 cases that pass or are informational. Two of them, 6.4.3 and 6.4.4,
are "non-strict": they send one frame in pieces with a pause inside, and its text is looked at when it is whole.
Of the 216 cases about compression 180 pass. The other 36, all of 13.3 and 13.5, are "unimplemented": they ask for a
window of 512 bytes, and such an offer is declined, because one frame has to serve all receivers.
"""

import asyncio
import sys
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from rtserver.base.connection.carrier import Carrier
from rtserver.base.connection.connection import Connection
from rtserver.base.connection.shared import ConnectionBounds
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.base.wire.frame import Opcode, build_frame

LARGEST_CASE = 16 * 1024 * 1024


class BinaryEcho:
    """Gives binary messages back."""

    def __init__(self, connection: Carrier, _first: bytes) -> None:
        self._connection = connection

    def receive(self, data: bytes) -> None:
        self._connection.push(build_frame(Opcode.BINARY, data))

    def end(self) -> None:
        pass


class EchoOwner:
    """Everybody may come in, and gets back what was said."""

    def credential(self, _request: object) -> str:
        return "tester"

    async def authenticate(self, credential: str) -> str:
        return credential

    def on_open(self, connection: Connection, identity: Any) -> Connection:
        return connection

    def on_text(self, connection: Connection, payload: bytes) -> None:
        connection.push(connection.framing(payload))

    def on_lag(self, connection: Connection, is_lagging: bool) -> None:
        pass

    def on_close(self, connection: Connection, code: int) -> None:
        pass


async def serve(port: int) -> None:
    """Echo on loopback until interrupted."""
    bounds = ConnectionBounds(
        max_message_bytes=LARGEST_CASE, outbox_bytes=2 * LARGEST_CASE, outbox_hard_bytes=4 * LARGEST_CASE
    )
    server = WebSocketServer(EchoOwner(), bounds, open_binary=BinaryEcho, compresses=True)
    HttpListener("/", server, HTTPServer(Application())).listen(bind_sockets(port, "127.0.0.1"))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
