"""JSON at the edges: msgspec reads into checked shapes, ujson writes.

Decides what counts as JSON here: RFC 8259 in UTF-8, finite numbers only, in both directions. Everything that comes
in is decoded into a shape that its reader named, so that no later line has to ask what it holds.
"""

from typing import Any, TypeVar

import msgspec
import ujson

T = TypeVar("T")


class JsonError(ValueError):
    """Bytes that are no JSON, or a value that JSON cannot say. ``str(error)`` is fit to be shown to the sender."""


class ShapeError(JsonError):
    """JSON, but not of the shape that was asked for."""


def decode(raw: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """The value in ``raw``, of the decoder's type.

    Raises ``ShapeError`` where the JSON is of another shape, ``JsonError`` where it is no JSON at all.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise ShapeError(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JsonError(str(error)) from None
    except RecursionError:
        raise JsonError("nested too deeply") from None


def encode(value: Any) -> bytes:
    """``value`` as compact JSON in UTF-8.

    Raises ``JsonError`` for what JSON cannot say: NaN, infinities, lone surrogates, objects, circles.
    """
    try:
        return ujson.dumps(
            value, ensure_ascii=False, escape_forward_slashes=False, allow_nan=False, reject_bytes=True
        ).encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise JsonError(f"{type(error).__name__}: {error}") from None
