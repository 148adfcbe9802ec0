"""A client that goes when it is told and comes back when it is told, resumes, and notes the numbers of its messages.

It does what the protocol reference says a client does, over bare streams and without a line of the server's code.
"""

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
PATIENCE_SECONDS = 30.0
BACKOFF_SECONDS = 0.25
LONGEST_SECONDS = 30.0
HANDSHAKE = (
    "GET /rt/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nCookie: {cookie}\r\n\r\n"
)


class Notes:
    """Notes of one client. Pure: takes messages, and says what to answer.

    ``numbers`` are those of the messages of one type, in the order in which a page would show them.
    """

    def __init__(self, kind: str) -> None:
        self.numbers: list[int] = []
        self.resumed = self.lost = 0
        self.after_ms: int | None = None
        self._kind = kind
        self._offset: tuple[int, ...] = (0, 0)
        self._held: list[dict[str, Any]] | None = None
        self._has_resumed = False

    @property
    def is_live(self) -> bool:
        """Tell whether it has resumed and has not been told to go."""
        return self._has_resumed and self.after_ms is None

    def on_message(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Note a message; the answer, if there is one to be sent."""
        match message["type"]:
            case "userinfo":
                self.after_ms = None
                self._has_resumed = False
                self._held = []
                offset = "{}-{}".format(*self._offset) if any(self._offset) else None
                return {"type": "resume", "data": {"offset": offset}}
            case "resumed" | "resume_lost" as end:
                self.resumed += message["data"]["count"]
                self.lost += end == "resume_lost"
                self._has_resumed = True
                held, self._held = self._held or [], None
                for one in held:
                    self._take(one)
            case "reconnect":
                self.after_ms = message["data"]["after_ms"]
            case _ if "offset" in message:
                self._on_kept(message)
        return None

    def _on_kept(self, message: dict[str, Any]) -> None:
        # Until it has resumed, what is sent again and what is live come mixed: all of it is sorted out at the end.
        if self._held is None:
            self._take(message)
        else:
            self._held.append(message)
            self._held.sort(key=offset_of)

    def _take(self, message: dict[str, Any]) -> None:
        offset = offset_of(message)
        if offset > self._offset:
            self._offset = offset
            if message["type"] == self._kind:
                self.numbers.append(message["data"])


def offset_of(message: dict[str, Any]) -> tuple[int, ...]:
    """An offset as it is compared."""
    return tuple(map(int, message["offset"].split("-")))


class Traveller:
    """One client. ``comings`` are the moments at which it was let in, ``failures`` what it met instead."""

    def __init__(self, port: int, cookie: str, kind: str, now: Callable[[], float]) -> None:
        self.notes = Notes(kind)
        self.comings: list[float] = []
        self.failures: list[str] = []
        self._request = HANDSHAKE.format(port=port, cookie=cookie).encode()
        self._port = port
        self._now = now
        self._attempts = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._visit()
                after = (self.notes.after_ms or 0) / 1000
            except (OSError, EOFError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                self._attempts += 1
                # As a page does: exponential, with full jitter.
                after = random.random() * min(LONGEST_SECONDS, BACKOFF_SECONDS * 2**self._attempts)
            await asyncio.sleep(after)

    async def _visit(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(self._request)
            async with asyncio.timeout(PATIENCE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionRefusedError(head.partition(b"\r\n")[0].decode())
            self.comings.append(self._now())
            self._attempts = 0
            await self._listen(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            first, payload = await read_frame(reader)
            if first == CLOSE:
                writer.write(client_frame(CLOSE, payload))
                return
            if first == PING:
                writer.write(client_frame(PONG, payload))
            elif first == TEXT:
                answer = self.notes.on_message(json.loads(payload))
                if answer is not None:
                    writer.write(client_frame(TEXT, json.dumps(answer).encode()))


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The first byte and the payload of a server's frame (RFC 6455, section 5.2). Raises ``EOFError``."""
    first, length = await reader.readexactly(2)
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    return first, await reader.readexactly(length)


def client_frame(first: int, payload: bytes) -> bytes:
    """A short frame of a client, with the mask 0, which leaves the payload as it is."""
    assert len(payload) < 126, payload
    return bytes((first, 0x80 | len(payload))) + bytes(4) + payload
