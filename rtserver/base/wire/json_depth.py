"""Nesting depth of JSON, found without decoding it: a message that is too deep is refused before anything is built.

Nearly every message has fewer brackets than may be nested, which two counts show. The others are reduced to their
brackets, eight of which make one byte: an opening bracket is a 1, a closing one a 0. A table gives each byte's change
of depth, and the greatest depth on the way. Every step over the whole message runs in C, so the check never costs
more than the decoding that follows.

The bytes may be anything: the decoder decides whether they are JSON.
"""

from itertools import accumulate
from operator import add

from rtserver.base.wire.json_string import without_escapes

_OTHERS = bytes(set(range(256)) - set(b'[]{}"'))
_BITS = bytes.maketrans(b"[{]}", b"1100")
_AT_ONCE = 8


def is_deeper(raw: bytes, most: int) -> bool:
    """Return whether arrays and objects are nested more than ``most`` deep."""
    if len(raw) <= most or raw.count(b"[") + raw.count(b"{") <= most:
        return False
    brackets = _brackets_of(raw)
    count = -(-len(brackets) // _AT_ONCE)
    if not count:
        return False
    # Filled up with closing brackets, which do not add depth.
    steps = int(brackets.translate(_BITS).ljust(count * _AT_ONCE, b"0"), 2).to_bytes(count, "big")
    depths = list(accumulate(memoryview(steps.translate(_CHANGES)).cast("b"), initial=0))
    return max(depths) + _AT_ONCE > most and max(map(add, depths, steps.translate(_PEAKS))) > most


def _brackets_of(raw: bytes) -> bytes:
    """Return the brackets outside of strings."""
    rest = without_escapes(raw).translate(None, _OTHERS)
    if b'"' not in rest:
        return rest
    return b"".join(rest.replace(b'""', b"").split(b'"')[::2])


def _walk(steps: int) -> list[int]:
    """Return the depth after each of the eight steps of a byte, from 0."""
    return list(accumulate(1 if steps >> place & 1 else -1 for place in reversed(range(_AT_ONCE))))


_CHANGES = bytes(_walk(steps)[-1] & 0xFF for steps in range(256))  # as signed bytes
_PEAKS = bytes(max(0, *_walk(steps)) for steps in range(256))
