"""Heads of messages without envelope, as a gateway reads, writes and changes them (TCE protocol, section 2)."""

from struct import Struct

from tcelib.wire.message import RETURN, RPC
from tcelib.wire.packet import INTERFACE_BITS

HEAD = Struct(">BIBIIBHI")
"""Type, sequence, calltype, route, errcode, paramsize, call_id, and the number of extra values."""
FORWARDED = 0x8000
"""Bit 15 of ``call_id``: a gateway has passed the message on. The answer has it, too."""
MARKS = FORWARDED - 1
"""Low bits of ``call_id``."""
_CALL_ID = Struct(">H")
_CALL_ID_AT = 15


def with_call_id(body: bytes, call_id: int) -> bytes:
    """Return ``body`` with another ``call_id``."""
    return body[:_CALL_ID_AT] + _CALL_ID.pack(call_id) + body[_CALL_ID_AT + _CALL_ID.size :]


def parts_of(key: int) -> tuple[int, int, int]:
    """Return route, ``call_id`` and sequence of the number by which an answer finds its call.

    It is interface << 48 | ``call_id`` << 32 | sequence; the route is that of answers, which name no operation.
    """
    return key >> 48 << 16, key >> 32 & 0xFFFF, key & 0xFFFFFFFF


def refusal(sequence: int, route: int, call_id: int, errcode: int, user_pair: bytes) -> bytes:
    """Return the body of an error: interface, ``call_id`` and the user's id, if there is one, say whose it is."""
    head = HEAD.pack(RPC, sequence, RETURN, route & INTERFACE_BITS, errcode, 0, call_id, 1 if user_pair else 0)
    return head + user_pair
