"""Fields of a TCE message without its envelope that a reader needs before anybody serves it. Pure."""

import math

from tcelib.error import DecodeError
from tcelib.queue.message import LATEST
from tcelib.wire.message import LINGER_TIME, RETURN, parse_body, split_extra

_CALLTYPE_AT = 5
_RETURN = bytes([RETURN])
_NAME = LINGER_TIME.encode()
_SEARCHED_BYTES = 65_536


def is_return(body: bytes) -> bool:
    """Return whether a message is an answer."""
    return body[_CALLTYPE_AT : _CALLTYPE_AT + 1] == _RETURN


def expires_of(body: bytes) -> float | None:
    """Return when a message's time is over (TCE protocol, section 4), in epoch seconds. None if it does not say."""
    if len(body) < _SEARCHED_BYTES and _NAME not in body:  # a tenth of the time; it is asked for every message
        return None
    try:
        (*_, extra_count), rest = parse_body(body)
        linger_time = split_extra(extra_count, rest)[0].get(LINGER_TIME) if extra_count else None
        moment = math.nan if linger_time is None else float(linger_time)
    except (DecodeError, ValueError):
        return None
    return None if math.isnan(moment) else min(max(moment, 0.0), LATEST)
