"""JSON at the edges: msgspec reads into checked shapes, ujson writes.

Decides what counts as JSON here: RFC 8259 in UTF-8, finite numbers only, in both directions. Input is decoded into a
shape that its reader named, so that no later line has to check it.
"""

import marshal
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import ujson

T = TypeVar("T")

_encode_text = msgspec.json.Encoder().encode

DECODER_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Exceptions of a decoder. ``error_of`` says what they stand for."""


class JsonError(ValueError):
    """Bytes that are no JSON, or a value that JSON cannot say. ``str(error)`` may be shown to the sender."""


class ShapeError(JsonError):
    """JSON of another shape than the reader named."""


def decode(raw: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the value in ``raw``, of the decoder's type.

    Raises ``ShapeError`` where the JSON is of another shape, ``JsonError`` where it is no JSON at all.
    """
    try:
        return decoder.decode(raw)
    except DECODER_ERRORS as error:
        raise error_of(error) from None


def error_of(error: Exception) -> JsonError:
    """Return the error that stands for one of ``DECODER_ERRORS``."""
    if isinstance(error, msgspec.ValidationError):
        return ShapeError(str(error))
    return JsonError("nested too deeply" if isinstance(error, RecursionError) else str(error))


def encode(value: Any) -> bytes:
    """Return ``value`` as compact JSON in UTF-8. Integers and floats are exact; for ``Decimal`` see ``encode_exact``.

    Raises ``JsonError`` for values that JSON cannot say: NaN, infinities, lone surrogates, objects, circles.
    """
    try:
        # ensure_ascii, html chars, forward slashes, sort_keys, indent, allow_nan, reject_bytes: given by place,
        # as finding them by name takes longer than writing a short message.
        return ujson.dumps(value, False, False, False, False, False, False, True).encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise JsonError(f"{type(error).__name__}: {error}") from None


def encode_scalar(value: int | str) -> bytes:
    """Return what ``encode`` does for a text or an integer, in a fifth of its time. Raises ``JsonError``."""
    if type(value) is int:
        return b"%d" % value
    if type(value) is not str:
        return encode(value)
    try:
        return _encode_text(value)
    except UnicodeEncodeError as error:
        raise JsonError(f"{type(error).__name__}: {error}") from None


def encode_exact(value: Any) -> bytes:
    """Return what ``encode`` does, with all digits of each ``Decimal``: ujson alone would write the nearest double.

    For values of handlers and producers. It costs a fifth more.
    """
    if type(value) is str:
        return encode_scalar(value)
    try:
        marshal.dumps(value)  # takes plain values only, and checks them without a walk in Python
    except ValueError:
        try:
            value = _with_exact_decimals(value)
        except RecursionError as error:
            raise JsonError(f"RecursionError: {error}") from None
    return encode(value)


def encode_with(members: Mapping[str, object], name: str, value: bytes) -> bytes:
    """Return an object as JSON: at least one member, and one more whose value is JSON already."""
    return b'%b,"%b":%b}' % (encode(members)[:-1], name.encode(), value)


def encodable(text: str) -> str:
    """Return the text with ``?`` for lone surrogates, which UTF-8 cannot say."""
    return text.encode("utf-8", "replace").decode()


class _Exact:
    """Number with its own text, which ujson writes."""

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
