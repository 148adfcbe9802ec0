"""JSON over a WebSocket, the client's side: handshake and frames as bytes, without a socket (RFC 6455).

Decides what is sent to ask for an upgrade, what an answer means, which bytes are whole messages and what a ping is
answered with. Strict where a wrong server would spoil the numbers, and no stricter.
"""

from base64 import b64encode
from functools import lru_cache

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import (
    FIN,
    LENGTH_BITS,
    MASKED,
    OPCODE_BITS,
    Opcode,
    ProtocolError,
    parse_close,
)
from rtserver.base.wire.handshake import accept_value

KEY = b64encode(bytes(range(16))).decode()
MAX_HEAD_BYTES = 65_536
HEAD_END = b"\r\n\r\n"
EXTENSIONS = "Sec-WebSocket-Extensions"
WHOLE_MESSAGE = (FIN | Opcode.TEXT, FIN | Opcode.BINARY)
_UPGRADE = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-key": KEY, "sec-websocket-version": "13"}
ACCEPT = accept_value(_UPGRADE)


class RefusedError(Exception):
    """The server does not let us in. ``status`` is HTTP's or a close code, 0 for an answer that is no HTTP at all."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.status} {self.reason}".strip() if self.status else self.reason


def upgrade_request(host: str, path: str, cookie: str, extension: str = "") -> bytes:
    """Return the opening handshake; ``extension`` is offered to the server.

    Every connection sends the same key: nothing here is kept from a cache or a proxy.
    """
    headers = {"Host": host} | _UPGRADE
    headers |= {name: value for name, value in (("Cookie", cookie), (EXTENSIONS, extension)) if value}
    lines = (f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", "")
    return "\r\n".join(lines).encode()


def take_answer(received: bytearray, extension: str = "") -> bool:
    """Take the upgrade's answer away if it is there whole; return whether it was. What is left are frames.

    Raises ``RefusedError``, also where the server does not agree to the extension.
    """
    end = received.find(HEAD_END)
    if end < 0:
        if len(received) > MAX_HEAD_BYTES:
            raise RefusedError(0, "the answer is no HTTP")
        return False
    _check_answer(bytes(received[:end]), extension)
    del received[: end + len(HEAD_END)]
    return True


@lru_cache(maxsize=8)  # a server gives thousands of connections the same answer
def _check_answer(head: bytes, extension: str) -> None:
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    version, _, status = first.partition(" ")
    if not version.startswith("HTTP/1.") or not status[:3].isdigit():
        raise RefusedError(0, "the answer is no HTTP")
    if not status.startswith("101"):
        raise RefusedError(int(status[:3]), status[4:])
    if headers.get("sec-websocket-accept") != ACCEPT:
        raise RefusedError(101, "the answer accepts another handshake than ours")
    if extension not in headers.get(EXTENSIONS.lower(), ""):
        raise RefusedError(101, f"the server does not agree to {extension}")


def client_frame(opcode: int, payload: bytes) -> bytes:
    """A whole frame, masked with zeros: allowed (section 5.3 asks for masks that scripts cannot guess), and free."""
    length = len(payload)
    if length < 126:
        return bytes((FIN | opcode, MASKED | length, 0, 0, 0, 0)) + payload
    kind, size = (126, 2) if length < 1 << 16 else (127, 8)
    return bytes((FIN | opcode, MASKED | kind)) + length.to_bytes(size, "big") + bytes(4) + payload


class ClientProtocol:
    """One connection that asks for the upgrade with ``request``, which may offer an extension. A ``wire.ClientWire``.

    Messages under an extension are given as they come: who offers it can read them.
    """

    __slots__ = ("_buffer", "_extension", "_fragments", "_needed", "ending", "is_open", "outgoing")

    def __init__(self, request: bytes, extension: str = "") -> None:
        self._buffer = bytearray()
        self._extension = extension
        self._needed = 2
        self._fragments: bytearray | None = None
        self.outgoing = [request]
        self.ending: tuple[int, str] | None = None
        self.is_open = False

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes as they came; give the payloads of the messages that are whole now.

        Raises ``RefusedError``, and ``ProtocolError`` for what no server may send.
        """
        if self._buffer or not self.is_open:
            self._buffer += data
            self.is_open = self.is_open or take_answer(self._buffer, self._extension)
            if not self.is_open or len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        messages: list[bytes] = []
        position = self._receive_frames(data, messages)
        if position < len(data):
            self._buffer += data[position:]
        return messages

    def message(self, payload: bytes) -> bytes:
        """See ``ClientWire``."""
        return client_frame(Opcode.TEXT, payload)

    def closing(self) -> bytes:
        """A close frame (1000)."""
        return client_frame(Opcode.CLOSE, CloseCode.NORMAL.to_bytes(2, "big"))

    def _receive_frames(self, data: bytes, messages: list[bytes]) -> int:
        """Handle every whole frame; where the first one that is not begins. Runs for every message: no calls."""
        position, end = 0, len(data)
        while end - position >= 2 and self.ending is None:
            first, length, start = data[position], data[position + 1], position + 2
            if length > 125:
                size = 2 if length & LENGTH_BITS == 126 else 8
                if length > LENGTH_BITS:
                    raise ProtocolError(CloseCode.PROTOCOL_ERROR, "server frame with a mask")
                if end - start < size:
                    self._needed = 2 + size
                    return position
                length = int.from_bytes(data[start : start + size], "big")
                start += size
            stop = start + length
            if stop > end:
                self._needed = stop - position
                return position
            position = stop
            if first in WHOLE_MESSAGE:
                messages.append(data[start:stop])
            else:
                self._on_frame(first, data[start:stop], messages)
        self._needed = 2
        return position

    def _on_frame(self, first: int, payload: bytes, messages: list[bytes]) -> None:
        opcode = first & OPCODE_BITS
        if opcode == Opcode.PING:
            self.outgoing.append(client_frame(Opcode.PONG, payload))
        elif opcode == Opcode.CLOSE:
            self.ending = parse_close(payload)
            self.outgoing.append(client_frame(Opcode.CLOSE, payload[:2]))
        elif opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONTINUATION):
            self._on_fragment(first, payload, messages)
        elif opcode != Opcode.PONG:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, f"reserved opcode {opcode:#x}")

    def _on_fragment(self, first: int, payload: bytes, messages: list[bytes]) -> None:
        if self._fragments is None:
            self._fragments = bytearray()
        self._fragments += payload
        if first & FIN:
            messages.append(bytes(self._fragments))
            self._fragments = None
