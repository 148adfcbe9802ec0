"""WebSocket protocol of one connection after its handshake, seen from the server: bytes in, messages out (RFC 6455).

Decides everything about the protocol: violations and their close codes, answers to pings, and the end of the close
handshake. It knows no socket and no clock. Its owner feeds ``receive``, acts on the messages, calls ``settle``, sends
the frames in ``outgoing``, and ends the TCP connection when it is DONE.

    OPEN ── close() ──────► CLOSING ── the peer's close frame ──► DONE
      └──── the peer's close frame, or a violation ─────────────►─┘

A close frame often shares a packet with the messages before it, whose answers must go out first: the step to DONE is
therefore taken by ``settle``, after the messages. Bytes behind a close frame or a violation are ignored.
"""

from codecs import IncrementalDecoder, getincrementaldecoder
from enum import Enum, auto
from typing import TypeAlias

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.deflate import inflate, most_deflated_bytes, too_big
from rtserver.base.wire.frame import (
    FIN,
    LENGTH_BITS,
    MASKED,
    MAX_CONTROL_PAYLOAD,
    OPCODE_BITS,
    RESERVED_BITS,
    RSV1,
    Opcode,
    ProtocolError,
    build_frame,
    close_frame,
    parse_close,
    unmask,
)

ReceivedMessage: TypeAlias = tuple[int, bytes]
Ending: TypeAlias = tuple[int, bytes]  # close code, our close frame

TEXT = Opcode.TEXT  # a look-up in the enum takes as long as unmasking a short message
WHOLE_TEXT = FIN | TEXT
INFLATED_AT_ONCE = 65_536  # 16 KiB may inflate to 12 MB, for which all other clients would wait
KNOWN_OPCODES = frozenset(Opcode)
MAY_BE_DEFLATED = frozenset({Opcode.TEXT, Opcode.BINARY})  # a message's first frame says it for all of them
Utf8Decoder = getincrementaldecoder("utf-8")


class State(Enum):
    """States of the drawing above."""

    OPEN = auto()
    CLOSING = auto()
    DONE = auto()


