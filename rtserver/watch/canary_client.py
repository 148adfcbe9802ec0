"""Client of the canary: a WebSocket client in the same process, over a real socket on loop-back.

It opens a new connection for each canary, and so finds out about a server that accepts none any more. It shares no
code with the server's side of the connection, and knows just enough of RFC 6455 to read a short text.
"""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Mapping
from os import urandom

from rtserver.watch.canary_trail import CanaryTrail

log = logging.getLogger(__name__)

OPENING_SECONDS = 5.0
RETRY_SECONDS = 1.0
TEXT = 0x81  # FIN and the opcode: RFC 6455, section 5.2


class CanaryClient:
    """Client that receives canaries at ``path`` of a loop-back ``port``, where ``headers`` let it in."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str], trail: CanaryTrail) -> None:
        self._port = port
        self._path = path
        self._headers = headers
        self._trail = trail

    async def run(self) -> None:
        """Receive canaries until cancelled. The trail finds out when no connection can be opened."""
        while True:
            try:
                self._trail.come_home(float(await self._next()))
            except (OSError, EOFError) as error:
                log.debug("= the canary waits for a connection: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _next(self) -> bytes:
        """Return the next text, over a connection of its own. Raises ``OSError`` and ``EOFError``."""
        async with asyncio.timeout(OPENING_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(self._request())
            async with asyncio.timeout(OPENING_SECONDS):
                status = await reader.readline()
                while await reader.readline() not in {b"\r\n", b""}:
                    pass
            if status.split()[1:2] != [b"101"]:
                raise ConnectionRefusedError(f"answered with {status!r}")
            return await read_text(reader)
        finally:
            # No close frame: the next connection comes in a moment, and need not wait for the end of this one.
            writer.close()

    def _request(self) -> bytes:
        headers = {
            "Host": f"127.0.0.1:{self._port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": b64encode(urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
            **self._headers,
        }
        lines = (f"{name}: {value}\r\n" for name, value in headers.items())
        return f"GET {self._path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


async def read_text(reader: asyncio.StreamReader) -> bytes:
    """Return the payload of the next text frame. Raises ``EOFError`` at the end of the stream.

    Frames must be shorter than 126 bytes, as all of them are here.
    """
    while True:
        first, length = await reader.readexactly(2)
        payload = await reader.readexactly(length)
        if first == TEXT:
            return payload
