"""Check for numbers that are slow to decode: near the end of a double's range, or of very many digits.

A decoder reads an ordinary number in some 25 ns. For one of 1e289 and more it falls back to exact arithmetic, which
takes 16 µs: 64 KB of them hold a thread for 170 ms, and no message needs them.
"""

from rtserver.base.wire.json_string import outside_strings

_ORDINARY = bytes.maketrans(b"123456789E", b"000000000e")
_LARGE = b"e000"
_LONG = b"0" * 128  # with an exponent of two digits it takes more than these to get there

SLOW_NUMBERS_TEXT = "numbers have exponents of three digits or 128 digits in a row"
"""Their description for the sender."""


def has_more_slow_numbers(raw: bytes, most: int) -> bool:
    """Return whether more than ``most`` numbers may be slow, by exponents of three digits and runs of 128 digits.

    Strings do not count: base64 and UUIDs are full of such digits.
    """
    if len(raw) < (most + 1) * len(_LARGE):
        return False
    plain = raw.translate(_ORDINARY, b"+")
    return _count(plain) > most and _count(outside_strings(plain)) > most


def _count(plain: bytes) -> int:
    return plain.count(_LARGE) + plain.count(_LONG)
