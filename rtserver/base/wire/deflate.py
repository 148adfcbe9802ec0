"""Compression of messages by permessage-deflate (RFC 7692), and its negotiation. Pure.

Decides which offers are accepted, which messages are compressed, and how long an inflated message may be. There is no
context takeover in either direction: a message is compressed by itself, so that one frame serves every receiver, and
nothing is kept between two messages of a connection.
"""

import zlib
from collections.abc import Sequence

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import RSV1, Opcode, ProtocolError, build_frame, text_frame

EXTENSION = "permessage-deflate"
NO_TAKEOVER = ("server_no_context_takeover", "client_no_context_takeover")
SERVER_BITS, CLIENT_BITS = "server_max_window_bits", "client_max_window_bits"
WINDOW_BITS = 15
WINDOWS = frozenset(map(str, range(8, 16)))

LEAST_BYTES = 124  # below it a message of JSON shrinks by less than a fifth, and a short one not at all
LEVEL = 1  # a picture of 80 KB takes 0.6 ms of everybody's time and becomes 29 KB; level 6: 3.2 ms, 24 KB

CUT_OFF = b"\0\0\xff\xff"  # section 7.2.1: the end of every message, which is not sent
THE_END = b"\1\0\0\xff\xff"  # an empty last block: only a message that is whole lets the decompressor reach it
# ... unless the message ended with a last block of its own (section 7.2.3.4): then ours are left over.
LEFT_OVER = frozenset({b"", CUT_OFF + THE_END, b"\0" + CUT_OFF + THE_END})


def maybe_accept(offers: str) -> str | None:
    """Return the ``Sec-WebSocket-Extensions`` for the first offer that can be accepted, or None.

    An offer is declined for a parameter that section 7.1 does not know, for one that is there twice or has a wrong
    value, and for a window of the server's below 15 bits, for which every frame would have to be made once more.
    """
    for offer in offers.split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        if name == EXTENSION and _is_acceptable(parameters):
            # A window that the client asked for has to be confirmed (section 7.1.2.1).
            is_asked = any(parameter.startswith(SERVER_BITS) for parameter in parameters)
            confirmed = (f"{SERVER_BITS}={WINDOW_BITS}",) if is_asked else ()
            return "; ".join((EXTENSION, *NO_TAKEOVER, *confirmed))
    return None


def deflated_text_frame(payload: bytes) -> bytes:
    """Return a text message as one frame: compressed (section 6.1), or plain where that does not pay."""
    if len(payload) < LEAST_BYTES:
        return text_frame(payload)
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW_BITS)
    data = (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(CUT_OFF)
    return build_frame(RSV1 | Opcode.TEXT, data) if len(data) < len(payload) else text_frame(payload)


def inflate(data: bytes, most_bytes: int) -> bytes:
    """Return the message that was compressed to ``data``. No more than ``most_bytes`` are ever inflated.

    Raises ``ProtocolError``: 1009 for a longer one, 1002 for data that is not DEFLATE or ends in the middle.
    """
    decompressor = zlib.decompressobj(-WINDOW_BITS)
    try:
        message = decompressor.decompress(data, most_bytes + 1)
        if len(message) > most_bytes:
            raise too_big(most_bytes)
        more = decompressor.decompress(CUT_OFF + THE_END)
    except zlib.error:
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, "compressed message is not DEFLATE") from None
    if more or not decompressor.eof or decompressor.unused_data not in LEFT_OVER:
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, "compressed message is not whole")
    return message


def most_deflated_bytes(most_bytes: int) -> int:
    """Return the largest compressed size of a message of ``most_bytes``: some data grows a little."""
    return most_bytes + most_bytes // 64 + 64


def too_big(most_bytes: int) -> ProtocolError:
    """Return the error for a message over the limit."""
    return ProtocolError(CloseCode.MESSAGE_TOO_BIG, f"message over {most_bytes} bytes")


def _is_acceptable(parameters: Sequence[str]) -> bool:
    fields = [_field(parameter) for parameter in parameters]
    names = [name for name, _ in fields]
    return len(set(names)) == len(names) and all(_is_known(name, value) for name, value in fields)


def _field(parameter: str) -> tuple[str, str | None]:
    """Return name and value; a value may stand in quotes, which change nothing (RFC 6455, section 9.1)."""
    name, equals, value = (part.strip() for part in parameter.partition("="))
    if len(value) > 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return name, value if equals else None


def _is_known(name: str, value: str | None) -> bool:
    if name in NO_TAKEOVER:
        return value is None
    if name == CLIENT_BITS:
        return value is None or value in WINDOWS
    return name == SERVER_BITS and value == str(WINDOW_BITS)
