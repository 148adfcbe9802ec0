"""A TCE client for tests: small, literal, over TCP or over a WebSocket. It shares no code with what it tries.

It says exactly what it is told to say, right or wrong, and every wait has a deadline.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple, Self

from tests.websocket_client import BINARY, CLOSE, AsyncWebSocketClient, masked

DEADLINE = 5.0
CALL, RETURN, ONEWAY = 0x01, 0x02, 0x21
GATEWAY, TERMINAL = 30001, 30000
LOW_GATEWAY, LOW_TERMINAL = 251, 250
SEND, PING = 0, 1
CONNECT_REJECT = 103
INTERFACE_NOTFOUND = 4


class Packet(NamedTuple):
    """One packet as it was read."""

    calltype: int
    sequence: int
    ifidx: int
    opidx: int
    errcode: int
    extra: dict[str, str]
    params: bytes


def text(value: str) -> bytes:
    """A string on the wire."""
    raw = value.encode()
    return struct.pack(">I", len(raw)) + raw


def strings(params: bytes) -> list[str]:
    """A parameter stream of strings."""
    found = []
    while params:
        (size,) = struct.unpack_from(">I", params)
        found.append(params[4 : 4 + size].decode("utf-8", "surrogatepass"))
        params = params[4 + size :]
    return found


def packet(  # noqa: PLR0917 (the fields, in their order)
    calltype: int,
    sequence: int,
    ifidx: int,
    opidx: int,
    params: bytes = b"",
    extra: Mapping[str, str] | None = None,
) -> bytes:
    """A packet as the Java client sends it."""
    pairs = b"".join(text(word) for pair in (extra or {}).items() for word in pair)
    fields = struct.pack(">BIBHHIBHI", 1, sequence, calltype, ifidx, opidx, 0, 0, 0, len(extra or {}))
    body = fields + pairs + params
    return struct.pack(">IIBBI", 0xEFD2BB99, 10 + len(body), 0, 0, 0x100) + body


class PacketBuffer:
    """Takes packets out of a growing buffer."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def take(self) -> Packet | None:
        """The next whole packet, if it is there."""
        if len(self.buffer) < 14:
            return None
        magic, size, compression = struct.unpack_from(">IIB", self.buffer)
        assert (magic, compression) == (0xEFD2BB99, 0), bytes(self.buffer[:14])
        if len(self.buffer) < 4 + size:
            return None
        body = bytes(self.buffer[14 : 4 + size])
        del self.buffer[: 4 + size]
        kind, sequence, calltype, ifidx, opidx, errcode, _, _, pairs = struct.unpack_from(">BIBHHIBHI", body)
        assert kind == 1
        at, words = 21, []
        for _ in range(2 * pairs):
            (size,) = struct.unpack_from(">I", body, at)
            words.append(body[at + 4 : at + 4 + size].decode())
            at += 4 + size
        return Packet(
            calltype, sequence, ifidx, opidx, errcode, dict(zip(*[iter(words)] * 2, strict=True)), body[at:]
        )


class TceClient:
    """A client on an event loop. ``messages`` are the ``onMessage`` calls that came while something else was read."""

    def __init__(
        self, send: Callable[[bytes], None], fill: Callable[[], Awaitable[bytes]], end: Callable[[], Awaitable[None]]
    ) -> None:
        self.send = send
        self.messages: list[dict[str, Any]] = []
        self.close_code: int | None = None  # a WebSocket's
        self.terminal = TERMINAL  # the index by which the server calls
        self._fill = fill
        self._end = end
        self._packets = PacketBuffer()
        self._sequences = count(1)

    @classmethod
    async def over_tcp(
        cls, port: int, *, receive_buffer: int | None = None, tls: ssl.SSLContext | None = None
    ) -> Self:
        """Connect to a port of loopback."""
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        except OSError:
            sock.close()
            raise
        reader, writer = await asyncio.open_connection(
            sock=sock, ssl=tls, server_hostname="127.0.0.1" if tls else None
        )

        async def end() -> None:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

        return cls(writer.write, lambda: reader.read(65536), end)

    @classmethod
    async def over_websocket(
        cls, port: int, path: str = "/rt/?tce", headers: Mapping[str, str | None] | None = None
    ) -> Self:
        """Connect and shake hands. Raises ``AssertionError`` for any answer but 101."""
        socket = await AsyncWebSocketClient.connect("127.0.0.1", port, path, headers)
        assert socket.answer.status == 101, socket.answer
        client = cls(
            lambda data: socket.send(masked(BINARY, data)), lambda: client._payload(socket), socket.__aexit__
        )
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    def call(
        self,
        ifidx: int,
        opidx: int,
        params: bytes = b"",
        *,
        token: str | None = None,
        calltype: int = CALL,
        **more: str,
    ) -> int:
        """Send a call; its number. ``more`` are extra values beside the token."""
        sequence = next(self._sequences)
        extra = more if token is None else {"__token__": token, **more}
        self.send(packet(calltype, sequence, ifidx, opidx, params, extra))
        return sequence

    def say(self, message: str, *, token: str | None = None) -> None:
        """Send a user message, one-way."""
        self.call(GATEWAY, SEND, text(message), token=token, calltype=ONEWAY)

    async def ping(self, *, token: str | None = None) -> str:
        """A round trip; what was sent comes back. Messages that come meanwhile are kept."""
        answer = await self.answer(self.call(GATEWAY, PING, text("?"), token=token))
        assert answer.errcode == 0, answer
        [echo] = strings(answer.params)
        return echo

    async def recv(self) -> Packet:
        """The next packet. Raises ``ConnectionError`` at the end of the stream."""
        async with asyncio.timeout(DEADLINE):
            while (found := self._packets.take()) is None:
                data = await self._fill()
                if not data:
                    raise ConnectionError("the server has ended the stream")
                self._packets.buffer += data
        return found

    async def answer(self, sequence: int) -> Packet:
        """The answer of a call; messages that come before it are kept in ``messages``."""
        while (found := await self.recv()).calltype != RETURN:
            self._keep(found)
        assert found.sequence == sequence
        return found

    async def message(self, type: str | None = None) -> dict[str, Any]:  # noqa: A002 (the wire's word)
        """The next message, or the next one of a type."""
        while True:
            while self.messages:
                message = self.messages.pop(0)
                if type in (None, message["type"]):
                    return message
            self._keep(await self.recv())

    async def data(self, type: str) -> Any:  # noqa: A002
        """Return the data of the next message of a type."""
        return (await self.message(type))["data"]

    async def rest(self) -> list[dict[str, Any]]:
        """The messages until the end of the stream."""
        with suppress(ConnectionError):
            while True:
                self._keep(await self.recv())
        return self.messages

    def _keep(self, found: Packet) -> None:
        assert (found.calltype, found.ifidx, found.opidx) == (ONEWAY, self.terminal, 0), found
        name, raw = strings(found.params)
        message = json.loads(raw)
        assert message["type"] == name
        self.messages.append(message)

    async def _payload(self, socket: AsyncWebSocketClient) -> bytes:
        frame = await socket.recv()
        if frame.opcode == CLOSE:
            self.close_code = frame.close_code
            return b""
        assert frame.first == 0x80 | BINARY, frame
        return frame.payload
