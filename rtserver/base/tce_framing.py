"""How what is sent to a client becomes TCE: a JSON message is a one-way call of ``ITerminal.onMessage``.

One packet serves all receivers, as nobody answers a one-way call and its number means nothing. Pure.
"""

import logging
from collections.abc import Sequence

import msgspec

from rtserver.base.wire.client_message import ErrorCode, encode_error
from rtserver.base.wire.frame import Opcode, build_frame
from rtserver.idl.rtserver import ITerminal
from tcelib.wire.message import CALL, ENVELOPE_BYTES, ONEWAY, RETURN
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES, SIZE_AHEAD, build_packet

log = logging.getLogger(__name__)

NAME_LENGTH = 64  # of a type, in an error about it: one that is too long itself must not make the error too long

(ON_MESSAGE,) = ITerminal.INTERFACE.operations
_COMPRESSION, _CALLTYPE, _ERRCODE = 8, ENVELOPE_BYTES + 5, slice(ENVELOPE_BYTES + 10, ENVELOPE_BYTES + 14)
_NO_ERROR = bytes(4)


class _Typed(msgspec.Struct):
    type: str


_decode = msgspec.json.Decoder(_Typed).decode


def message_packet(message: bytes) -> bytes:
    """The packet that brings a message of the JSON protocol to a client.

    In place of one that is longer than clients take, which they would close the connection for, it brings an error.
    """
    name = _decode(message).type
    packet = _packet(name, message)
    if len(packet) - SIZE_AHEAD <= DEFAULT_MAX_PACKET_BYTES:
        return packet
    log.error("! a message of type %r has %d bytes, which is too long for TCE", name[:NAME_LENGTH], len(message))
    return _packet("error", encode_error(ErrorCode.INTERNAL, "the message is too long for TCE", name[:NAME_LENGTH]))


def message_frame(message: bytes) -> bytes:
    """The same in a WebSocket frame."""
    return build_frame(Opcode.BINARY, message_packet(message))


def packet_frames(packets: Sequence[bytes]) -> bytes:
    """Each packet in a binary frame of its own (TCE protocol, section 7, item 6)."""
    return b"".join(build_frame(Opcode.BINARY, packet) for packet in packets)


def is_error(packet: bytes) -> bool:
    """Whether a packet answers a call with an error. Those are too short to be compressed."""
    return packet[_ERRCODE] != _NO_ERROR and packet[_CALLTYPE] == RETURN and not packet[_COMPRESSION]


def _packet(name: str, message: bytes) -> bytes:
    params = ON_MESSAGE.write_params(name, message.decode())
    return build_packet(0, CALL | ONEWAY, ON_MESSAGE.route, paramsize=2, params=params)
