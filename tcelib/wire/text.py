"""Strings on the wire (TCE protocol, section 3.1): we send UTF-8, and read what the other languages' clients send.

tce.js writes each half of a surrogate pair by itself (CESU-8) and U+0000 as ``c0 80``. Both are read as the
characters they mean. Any other byte that is not UTF-8 becomes a lone surrogate from U+DC80 to U+DCFF, as Python does
with file names, and is written as the same byte again. So no text that came is ever a reason to refuse a message.

A text that would be read as another one is refused by whoever writes it: any other half of a surrogate pair, and
escaped bytes that would be a character together.
"""

import re

_SURROGATE_PAIR = re.compile(rb"\xed([\xa0-\xaf])([\x80-\xbf])\xed([\xb0-\xbf])([\x80-\xbf])")


def decode_text(raw: bytes) -> str:
    """The text that ``raw`` means. Never fails."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        standard = _SURROGATE_PAIR.sub(_join_surrogates, raw.replace(b"\xc0\x80", b"\0"))
        return standard.decode("utf-8", "surrogateescape")


def encode_text(text: str) -> bytes:
    """UTF-8; the bytes that ``decode_text`` could not read are themselves again. ``TypeError`` for other types,
    ``ValueError`` for a text that would not come back."""
    try:
        return text.encode()
    except AttributeError:
        raise TypeError(f"text is expected, not {type(text).__name__}") from None
    except UnicodeEncodeError:
        # Through UTF-16, so that two halves of a pair that stand side by side become the one character they are.
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        raw = whole.encode("utf-8", "surrogateescape")
        if decode_text(raw) != whole:
            raise ValueError("the text has escaped bytes that would be read as a character") from None
        return raw


def _join_surrogates(match: re.Match[bytes]) -> bytes:
    high_middle, high_low, low_middle, low_low = (part[0] for part in match.groups())
    high = (high_middle & 0x0F) << 6 | high_low & 0x3F
    low = (low_middle & 0x0F) << 6 | low_low & 0x3F
    return chr(0x10000 + (high << 10 | low)).encode()
