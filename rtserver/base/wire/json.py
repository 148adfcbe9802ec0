"""JSON at the edges: msgspec reads into checked shapes, ujson writes.

Decides what counts as JSON here: RFC 8259 in UTF-8, finite numbers only, in both directions. Everything that comes
in is decoded into a shape that its reader named, so that no later line has to ask what it holds.
"""

import marshal
import math
from decimal import Decimal
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
    """``value`` as compact JSON in UTF-8. Integers and floats are exact; of a ``Decimal`` see ``encode_exact``.

    Raises ``JsonError`` for what JSON cannot say: NaN, infinities, lone surrogates, objects, circles.
    """
    try:
        return ujson.dumps(
            value, ensure_ascii=False, escape_forward_slashes=False, allow_nan=False, reject_bytes=True
        ).encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise JsonError(f"{type(error).__name__}: {error}") from None


def encode_exact(value: Any) -> bytes:
    """As ``encode``, with all digits of each ``Decimal``: ujson alone would write the double beside it.

    For what handlers and producers give: it costs a fifth more.
    """
    try:
        marshal.dumps(value)  # takes plain values alone, and finds out without a walk in Python
    except ValueError:
        try:
            value = _with_exact_decimals(value)
        except RecursionError as error:
            raise JsonError(f"RecursionError: {error}") from None
    return encode(value)


def encodable(text: str) -> str:
    """The text with ``?`` in the place of lone surrogates, which UTF-8 cannot say."""
    return text.encode("utf-8", "replace").decode()


class _Exact:
    """A number that ujson writes as it is told."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __json__(self) -> str:
        return self._text


def _with_exact_decimals(value: Any) -> Any:
    if isinstance(value, Decimal):
        double = float(value) if not value.is_snan() else math.nan
        return _Exact(str(value)) if math.isfinite(double) else double
    if isinstance(value, dict):
        return {key: _with_exact_decimals(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_with_exact_decimals(each) for each in value]
    return value