class WebSocketProtocol:
    """Server's side of one connection. ``max_message_bytes`` bounds a message in any number of frames.

    The bound may be raised later. ``inflates`` says that permessage-deflate (RFC 7692) was negotiated; the bound then
    holds for the inflated message, and ``inflated`` counts the bytes that the last ``receive`` inflated. ``aside``
    counts frames that are no messages, control frames and parts of messages; its reader may reset it.
    """

    __slots__ = (
        "_buffer",
        "_decoder",
        "_ending",
        "_fragments",
        "_inflates",
        "_is_deflated",
        "_message_opcode",
        "_needed",
        "aside",
        "binaries",
        "close_code",
        "has_more",
        "inflated",
        "max_message_bytes",
        "outgoing",
        "state",
    )

    def __init__(self, max_message_bytes: int = 65536, *, inflates: bool = False) -> None:
        self.state = State.OPEN
        self.close_code: int = CloseCode.ABNORMAL
        self.outgoing: list[bytes] = []
        self.has_more = False
        self.max_message_bytes = max_message_bytes
        self.binaries = 0
        self.aside = 0
        self._buffer = bytearray()
        self._needed = 2
        self._ending: Ending | None = None
        self._fragments: bytearray | bytes | None = None
        self.inflated = 0
        self._inflates = inflates
        self._is_deflated = False  # the message whose fragments these are
        self._message_opcode = 0
        self._decoder: IncrementalDecoder | None = None

    def receive(self, data: bytes) -> list[ReceivedMessage]:
        """Take bytes as they came. Return the messages that are whole now, as (TEXT or BINARY, payload).

        A text payload is valid UTF-8. Pongs are added to ``outgoing``. After ``close`` no message is returned.
        ``binaries`` counts those that are BINARY. With ``has_more`` the bytes hold more than should be inflated at
        once: ``receive(b"")`` goes on with them.
        """
        self.has_more = False
        self.binaries = self.inflated = 0
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        messages: list[ReceivedMessage] = []
        position = 0
        try:
            position = self._receive_frames(data, messages)
        except ProtocolError as error:
            self._ending = (error.code, close_frame(error.code, error.reason))
        if self._ending is None and position < len(data):
            self._buffer += data[position:] if position else data
        return messages if self.state is State.OPEN else []

    def settle(self) -> bool:
        """Carry out the end that the received bytes brought, if any: our close frame, and DONE.

        Return whether the connection is done.
        """
        if self._ending is None or self.state is State.DONE:
            return self.state is State.DONE
        if self.state is State.OPEN:
            self.close_code, frame = self._ending
            self.outgoing.append(frame)
        self.state = State.DONE
        return True

    def close(self, code: int, reason: str = "") -> None:
        """Begin the close handshake, once: ``code`` must be one that may be sent."""
        if self.state is State.OPEN:
            self.outgoing.append(close_frame(code, reason))
            self.close_code = code
            self.state = State.CLOSING

    def _receive_frames(self, data: bytes, messages: list[ReceivedMessage]) -> int:
        """Handle every whole frame in ``data``. Return where the first incomplete frame begins.

        The loop handles short, whole messages without a call, because it runs for every message of a client.
        ``_check_header`` and ``_on_frame`` handle all other frames.
        """
        position, end = 0, len(data)
        limit = self.max_message_bytes
        while end - position >= 2 and self._ending is None:
            first = data[position]
            second = data[position + 1]
            start = position + 2
            length = second & LENGTH_BITS
            if length > 125:
                size = 2 if length == 126 else 8
                if end - start < size:
                    self._needed = 2 + size
                    return position
                length = self._long_length(first, data[start : start + size])
                start += size
            if first != WHOLE_TEXT or second < MASKED or length > limit or self._fragments is not None:
                self._check_header(first, second, length)
            stop = start + 4 + length
            if stop > end:
                self._needed = stop - position
                return position
            payload = unmask(data[start : start + 4], data[start + 4 : stop])
            position = stop
            if first == WHOLE_TEXT:
                if not payload.isascii():
                    self._check_text(payload, final=True)
                messages.append((TEXT, payload))
            else:
                self._on_frame(first, payload, messages)
                if self.inflated > INFLATED_AT_ONCE:
                    self.has_more = position < end
                    break
        self._needed = 2
        return position

    def _long_length(self, first: int, field: bytes) -> int:
        if first & 0x08:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, "control frame over 125 bytes")
        length = int.from_bytes(field, "big")
        if length <= (125 if len(field) == 2 else 0xFFFF) or length >> 63:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, "length not in its shortest form")
        return length

    def _check_header(self, first: int, second: int, length: int) -> None:
        """Raise ``ProtocolError`` for a header that section 5 forbids, before its payload has come."""
        opcode = first & OPCODE_BITS
        reserved = first & RESERVED_BITS
        if reserved and not (self._inflates and reserved == RSV1 and opcode in MAY_BE_DEFLATED):
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, "reserved bit set without an extension")
        if opcode not in KNOWN_OPCODES:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, f"reserved opcode {opcode:#x}")
        if second < MASKED:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, "client frame without a mask")
        if opcode >= Opcode.CLOSE:
            if not first & FIN:
                raise ProtocolError(CloseCode.PROTOCOL_ERROR, "fragmented control frame")
            if length > MAX_CONTROL_PAYLOAD:
                raise ProtocolError(CloseCode.PROTOCOL_ERROR, "control frame over 125 bytes")
            return
        if (self._fragments is not None) != (opcode == Opcode.CONTINUATION):
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, "fragments out of order")
        limit = self.max_message_bytes
        if reserved or self._is_deflated:
            limit = most_deflated_bytes(limit)
        if length + len(self._fragments or b"") > limit:
            raise too_big(self.max_message_bytes)

    def _on_frame(self, first: int, payload: bytes, messages: list[ReceivedMessage]) -> None:
        opcode = first & OPCODE_BITS
        if opcode >= Opcode.CLOSE or not first & FIN:
            self.aside += 1
        if opcode == Opcode.PING:
            if self.state is State.OPEN:
                self.outgoing.append(build_frame(Opcode.PONG, payload))
        elif opcode == Opcode.CLOSE:
            self._on_close(payload)
        elif opcode != Opcode.PONG:
            if opcode != Opcode.CONTINUATION:
                self._message_opcode = opcode
                self._is_deflated = bool(first & RSV1)
                self._fragments = bytearray()
            self._on_data(bool(first & FIN), payload, messages)

    def _on_data(self, final: bool, payload: bytes, messages: list[ReceivedMessage]) -> None:
        assert self._fragments is not None  # _check_header lets no continuation through without one
        self._fragments += payload
        if self._is_deflated:
            # The text of a compressed message is known when it is whole.
            if not final:
                return
            payload = self._fragments = inflate(bytes(self._fragments), self.max_message_bytes)
            self.inflated += len(payload)
            self._is_deflated = False
        if self._message_opcode == Opcode.TEXT:
            self._check_text(payload, final)
        if final:
            self.binaries += self._message_opcode != Opcode.TEXT
            messages.append((self._message_opcode, bytes(self._fragments)))
            self._fragments = None

    def _check_text(self, payload: bytes, final: bool) -> None:
        """Check UTF-8 (section 8.1) at each fragment: a character may be cut by fragments, but not be wrong."""
        if self._decoder is None:
            self._decoder = Utf8Decoder()
        try:
            self._decoder.decode(payload, final)
        except UnicodeDecodeError:
            raise ProtocolError(CloseCode.INVALID_TEXT, "text is not UTF-8") from None

    def _on_close(self, payload: bytes) -> None:
        code, _ = parse_close(payload)
        self._ending = (code, build_frame(Opcode.CLOSE, payload[:2]))
