"""A page of a user: a WebSocket client that stays connected through everything, as the browser library does.

The shell around ``Follower``: connects, reads, writes, notices silence, comes back.
"""

import asyncio
import json
import socket
import time
from contextlib import suppress

from rtserver.base.wire.close_code import CloseCode, may_reconnect
from rtserver.base.wire.frame import Opcode, ProtocolError
from rtserver.bench.client.websocket import ClientProtocol, RefusedError, client_frame, upgrade_request
from soak.chaos.follower import Backoff, Follower, Message

HOST = "127.0.0.1"
READ_BYTES = 65_536
CONNECT_SECONDS = 10.0
SEEN_SECONDS = 1.0
STAY_AWAY_STATUS = (401, 403)


class PageError(Exception):
    """The server has sent the page away for good, although nobody logged out."""


class Page:
    """``connections`` counts those that the server welcomed. ``close_codes`` are how they ended, 1006 for no code."""

    def __init__(self, name: str, port: int, cookie: str, follower: Follower, backoff: Backoff) -> None:
        self.name = name
        self.follower = follower
        self.connections = 0
        self.close_codes: list[int] = []
        self.welcome = asyncio.Event()
        """Set while the page is connected and knows who it is."""
        self._address = (HOST, port)
        self._request = upgrade_request(f"{HOST}:{port}", "/rt/", cookie)
        self._backoff = backoff
        self._writer: asyncio.StreamWriter | None = None
        self._is_leaving = False
        self._has_left = asyncio.Event()

    async def leave(self) -> None:
        """Close the page in good order: ``run`` returns. Raises ``TimeoutError``."""
        async with asyncio.timeout(CONNECT_SECONDS):
            await self.welcome.wait()
            self._is_leaving = True
            assert self._writer is not None
            self._say_seen(self._writer)
            self._writer.write(client_frame(Opcode.CLOSE, CloseCode.NORMAL.to_bytes(2, "big")))
            await self._has_left.wait()

    async def vanish(self) -> None:
        """Be gone without a word: ``run`` returns."""
        self._is_leaving = True
        if self._writer is not None:
            self._writer.transport.abort()
        await self._has_left.wait()

    @property
    def local_port(self) -> int:
        """Return the local port of the connection; 0 without one."""
        address = self._writer and self._writer.get_extra_info("sockname")
        return address[1] if address else 0

    async def run(self) -> None:
        """Be there until it leaves. Raises ``PageError``."""
        try:
            await self._stay()
        finally:
            self._has_left.set()

    async def _stay(self) -> None:
        while True:
            code = await self._connection()
            self.welcome.clear()
            self.close_codes.append(code)
            if self._is_leaving:
                return
            if not may_reconnect(code):
                raise PageError(f"{self.name} was closed with {code}")
            after_ms = self.follower.after_ms
            delay = self._backoff.delay(time.monotonic())
            await asyncio.sleep(delay if after_ms is None else after_ms / 1000)

    async def _connection(self) -> int:
        """One connection from its attempt to its end; the close code."""
        self.follower.on_open()
        wire = ClientProtocol(self._request)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(*self._address)
        except (OSError, TimeoutError):
            return CloseCode.ABNORMAL
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._writer = writer
        saying = asyncio.ensure_future(self._keep_saying_seen(writer))
        try:
            return await self._talk(wire, reader, writer)
        except RefusedError as error:
            if error.status in STAY_AWAY_STATUS:
                raise PageError(f"{self.name} was refused: {error}") from error
        except (OSError, TimeoutError):
            pass
        finally:
            saying.cancel()
            writer.transport.abort()
        return CloseCode.ABNORMAL

    async def _keep_saying_seen(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(SEEN_SECONDS)
            self._say_seen(writer)

    def _say_seen(self, writer: asyncio.StreamWriter) -> None:
        message = self.follower.seen()
        if message is not None:
            writer.write(_text_frame(message))

    async def _talk(self, wire: ClientProtocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """Raises ``OSError``, ``TimeoutError``, ``RefusedError``, ``PageError``."""
        is_asked = False
        while wire.ending is None:
            self._send(wire, writer)
            try:
                data = await self._read(reader, is_asked)
            except TimeoutError:
                if is_asked or not wire.is_open:
                    raise
                is_asked = True
                wire.outgoing.append(client_frame(Opcode.TEXT, b'{"type":"ping"}'))
                continue
            is_asked = False
            for payload in self._messages(wire, data):
                self._on_message(wire, json.loads(payload))
        with suppress(OSError):
            self._send(wire, writer)
        return wire.ending[0]

    def _messages(self, wire: ClientProtocol, data: bytes) -> list[bytes]:
        try:
            return wire.receive(data)
        except ProtocolError as error:
            raise PageError(f"{self.name} was sent what is no WebSocket: {error}") from error

    async def _read(self, reader: asyncio.StreamReader, is_asked: bool) -> bytes:
        """The next bytes. Silence has the limits of the browser's heartbeat. Raises ``ConnectionResetError``."""
        async with asyncio.timeout(self.follower.heartbeat_ms / 1000 * (1.5 if is_asked else 1.0)):
            data = await reader.read(READ_BYTES)
        if not data:
            raise ConnectionResetError
        return data

    def _on_message(self, wire: ClientProtocol, message: Message) -> None:
        for answer in self.follower.on_message(message):
            wire.outgoing.append(_text_frame(answer))
        if self.follower.is_welcome and not self.welcome.is_set():
            self.connections += 1
            self._backoff.on_open(time.monotonic())
            self.welcome.set()

    def _send(self, wire: ClientProtocol, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(wire.outgoing))
        wire.outgoing.clear()


def _text_frame(message: Message) -> bytes:
    return client_frame(Opcode.TEXT, json.dumps(message).encode())
