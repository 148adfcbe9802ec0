"""Frames of RFC 6455 as bytes: the layout of section 5.2, and nothing about connections.

A server's frames are never masked, so one frame can go to any number of receivers: build it once, share the bytes.
"""

from collections.abc import Callable
from enum import IntEnum

# The one C helper of Tornado's that works on bytes alone; tests/base/wire/test_frame.py fails should it change.
from tornado.util import _websocket_mask

from rtserver.base.wire.close_code import CloseCode, may_be_sent

FIN = 0x80
RSV1 = 0x40
RESERVED_BITS = 0x70
OPCODE_BITS = 0x0F
MASKED = 0x80
LENGTH_BITS = 0x7F
MAX_CONTROL_PAYLOAD = MAX_SHORT_PAYLOAD = 125


class Opcode(IntEnum):
    """Opcodes of RFC 6455, section 11.8. Control frames are those from ``CLOSE`` up."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_TEXT_HEADS = tuple(bytes((FIN | Opcode.TEXT, length)) for length in range(MAX_SHORT_PAYLOAD + 1))


class ProtocolError(Exception):
    """Violation of the WebSocket protocol by the peer. The connection is closed with ``code``."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason} ({self.code:d})"


unmask: Callable[[bytes, bytes], bytes] = _websocket_mask
"""Return a payload, the second argument, XOR the four bytes of a mask, repeated (section 5.3). It masks, too."""


def build_frame(opcode: int, payload: bytes) -> bytes:
    """Return a whole, unfragmented, unmasked frame, as servers send it. ``opcode`` may carry reserved bits."""
    length = len(payload)
    if length <= MAX_SHORT_PAYLOAD:
        return bytes((FIN | opcode, length)) + payload
    if length <= 0xFFFF:
        return bytes((FIN | opcode, 126, length >> 8, length & 0xFF)) + payload
    return bytes((FIN | opcode, 127)) + length.to_bytes(8, "big") + payload


def text_frame(payload: bytes) -> bytes:
    """Return a text message of UTF-8 bytes as one frame."""
    length = len(payload)
    return _TEXT_HEADS[length] + payload if length <= MAX_SHORT_PAYLOAD else build_frame(Opcode.TEXT, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame (section 5.5.1). A reason that does not fit is cut between two characters.

    Raises ``ValueError`` for a code that may not be on the wire.
    """
    if not may_be_sent(code):
        raise ValueError(f"close code {code} may not be sent")
    text = reason.encode()[: MAX_CONTROL_PAYLOAD - 2].decode(errors="ignore").encode()
    return build_frame(Opcode.CLOSE, code.to_bytes(2, "big") + text)


def parse_close(payload: bytes) -> tuple[int, str]:
    """Return code and reason of a close frame's payload; ``NO_STATUS`` where it has none (section 7.1.5).

    Raises ``ProtocolError``: 1002 for half a code or one that may not be sent, 1007 for a reason that is not UTF-8.
    """
    if not payload:
        return CloseCode.NO_STATUS, ""
    if len(payload) == 1:
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, "close frame with half a code")
    code = int.from_bytes(payload[:2], "big")
    if not may_be_sent(code):
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, f"close code {code} may not be sent")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise ProtocolError(CloseCode.INVALID_TEXT, "close reason is not UTF-8") from None
