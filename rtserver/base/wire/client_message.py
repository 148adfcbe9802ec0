"""Envelope of the JSON protocol: ``{"type": str, "data": any, "id"?: int | str}``, the same in both directions.

Decides what counts as a message, and which code an error carries on the wire. ``data`` stays undecoded until the
shape of its handler is known, so that it is decoded once.
"""

from enum import StrEnum
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from rtserver.base.wire import json

T = TypeVar("T")

MAX_SAFE_INTEGER = 2**53 - 1
"""Largest integer that JavaScript tells from its neighbours."""

MessageType: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
MessageId: TypeAlias = (
    Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
    | Annotated[str, msgspec.Meta(max_length=64)]
)


class ErrorCode(StrEnum):
    """Codes of ``error`` answers, for programs; the message beside it is for people."""

    BAD_JSON = "bad_json"
    BAD_MESSAGE = "bad_message"
    UNKNOWN_TYPE = "unknown_type"
    BAD_REQUEST = "bad_request"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"


class BadMessage(Exception):  # noqa: N818 (named as what it is about, like BadData)
    """Message that is answered with an ``error``. ``message`` may be shown to the sender.

    ``code`` is one of ours, or a handler's own word.
    """

    def __init__(self, code: ErrorCode | str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class ClientMessage(msgspec.Struct, frozen=True):
    """Message of a client. ``data`` is for ``decode_data``; null where the client sent none."""

    type: MessageType
    data: msgspec.Raw = msgspec.Raw(b"null")
    id: MessageId | None = None


class _Typed(msgspec.Struct):
    type: str


_DECODER = msgspec.json.Decoder(ClientMessage)
_TYPE_DECODER = msgspec.json.Decoder(_Typed)
_BEFORE_TYPE = b'{"type":"'


def decode(payload: bytes) -> ClientMessage:
    """Return the message in the payload of a text frame. Keys that the envelope does not know are ignored.

    Raises ``BadMessage``: ``bad_json``, or ``bad_message`` for JSON that is no envelope. Some faults in ``data`` are
    found by ``decode_data`` only.
    """
    try:
        return _DECODER.decode(payload)
    except json.DECODER_ERRORS as error:
        raise _bad_message(json.error_of(error), ErrorCode.BAD_MESSAGE) from None


def decode_data(data: msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Return ``data`` in the shape that its handler named. Raises ``BadMessage``: ``bad_json`` or ``bad_request``."""
    try:
        return decoder.decode(data)
    except json.DECODER_ERRORS as error:
        raise _bad_message(json.error_of(error), ErrorCode.BAD_REQUEST) from None


def _bad_message(error: json.JsonError, wrong_shape: ErrorCode) -> BadMessage:
    return BadMessage(wrong_shape if isinstance(error, json.ShapeError) else ErrorCode.BAD_JSON, str(error))


def exact(value: int | str) -> int | str:
    """Return an id that every client reads exactly: an integer that JavaScript would round becomes text."""
    return value if isinstance(value, str) or abs(value) <= MAX_SAFE_INTEGER else str(value)


def encode(type: str, data: Any, id: int | str | None = None) -> bytes:  # noqa: A002 (the protocol's words)
    """Return the payload of a text frame. Raises ``JsonError`` for data that JSON cannot say."""
    return encode_around(type, json.encode_exact(data), id)


def type_of(message: bytes) -> str:
    """Return the type of an encoded message. The encoders here write it first, so nothing behind it is read."""
    start = len(_BEFORE_TYPE)
    end = message.find(b'"', start)
    name = message[start:end]
    if message.startswith(_BEFORE_TYPE) and b"\\" not in name:
        return name.decode()
    return _TYPE_DECODER.decode(message).type


def encode_around(
    type: str,  # noqa: A002
    data: bytes | msgspec.Raw,
    id: int | str | None = None,  # noqa: A002
    offset: str | None = None,
) -> bytes:
    """Return the payload around ``data`` that is JSON already, for data that many messages share.

    It has an ``id`` as an answer, or an ``offset`` as a message that was kept.
    """
    if offset is not None:
        return b'{"type":%b,"data":%b,"offset":"%b"}' % (json.encode_scalar(type), data, offset.encode())
    if id is None:
        return b'{"type":%b,"data":%b}' % (json.encode_scalar(type), data)
    return b'{"type":%b,"data":%b,"id":%b}' % (json.encode_scalar(type), data, json.encode_scalar(id))


def encode_error(
    code: ErrorCode | str,
    message: str,
    type: str | None = None,  # noqa: A002
    id: int | str | None = None,  # noqa: A002
    **about: Any,
) -> bytes:
    """Return the payload of an ``error``; ``type`` and ``id`` are those of the message that it answers, where known.

    The values ``about`` the error stand in its data, too. ``code`` and ``message`` may be any text: a ``?`` stands
    for what UTF-8 cannot say.
    """
    said = {"code": json.encodable(str(code)), "message": json.encodable(str(message)), "type": type}
    return encode("error", {**said, **about}, id)


def encode_refusal(payload: bytes, code: ErrorCode, message: str) -> bytes:
    """Return the ``error`` that answers an unhandled message, with its ``type`` and ``id`` if it has any."""
    try:
        refused = decode(payload)
    except BadMessage:
        return encode_error(code, message)
    return encode_error(code, message, refused.type, refused.id)
