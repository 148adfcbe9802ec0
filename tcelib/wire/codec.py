"""What generated code needs to turn values into bytes and back (TCE protocol, section 3), beside ``struct``.

Generated readers check each bound themselves before they unpack, slice or allocate; the errors for it are made here,
so that they read the same everywhere. ``MALFORMED`` is what a reader may raise about bytes, ``UNSENDABLE`` what a
writer may raise about values that do not fit their type.
"""

import struct

from tcelib.error import DecodeError

MALFORMED = (DecodeError, struct.error, TypeError)  # TypeError: a dictionary whose keys cannot be hashed
UNSENDABLE = (struct.error, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)


def truncated(data: bytes, at: int, size: int) -> DecodeError:
    """The error for ``size`` bytes that were needed at ``at``, and are not all there."""
    return DecodeError(f"{size} bytes are needed at byte {at}, {max(len(data) - at, 0)} are there")


def left_over(data: bytes, at: int) -> DecodeError:
    """The error for a parameter stream that goes on when all values have been read."""
    return DecodeError(f"the values end at byte {at} of {len(data)}")


def write_nothing() -> bytes:
    """The parameter stream of an operation without parameters."""
    return b""


def read_nothing(data: bytes) -> tuple[()]:
    """The arguments of an operation without parameters. Raises ``DecodeError`` if there are bytes for some."""
    if data:
        raise left_over(data, 0)
    return ()


def write_void(value: object) -> bytes:
    """The result of a void operation, whatever its method gave."""
    return b""


def read_void(data: bytes) -> None:
    """The result of a void operation. Bytes are let pass: no value is expected that they could be confused with."""
