"""Packets (TCE protocol, section 1): where one ends in a stream of bytes, what is inflated and what is deflated.

Decides which bytes are no packet, and knows nothing of what a message asks for. A stream is cut by the size in the
envelope alone, so that what stands behind a zlib stream (the Java client pads it with zeros) is skipped.
"""

import zlib
from collections.abc import Callable
from struct import Struct
from typing import Protocol

from tcelib.error import PacketError
from tcelib.wire.message import (
    ENVELOPE_BYTES,
    HEADER,
    HEADER_BYTES,
    MAGIC,
    MESSAGE_BYTES,
    RETURN,
    RPC,
    Extra,
    Packet,
    build_body,
)

DEFAULT_MAX_PACKET_BYTES = 0x100000  # what the Java, JavaScript, C++ and C# clients refuse to exceed
SIZE_AHEAD = 4  # what the size field does not count: the magic
SIZE_OF_NOTHING = ENVELOPE_BYTES - SIZE_AHEAD  # what it counts beside the body
DEFLATE_OVER_BYTES = 100  # shorter bodies are not worth it
SHORT_BYTES = DEFLATE_OVER_BYTES - MESSAGE_BYTES  # of parameters without extra values

# Python's version number: it says that we inflate. The other languages send 0x100, and some of them cannot.
VERSION = 0x01000000

_PLAIN, _ZLIB = 0, 1
_MAGIC_BYTES = MAGIC.to_bytes(4, "big")
_pack = HEADER.pack
_ENVELOPE = Struct(">IIBxI")
_SIZE_OF_HEADER = HEADER_BYTES - SIZE_AHEAD
_LEAST_WINDOW_BITS = 9
_pack_short = Struct(f">{ENVELOPE_BYTES + 1}sIBIIBH4x").pack
_MIDDLE = Struct(">BIIB")
_FAST = 1  # zlib's level: a big answer must not hold up everyone else's

INTERFACE_BITS = 0xFFFF0000  # of a route; the operation's index is 0 in answers

# Packing twelve numbers takes longer than packing the few that differ among short packets of one length.
SHORT_FRONTS = tuple(
    _ENVELOPE.pack(MAGIC, _SIZE_OF_HEADER + size, _PLAIN, VERSION) + bytes((RPC,)) for size in range(SHORT_BYTES + 1)
)
"""The begin of a packet without extra values and with so many bytes of parameters, up to its sequence."""
pack_short = Struct(f">{ENVELOPE_BYTES + 1}sI{_MIDDLE.size}sH4x").pack
"""Return the header of a short packet, of a front, the sequence, a middle (``answer_middle``) and the call_id."""


class PacketList(Protocol):
    """Container of whole packets: a list or a deque."""

    def __len__(self) -> int:
        """Return how many there are."""

    def append(self, packet: Packet, /) -> None:
        """Take one more."""


INFLATED_AT_ONCE = 262_144
"""16 KiB of compressed packets may swell to 16 MB; other connections must not wait for that."""


class PacketReader:
    """Cuts one stream into packets. ``peer_inflates`` tells whether its sender understands compressed ones.

    ``on_dropped`` is called with a reason for each message that is too short to be one. ``on_too_long`` gets the
    fields of a message that would be inflated to more than ``max_packet_bytes``, and a reason; without it,
    ``on_dropped`` does. ``messages`` counts all messages but those that are too short, ``inflated`` the bytes that
    were made of compressed ones. With ``has_more`` the bytes hold more than should be inflated at once:
    ``feed(b"", packets)`` goes on with them.
    """

    __slots__ = (
        "_buffer",
        "_max_packet_bytes",
        "_needed",
        "_on_dropped",
        "_on_too_long",
        "has_more",
        "inflated",
        "messages",
        "peer_inflates",
    )

    def __init__(
        self,
        max_packet_bytes: int,
        on_dropped: Callable[[str], None],
        on_too_long: Callable[[tuple[int, ...], str], None] | None = None,
    ) -> None:
        self.peer_inflates = False
        self.has_more = False
        self.inflated = 0
        self.messages = 0
        self._max_packet_bytes = max_packet_bytes
        self._on_dropped = on_dropped
        self._on_too_long = on_too_long or (lambda _, reason: on_dropped(reason))
        self._buffer = bytearray()
        self._needed = ENVELOPE_BYTES

    def feed(self, data: bytes, packets: PacketList) -> None:
        """Take bytes as they came and append the packets that are whole now.

        Raises ``PacketError`` when the stream is lost; the packets before that spot have been appended. It is raised
        as soon as a packet's first 14 bytes are there, whatever size they announce.
        """
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return
            data = bytes(self._buffer)
            self._buffer.clear()
        self.has_more = False
        at, enough = 0, self.inflated + INFLATED_AT_ONCE
        while True:
            at = self._take_plain(data, at, packets)
            end = self._take_any(data, at, packets)
            if end == at:
                break
            at = end
            if self.inflated > enough:
                self._needed = ENVELOPE_BYTES
                self.has_more = at < len(data)
                break
        self._buffer += data[at:]

    def _take_plain(self, data: bytes, at: int, packets: PacketList) -> int:
        """Take the whole, uncompressed packets that follow one another; where the first other one begins.

        One loop with as little in it as can be, because it runs once for every call that a client makes.
        """
        limit, unpack, append = self._max_packet_bytes, HEADER.unpack_from, packets.append
        end, before = len(data), len(packets)
        version = 0
        while end - at >= HEADER_BYTES:
            fields = unpack(data, at)
            size = fields[1]
            stop: int = at + SIZE_AHEAD + size
            if stop > end or fields[2] or fields[0] != MAGIC or size < _SIZE_OF_HEADER or size > limit:
                break
            append((fields, data[at + HEADER_BYTES : stop]))
            version = fields[3]
            at = stop
        self.messages += len(packets) - before
        if version == VERSION:
            self.peer_inflates = True
        return at

    def _take_any(self, data: bytes, at: int, packets: PacketList) -> int:
        """Take one packet of any kind, if it is whole; where it ends, or ``at``. Raises ``PacketError``."""
        self._needed = ENVELOPE_BYTES
        if len(data) - at < ENVELOPE_BYTES:
            return at
        magic, size, compression, version = _ENVELOPE.unpack_from(data, at)
        self._check(magic, size, compression)
        self._needed = SIZE_AHEAD + size
        end: int = at + SIZE_AHEAD + size
        if end > len(data):
            return at
        body = data[at + ENVELOPE_BYTES : end]
        limit = self._max_packet_bytes - SIZE_OF_NOTHING
        if compression == _ZLIB:
            body = inflate(body, limit)
            self.inflated += len(body)
        if compression == _ZLIB or version == VERSION:
            self.peer_inflates = True
        if len(body) < MESSAGE_BYTES:
            self._on_dropped(f"a message of {len(body)} bytes has no room for its header")
            return end
        self.messages += 1
        fields = HEADER.unpack_from(data[at : at + ENVELOPE_BYTES] + body[:MESSAGE_BYTES])
        if len(body) > limit:
            self._on_too_long(fields, f"a message inflates to more than {limit} bytes")
        else:
            packets.append((fields, body[MESSAGE_BYTES:]))
        return end

    def _check(self, magic: int, size: int, compression: int) -> None:
        if magic != MAGIC:
            raise PacketError(f"no packet begins with {magic:08x}")
        if not SIZE_OF_NOTHING < size <= self._max_packet_bytes:
            raise PacketError(f"a packet of {size} bytes; allowed are {self._max_packet_bytes}")
        if compression not in (_PLAIN, _ZLIB):
            raise PacketError(f"unknown compression {compression}")


