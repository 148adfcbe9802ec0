"""Numbers that are slow to decode: those near the end of a double's range, and those of very many digits.

A decoder reads an ordinary number in some 25 ns. For one of 1e289 and more it falls back to exact arithmetic, which
takes 16 µs: 64 KB of them hold a thread for 170 ms, and no message needs them.
"""

_ORDINARY = bytes.maketrans(b"123456789E", b"000000000e")
_LARGE = b"e000"
_LONG = b"0" * 128  # with an exponent of two digits it takes more than these to get there


def has_more_slow_numbers(raw: bytes, most: int) -> bool:
    """Whether more than ``most`` numbers may be slow, by exponents of three digits and runs of 128 digits.

    What looks like one in a string counts as well: nothing is decoded.
    """
    if len(raw) < (most + 1) * len(_LARGE):
        return False
    plain = raw.translate(_ORDINARY, b"+")
    return plain.count(_LARGE) + plain.count(_LONG) > most
