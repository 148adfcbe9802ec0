"""Framing of TCE: a JSON message becomes a one-way call of ``ITerminal.onMessage``. Pure.

One packet serves all receivers of a kind, because a one-way call has no answer and its number means nothing. Kinds
differ in the index by which they serve ``ITerminal``, and in the encoding of their texts.
"""

import logging
from collections.abc import Sequence
from functools import cache, partial

from rtserver.base.wire.client_message import ErrorCode, encode_error, type_of
from rtserver.base.wire.frame import Opcode, build_frame
from rtserver.base.wire.payload import Framing
from rtserver.idl import rtserver_low
from rtserver.idl.rtserver import ITerminal
from tcelib.core.cesu import halved
from tcelib.core.operation import Operation
from tcelib.wire.message import CALL, ONEWAY
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES, SIZE_AHEAD, build_packet, is_header

log = logging.getLogger(__name__)

NAME_LENGTH = 64  # of a type in an error about it, which a long type must not make too long

(ON_MESSAGE,) = ITerminal.INTERFACE.operations
(LOW_ON_MESSAGE,) = rtserver_low.ITerminal.INTERFACE.operations
TERMINALS = {operation.ifidx: operation for operation in (ON_MESSAGE, LOW_ON_MESSAGE)}
LOW_GATEWAY = rtserver_low.IUserGateway.INTERFACE.ifidx


_binary_frame = partial(build_frame, Opcode.BINARY)


@cache
def framing_of(terminal: int, *, is_framed: bool, in_cesu8: bool) -> Framing:
    """Return the framing of a kind of client, the same function each time, as a ``Payload`` needs it.

    ``terminal`` is the index of its ``ITerminal``, ``is_framed`` a WebSocket. The original JavaScript client reads
    its texts ``in_cesu8``.
    """
    if terminal == ON_MESSAGE.ifidx and not in_cesu8:
        return message_frame if is_framed else message_packet
    operation = TERMINALS[terminal]

    def frame(message: bytes) -> bytes:
        packet = message_packet(message, operation, in_cesu8=in_cesu8)
        return _binary_frame(packet) if is_framed else packet

    return frame


def is_split(payload: bytes) -> bool:
    """Return whether a WebSocket message is a packet's header alone, as the original JavaScript client sends it."""
    return is_header(payload)


def message_packet(message: bytes, operation: Operation[None] = ON_MESSAGE, *, in_cesu8: bool = False) -> bytes:
    """Return the packet that brings a message of the JSON protocol to a client.

    In place of a message that is longer than clients take it brings an error: they would close the connection.
    """
    name = type_of(message)
    packet = _packet(operation, name, message, in_cesu8)
    if len(packet) - SIZE_AHEAD <= DEFAULT_MAX_PACKET_BYTES:
        return packet
    log.error("! a message of type %r has %d bytes, which is too long for TCE", name[:NAME_LENGTH], len(message))
    error = encode_error(ErrorCode.INTERNAL, "the message is too long for TCE", name[:NAME_LENGTH])
    return _packet(operation, "error", error, in_cesu8)


def message_frame(message: bytes) -> bytes:
    """Return the packet of a message in a WebSocket frame."""
    return _binary_frame(message_packet(message))


def packet_frames(packets: Sequence[bytes]) -> bytes:
    """Return the packets, each in a binary frame of its own (TCE protocol, section 7, item 6)."""
    return b"".join(map(_binary_frame, packets))


def _packet(operation: Operation[None], name: str, message: bytes, in_cesu8: bool) -> bytes:
    values = name, message.decode()
    params = operation.write_params(*(halved(values) if in_cesu8 else values))
    return build_packet(0, CALL | ONEWAY, operation.route, paramsize=2, params=params)