def is_header(data: bytes) -> bool:
    """Return true if ``data`` is the header of a packet and nothing more.

    The original JavaScript client sends it apart from the body (TCE protocol, section 1.2).
    """
    return len(data) == ENVELOPE_BYTES and data.startswith(_MAGIC_BYTES)


def deflate(body: bytes) -> bytes:
    """A zlib stream of ``body``, with a window no greater than it needs: to clear zlib's usual quarter of a megabyte
    takes ten times as long as to compress a few hundred bytes."""
    window_bits = min(max(len(body).bit_length(), _LEAST_WINDOW_BITS), zlib.MAX_WBITS)
    stream = zlib.compressobj(_FAST, zlib.DEFLATED, window_bits, window_bits - 7)
    return stream.compress(body) + stream.flush()


def inflate(compressed: bytes, limit: int) -> bytes:
    """Return the content of the zlib stream at the front of ``compressed``, or the first ``limit`` + 1 bytes of it.

    Raises ``PacketError``.
    """
    stream = zlib.decompressobj()
    try:
        body = stream.decompress(compressed, limit + 1)
    except zlib.error as error:
        raise PacketError(f"a body does not inflate: {error}") from error
    if len(body) <= limit and not stream.eof:
        raise PacketError("a compressed body is cut")
    return body


def build_packet(
    sequence: int,
    calltype: int,
    route: int,
    paramsize: int = 0,
    params: bytes = b"",
    *,
    errcode: int = 0,
    call_id: int = 0,
    extra: Extra | None = None,
    deflates: bool = False,
) -> bytes:
    """A message in its envelope. Raises ``struct.error`` for numbers that do not fit their field.

    ``deflates``: the peer takes compressed bodies, so long ones are compressed.
    """
    size = len(params)
    if size <= SHORT_BYTES and not extra:
        return _pack_short(SHORT_FRONTS[size], sequence, calltype, route, errcode, paramsize, call_id) + params
    if extra or (deflates and MESSAGE_BYTES + size > DEFLATE_OVER_BYTES):
        body = build_body(
            sequence,
            calltype,
            route,
            errcode=errcode,
            paramsize=paramsize,
            call_id=call_id,
            extra=extra,
            params=params,
        )
        return wrap(body, deflates)
    header = _pack(
        MAGIC, _SIZE_OF_HEADER + size, _PLAIN, VERSION, RPC, sequence, calltype, route, errcode, paramsize, call_id, 0
    )
    return header + params


def answer_middle(route: int, paramsize: int) -> bytes:
    """The fields of answers between sequence and call_id, the same for all calls of a route that went well. They name
    its interface, and operation 0."""
    return _MIDDLE.pack(RETURN, route & INTERFACE_BITS, 0, paramsize)


def wrap(body: bytes, deflates: bool = False, version: int = VERSION) -> bytes:
    """A body in its envelope; compressed if it may be, is long, and gets shorter by it."""
    compression = _PLAIN
    if deflates and len(body) > DEFLATE_OVER_BYTES:
        compressed = deflate(body)
        if len(compressed) < len(body):
            body, compression = compressed, _ZLIB
    return _ENVELOPE.pack(MAGIC, SIZE_OF_NOTHING + len(body), compression, version) + body
