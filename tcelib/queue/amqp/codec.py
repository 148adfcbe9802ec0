"""Codec: messages of the queue port as messages of AMQP 1.0, and back. Pure.

The body is one data section. ``expires`` is absolute-expiry-time, headers are application properties, and the moment
at which a message was put is creation-time. A dead letter has its reason, detail and moment as further properties.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import proton

from tcelib.queue.error import MessageError
from tcelib.queue.message import DeadLetter, Message

REASON, DETAIL, AT = "dead-reason", "dead-detail", "dead-at"
"""Properties of a dead letter; the last one in milliseconds since 1970."""
_LEAST_MOMENT = 0.001


class Opened(NamedTuple):
    """A message as it came. ``failures`` counts deliveries that failed; ``put_at`` is None where nobody says it."""

    message: Message
    failures: int
    put_at: float | None


def encode(message: Message, message_id: str, put_at: float, *, is_durable: bool) -> bytes:
    """Return a message as bytes for a broker; ``put_at`` in epoch seconds."""
    out = _outgoing(message, message_id, put_at, is_durable)
    if message.expires is not None:
        out.expiry_time = max(_LEAST_MOMENT, message.expires)  # 0 would mean never
    if message.headers:
        out.properties = dict(message.headers)
    return bytes(out.encode())


def encode_letter(letter: DeadLetter, message_id: str, put_at: float, *, is_durable: bool) -> bytes:
    """Return a dead letter as bytes for a broker."""
    out = _outgoing(letter.message, message_id, put_at, is_durable)
    about = {REASON: str(letter.reason), DETAIL: str(letter.detail), AT: str(round(letter.at * 1000))}
    out.properties = {**letter.message.headers, **about}
    return bytes(out.encode())


def _outgoing(message: Message, message_id: str, put_at: float, is_durable: bool) -> Any:
    out = proton.Message(body=message.body)
    out.inferred = True  # a data section, not a value
    out.durable = is_durable
    out.id = message_id
    out.creation_time = put_at
    return out


def decode(payload: bytes, otherwise_id: str) -> Opened:
    """Return the message in a broker's bytes, under its own id if it has one. Raises ``MessageError``."""
    found = proton.Message()
    try:
        found.decode(payload)
    except (proton.MessageException, UnicodeDecodeError, ValueError) as error:
        raise MessageError("message", f"not one of AMQP 1.0: {error}") from None
    headers, expires = _headers_of(found.properties), found.expiry_time or None
    message = Message(_body_of(found.body), headers, expires, _id_of(found.id) or otherwise_id)
    return Opened(message, int(found.delivery_count), found.creation_time or None)


def _body_of(body: Any) -> bytes:
    if isinstance(body, bytes | memoryview):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    raise MessageError("body", "none" if body is None else f"not bytes but {type(body).__name__}")


def _headers_of(properties: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Return properties as text. Other programs also say numbers; lists and maps are not for us."""
    simple = (str, int, float, bool)
    return {str(name): str(value) for name, value in (properties or {}).items() if isinstance(value, simple)}


def _id_of(message_id: Any) -> str:
    return "" if message_id is None else str(message_id)
