"""The map of extra values as bytes (TCE protocol, section 4), for programs that pass messages on.

Names and values stay bytes: a gateway looks at two of them, and the others go on unchanged. ``rest`` is what stands
behind a message's header: the map, and the parameters.
"""

from collections.abc import Collection
from struct import Struct
from struct import error as StructError  # noqa: N812  a class

from tcelib.error import DecodeError
from tcelib.wire.message import MOST_EXTRA
from tcelib.wire.text import encode_text

LENGTH_BYTES = 4
CUT = "the extra values are cut"
_LENGTH = Struct(">I")
_read_length = _LENGTH.unpack_from


def pair(name: str, value: str) -> bytes:
    """Return one name and its value as they are written. Raises ``ValueError`` as ``encode_text``."""
    return named(name) + named(value)


def named(name: str) -> bytes:
    """Return a text behind its length: a name is so the begin of its pair."""
    raw = encode_text(name)
    return _LENGTH.pack(len(raw)) + raw


def without(count: int, rest: bytes, names: Collection[bytes]) -> tuple[int, bytes]:
    """Return ``count`` and ``rest`` without the pairs of ``names``. Raises ``DecodeError`` for a map that is cut."""
    end = end_of(count, rest)
    for name in names:
        if rest.find(name, 0, end) >= 0:
            return _cut_out(count, rest, names)
    return count, rest


def end_of(count: int, rest: bytes) -> int:
    """Return the length of the map. Raises ``DecodeError`` if it is cut."""
    at = 0
    if count > MOST_EXTRA:
        raise DecodeError(f"{count} extra values, at most {MOST_EXTRA} are taken")
    try:
        for _ in range(count * 2):
            at += LENGTH_BYTES + _read_length(rest, at)[0]
    except StructError:
        at = len(rest) + 1
    if at > len(rest):
        raise DecodeError(CUT)
    return at


def values_of(count: int, rest: bytes) -> dict[bytes, bytes]:
    """Return the map; of equal names the last one counts. Raises ``DecodeError`` for one that is cut."""
    end_of(count, rest)
    values = {}
    at = 0
    for _ in range(count):
        name, at = _read(rest, at)
        values[name], at = _read(rest, at)
    return values


def _cut_out(count: int, rest: bytes, names: Collection[bytes]) -> tuple[int, bytes]:
    kept: list[bytes] = []
    at = begin = left_out = 0
    for _ in range(count):
        start = at
        name, at = _read(rest, at)
        _, at = _read(rest, at)
        if name in names:
            kept.append(rest[begin:start])
            begin = at
            left_out += 1
    kept.append(rest[begin:])
    return count - left_out, b"".join(kept)


def _read(rest: bytes, at: int) -> tuple[bytes, int]:
    """Return the text behind the length at ``at``, and where it ends. It is known to be whole."""
    start = at + LENGTH_BYTES
    end: int = start + _read_length(rest, at)[0]
    return rest[start:end], end
