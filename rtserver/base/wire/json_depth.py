"""How deeply JSON is nested, told without decoding it: what is too deep is refused before anything is made of it.

Nearly every message has fewer brackets than may be nested, which two counts show. The others are stripped down to
their brackets, and these are added up. The bytes may be anything; what is not JSON is for the decoder to say.
"""

import re
from itertools import accumulate

_OTHERS = bytes(set(range(256)) - set(b'[]{}"'))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # as signed bytes: one deeper, one less deep
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"?')


def is_deeper(raw: bytes, most: int) -> bool:
    """Whether arrays and objects stand more than ``most`` deep in one another."""
    if len(raw) <= most or raw.count(b"[") + raw.count(b"{") <= most:
        return False
    steps = memoryview(_brackets_of(raw).translate(_STEPS)).cast("b")
    return max(accumulate(steps), default=0) > most


def _brackets_of(raw: bytes) -> bytes:
    """The brackets that do not stand in strings."""
    if b"\\" in raw:
        raw = _ESCAPE.sub(b"", raw)
    rest = raw.translate(None, _OTHERS).replace(b'""', b"")
    return _STRING.sub(b"", rest) if b'"' in rest else rest
