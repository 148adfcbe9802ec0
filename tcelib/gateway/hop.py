"""Ways of messages from gateway to gateway: each counts its hops, so that none goes round in a circle. Pure."""

from tcelib.error import DecodeError
from tcelib.gateway.head import HEAD
from tcelib.wire.extra_map import pair, values_of, without
from tcelib.wire.message import MESSAGE_BYTES

HOPS = "__hops__"
"""Extra value: how many gateways have passed a message on, because its user was not there any more."""
MOST_HOPS = 8
_HOPS = HOPS.encode()


def one_hop_more(body: bytes) -> bytes | None:
    """Return a message as it goes on to another gateway; None after ``MOST_HOPS``, or if it cannot be read."""
    try:
        kind, sequence, calltype, route, errcode, paramsize, call_id, count = HEAD.unpack_from(body)
        rest = body[MESSAGE_BYTES:]
        hops = int(values_of(count, rest).get(_HOPS, b"0"))
        if not 0 <= hops < MOST_HOPS:
            return None
        count, rest = without(count, rest, (_HOPS,))
    except (DecodeError, ValueError):
        return None
    head = HEAD.pack(kind, sequence, calltype, route, errcode, paramsize, call_id, count + 1)
    return b"".join((head, pair(HOPS, f"{hops + 1}"), rest))
