"""Strings on the wire (TCE protocol, section 3.1): we send UTF-8, and read what the other languages' clients send.

tce.js writes each half of a surrogate pair by itself (CESU-8) and U+0000 as ``c0 80``. Both are read as the
characters they mean, and ``HalvedText`` is written as that client reads it. Any other byte that is not UTF-8 becomes
a lone surrogate from U+DC80 to U+DCFF, as Python does with file names, and is written as the same byte again. So no
text that came is ever a reason to refuse a message.

A text that would be read as another one is refused when it is written: any other half of a surrogate pair, and
escaped bytes that would be a character together.
"""

import re

_FOUR_BYTES = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_PAIRED = re.compile("[\U00010000-\U0010ffff\ud800-\udbff]")
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


class HalvedText(str):
    """Text that ``encode_text`` writes in CESU-8: characters outside the basic plane as two halves of three bytes."""

    __slots__ = ()

    def encode(self, *_: object, **__: object) -> bytes:
        """Its bytes. Raises as ``encode_text``."""
        return _FOUR_BYTES.sub(_split_character, encode_text(str(self)))


def has_pairs(text: str) -> bool:
    """Return true if ``text`` may have a character that is written otherwise in CESU-8."""
    return not text.isascii() and _PAIRED.search(text) is not None


def _split_character(match: re.Match[bytes]) -> bytes:
    high, low = divmod(ord(match[0].decode()) - 0x10000, 0x400)
    return (chr(0xD800 + high) + chr(0xDC00 + low)).encode("utf-8", "surrogatepass")


def _join_surrogates(match: re.Match[bytes]) -> bytes:
    high_middle, high_low, low_middle, low_low = (part[0] for part in match.groups())
    high = (high_middle & 0x0F) << 6 | high_low & 0x3F
    low = (low_middle & 0x0F) << 6 | low_low & 0x3F
    return chr(0x10000 + (high << 10 | low)).encode()
