"""Functions of generated code, beside ``struct``, that turn values into bytes and back (TCE protocol, section 3).

Generated readers check each bound themselves before they unpack, slice or allocate; the errors for it are made here,
so that they read the same everywhere. ``MALFORMED`` is what a reader may raise about bytes, ``UNSENDABLE`` what a
writer may raise about values that do not fit their type.
"""

import struct
from collections.abc import Mapping, Sequence, Set

from tcelib.error import DecodeError

MALFORMED = (DecodeError, struct.error, TypeError)  # TypeError: a dictionary whose keys cannot be hashed
NO_SEQUENCES = (str, bytes, bytearray, memoryview, Mapping, Set)
"""What can be iterated over and measured, and yet is no list: 'abc' would travel as three strings."""
UNSENDABLE = (struct.error, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)


def truncated(data: bytes, at: int, size: int) -> DecodeError:
    """The error for ``size`` bytes that were needed at ``at``, and are not all there."""
    return DecodeError(f"{size} bytes are needed at byte {at}, {max(len(data) - at, 0)} are there")


def left_over(data: bytes, at: int) -> DecodeError:
    """The error for a parameter stream that goes on when all values have been read."""
    return DecodeError(f"the values end at byte {at} of {len(data)}")


def misfit(data: bytes, at: int, size: int) -> DecodeError:
    """The error for ``size`` bytes at ``at`` that do not end where ``data`` does."""
    return truncated(data, at, size) if at + size > len(data) else left_over(data, at + size)


def count_of(values: Sequence[object]) -> int:
    """Return the length of a sequence. Raises ``TypeError`` for text, bytes, mappings and sets."""
    if type(values) is not list and isinstance(values, NO_SEQUENCES):
        raise TypeError(f"a list is expected, not {type(values).__name__}")
    return len(values)


def encode_bytes(value: bytes | bytearray | memoryview) -> bytes:
    """The bytes of a ``sequence<byte>``. Raises ``TypeError`` for anything else, memory of longer items included."""
    if type(value) is bytes:
        return value
    if isinstance(value, bytes | bytearray) or (isinstance(value, memoryview) and value.itemsize == 1):
        return bytes(value)
    raise TypeError(f"bytes are expected, not {type(value).__name__}")


def write_nothing() -> bytes:
    """The parameter stream of an operation without parameters."""
    return b""


def read_nothing(data: bytes) -> tuple[()]:
    """The arguments of an operation without parameters. Raises ``DecodeError`` if there are bytes for some."""
    if data:
        raise left_over(data, 0)
    return ()


def write_void(value: object) -> bytes:
    """Return the result of a void operation; the method's value is ignored."""
    return b""


def read_void(data: bytes) -> None:
    """The result of a void operation. Bytes are let pass: no value is expected that they could be confused with."""
