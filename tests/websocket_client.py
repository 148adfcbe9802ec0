"""A WebSocket client for tests: small, blocking, literal. It shares no code with the server it tries.

It says exactly what it is told to say, right or wrong, and every wait has a deadline. Tests of anything that speaks
WebSocket may use it: ``WebSocketClient`` from a thread of its own, ``AsyncWebSocketClient`` on an event loop.
"""

import asyncio
import select
import socket
import ssl
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple, Self

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, section 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
MASK = b"\x37\xfa\x21\x3d"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Frame(NamedTuple):
    """One frame as it was read. ``first`` holds FIN, the reserved bits and the opcode."""

    first: int
    payload: bytes

    @property
    def opcode(self) -> int:
        """The low four bits."""
        return self.first & 0x0F

    @property
    def close_code(self) -> int:
        """The number in a close frame."""
        assert self.opcode == CLOSE, self
        return int(struct.unpack_from(">H", self.payload)[0])


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0, mask: bytes = MASK) -> bytes:
    """A client's frame, with the length in its shortest form."""
    return header(opcode, len(payload), fin=fin, reserved=reserved) + mask + xor(mask, payload)


def header(opcode: int, length: int, *, fin: bool = True, reserved: int = 0) -> bytes:
    """The first bytes of a client's frame, up to its mask."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    if length < 126:
        return struct.pack("BB", first, 0x80 | length)
    if length < 65536:
        return struct.pack(">BBH", first, 0x80 | 126, length)
    return struct.pack(">BBQ", first, 0x80 | 127, length)


def xor(mask: bytes, payload: bytes) -> bytes:
    """Section 5.3, in the words of the RFC."""
    return bytes(octet ^ mask[i % 4] for i, octet in enumerate(payload))


def close(code: int, reason: bytes = b"") -> bytes:
    """A client's close frame."""
    return masked(CLOSE, struct.pack(">H", code) + reason)


def upgrade_request(host: str, path: str = "/", headers: Mapping[str, str | None] | None = None) -> bytes:
    """An opening handshake; ``headers`` replaces single headers, or drops those that it maps to None."""
    fields: dict[str, str | None] = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        **(headers or {}),
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join((*lines, "", "")).encode()


class Answer(NamedTuple):
    """The answer to a handshake. A name of ``headers`` is in lower case."""

    status: int
    headers: dict[str, str]


def parse_answer(head: bytes) -> Answer:
    """The bytes up to and with the empty line."""
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    fields = (line.split(":", 1) for line in lines)
    return Answer(int(first.split()[1]), {name.lower(): value.strip() for name, value in fields})


class FrameReader:
    """Takes a server's frames out of a growing buffer."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def take(self) -> Frame | None:
        """The next whole frame, if it is there."""
        if len(self.buffer) < 2:
            return None
        assert self.buffer[1] < 0x80, "a server's frames are not masked"
        start, length = 2, self.buffer[1]
        if length == 126:
            start, length = 4, int.from_bytes(self.buffer[2:4], "big")
        elif length == 127:
            start, length = 10, int.from_bytes(self.buffer[2:10], "big")
        if len(self.buffer) < start + length:
            return None
        frame = Frame(self.buffer[0], bytes(self.buffer[start : start + length]))
        del self.buffer[: start + length]
        return frame

    def take_head(self) -> bytes | None:
        """The HTTP answer's head, if it is there whole."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.buffer[: end + 4])
        del self.buffer[: end + 4]
        return head


class WebSocketClient:
    """A blocking client. ``ConnectionError`` or an empty ``recv_bytes`` is the end, ``TimeoutError`` is a failure."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.answer = Answer(0, {})
        self._reader = FrameReader()

    @classmethod
    def connect(
        cls,
        host: str,
        port: int,
        path: str = "/",
        headers: Mapping[str, str | None] | None = None,
        *,
        timeout: float = 10.0,
        tls: ssl.SSLContext | None = None,
        receive_buffer: int | None = None,
    ) -> Self:
        """Connect and shake hands; ``answer`` says how that went. Raises ``TimeoutError``."""
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout)
        sock.connect((host, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = cls(tls.wrap_socket(sock, server_hostname=host) if tls else sock)
        client.send(upgrade_request(f"{host}:{port}", path, headers))
        client._read_answer()
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def send_text(self, text: str) -> None:
        """Send one whole text message."""
        self.send(masked(TEXT, text.encode()))

    def recv_bytes(self) -> bytes:
        """Return the bytes that come next, of any size; empty at the end of the stream."""
        return self.socket.recv(65536)

    def recv(self) -> Frame:
        """The next frame. Raises ``ConnectionError`` at the end of the stream."""
        while (frame := self._reader.take()) is None:
            self._fill()
        return frame

    def recv_text(self) -> str:
        """The next frame, which must be a whole text message."""
        frame = self.recv()
        assert frame.first == 0x80 | TEXT, frame
        return frame.payload.decode()

    def maybe_text(self) -> str | None:
        """The next text message that is there already; None if none is."""
        while (frame := self._reader.take()) is None or frame.opcode != TEXT:
            if frame is None:
                if not select.select([self.socket], [], [], 0)[0]:
                    return None
                self._fill()
        return frame.payload.decode()

    def recv_until_close(self) -> Frame:
        """Read frames until the close frame."""
        while (frame := self.recv()).opcode != CLOSE:
            pass
        return frame

    def is_at_end(self) -> bool:
        """Tell if the server has ended the stream, and nothing was left to read."""
        return not self._reader.buffer and not self.recv_bytes()

    def reset(self) -> None:
        """End the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _fill(self) -> None:
        data = self.recv_bytes()
        if not data:
            raise ConnectionError("the server has ended the stream")
        self._reader.buffer += data

    def _read_answer(self) -> None:
        while (head := self._reader.take_head()) is None:
            self._fill()
        self.answer = parse_answer(head)


class AsyncWebSocketClient:
    """The same on an event loop; every read takes at most ``timeout`` seconds."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float) -> None:
        self.answer = Answer(0, {})
        self._stream = reader
        self._writer = writer
        self._timeout = timeout
        self._reader = FrameReader()

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        path: str = "/",
        headers: Mapping[str, str | None] | None = None,
        *,
        timeout: float = 10.0,  # noqa: ASYNC109 (a deadline for every later wait, not for this call)
        tls: ssl.SSLContext | None = None,
        after: bytes = b"",
        receive_buffer: int | None = None,
    ) -> Self:
        """Connect and shake hands. ``after`` is sent in one packet with the request, as an eager client may."""
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
        streams = await asyncio.open_connection(sock=sock, ssl=tls, server_hostname=host if tls else None)
        client = cls(*streams, timeout)
        client.send(upgrade_request(f"{host}:{port}", path, headers) + after)
        while (head := client._reader.take_head()) is None:
            await client._fill()
        client.answer = parse_answer(head)
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()

    def send(self, data: bytes) -> None:
        """Send bytes as they are, without waiting."""
        self._writer.write(data)

    def send_text(self, text: str) -> None:
        """Send one whole text message."""
        self.send(masked(TEXT, text.encode()))

    def pause(self) -> None:
        """Read nothing from the system any more, as a client that hangs."""
        self._writer.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        self._writer.transport.resume_reading()

    def send_eof(self) -> None:
        """End the own half of the stream."""
        self._writer.write_eof()

    def reset(self) -> None:
        """End the connection with RST."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def drain(self) -> None:
        """Wait until the system has taken what was sent."""
        await self._writer.drain()

    async def recv(self) -> Frame:
        """The next frame. Raises ``ConnectionError`` at the end of the stream."""
        while (frame := self._reader.take()) is None:
            await self._fill()
        return frame

    async def recv_text(self) -> str:
        """The next frame, which must be a whole text message."""
        frame = await self.recv()
        assert frame.first == 0x80 | TEXT, frame
        return frame.payload.decode()

    async def recv_until_close(self) -> Frame:
        """Read frames until the close frame."""
        while (frame := await self.recv()).opcode != CLOSE:
            pass
        return frame

    async def recv_bytes(self) -> bytes:
        """Return the bytes that come next, of any size; empty at the end of the stream."""
        async with asyncio.timeout(self._timeout):
            return await self._stream.read(65536)

    async def is_at_end(self) -> bool:
        """Tell if the server has ended the stream, and nothing was left to read."""
        return not self._reader.buffer and not await self.recv_bytes()

    async def _fill(self) -> None:
        data = await self.recv_bytes()
        if not data:
            raise ConnectionError("the server has ended the stream")
        self._reader.buffer += data
