"""ServiceMessage: the envelope that producers put on the queue, its decoding, and the reasons to reject one.

The data inside stays the producer's bytes until the handler of its type decodes it into its own shape: nobody pays
for data that nobody reads.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from rtserver.base.queue.message_name import maybe_name
from rtserver.base.queue.port import Entry
from rtserver.base.queue.route import maybe_to
from rtserver.base.queue.signature import SignatureError, Signer, mark_of
from rtserver.base.wire import json
from rtserver.base.wire.json_depth import is_deeper
from rtserver.base.wire.json_number import SLOW_NUMBERS_TEXT, has_more_slow_numbers


class BadData(ValueError):  # noqa: N818 (handlers read better with it: ``raise BadData("no such exchange")``)
    """Raised by a handler for data of the right shape that still makes no sense."""


class Reason(StrEnum):
    """Reason for which a message went to the dead stream."""

    BAD_SIGNATURE = "bad_signature"
    BAD_JSON = "bad_json"
    BAD_MESSAGE = "bad_message"
    UNKNOWN_TYPE = "unknown_type"
    BAD_DATA = "bad_data"
    BAD_TIME = "bad_time"
    HANDLER_FAILED = "handler_failed"
    POISON = "poison"


NO_ID = msgspec.Raw()
QUOTE, PUSH = "quote", "pushuser"
"""Types of the messages that have quotes, and of those to users: the ones with routes."""


class Rejected(ValueError):  # noqa: N818 (a decision, not a fault of ours)
    """A message that cannot be handled. ``reason`` is from the table, ``detail`` is fit for its producer.

    ``is_too_large``: only the beginning of the message is worth keeping. ``id`` is that of no message.
    """

    id = NO_ID

    def __init__(self, reason: Reason, detail: str, src: str = "", *, is_too_large: bool = False) -> None:
        super().__init__(reason, detail, src)
        self.reason = reason
        self.detail = detail
        self.src = src
        self.is_too_large = is_too_large

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"

    def of(self, src: str) -> "Rejected":
        """Return the same rejection, with the same cause, for another message, sent by ``src``."""
        other = Rejected(self.reason, self.detail, src)
        other.__cause__ = self.__cause__
        return other


class ServiceMessage(msgspec.Struct, frozen=True, gc=False):
    """``{"type": str, "to"?: any, "src": str, "data": any, "id"?: any}``.

    ``data``, ``id`` and ``to`` are JSON that is not decoded yet; the latter two are empty if there is none.
    """

    type: str
    src: str
    data: msgspec.Raw
    id: msgspec.Raw = NO_ID
    to: msgspec.Raw = NO_ID


_decoder = msgspec.json.Decoder(ServiceMessage)
_any_decoder = msgspec.json.Decoder()
_no_secret = Signer()


class Bounds(NamedTuple):
    """Largest size of a message, its deepest nesting, and its number of slow numbers; 0 for no bound."""

    bytes: int = 0
    depth: int = 0
    slow_numbers: int = 0


NO_BOUNDS = Bounds()


def decode(
    raw: bytes, signer: Signer = _no_secret, bounds: Bounds = NO_BOUNDS, entry_id: str | None = None
) -> ServiceMessage:
    """Return the message in ``raw``. Raises ``Rejected`` with ``BAD_SIGNATURE``, ``BAD_JSON`` or ``BAD_MESSAGE``.

    ``entry_id`` is the message's id on the bus. The age of a signature is counted to the moment when the message came
    there, whenever, how often and by whom it is read.
    """
    if 0 < bounds.bytes < len(raw):
        raise too_large(len(raw), bounds.bytes)
    try:
        opened = signer.open(raw, _came_at(entry_id) if entry_id and signer.seconds else None)
    except SignatureError as error:
        raise Rejected(Reason.BAD_SIGNATURE, str(error)) from None
    if bounds.depth and is_deeper(opened, bounds.depth):
        raise Rejected(Reason.BAD_JSON, f"nested more than {bounds.depth} deep")
    if bounds.slow_numbers and has_more_slow_numbers(opened, bounds.slow_numbers):
        raise Rejected(Reason.BAD_JSON, f"more than {bounds.slow_numbers} {SLOW_NUMBERS_TEXT}")
    try:
        return _decoder.decode(opened)
    except json.DECODER_ERRORS as error:
        raise rejection_of(opened, json.error_of(error), Reason.BAD_MESSAGE) from None


def decode_entry(entry: Entry, signer: Signer = _no_secret, bounds: Bounds = NO_BOUNDS) -> ServiceMessage:
    """Return the message of an entry of the bus. Raises ``Rejected`` as ``decode`` does.

    A message is no other one than its route says: who drops it by the route must not miss what others handle.
    """
    message = decode(entry.raw, signer, bounds, entry.id)
    if entry.type and (message.type.encode() != entry.type or bytes(message.to) != b'"%b"' % entry.to):
        raise Rejected(Reason.BAD_MESSAGE, "it names its type, or to, twice", message.src)
    return message


def too_large(size: int, most: int) -> Rejected:
    """Return the rejection of a message of ``size`` bytes, more than ``most``."""
    return Rejected(Reason.BAD_MESSAGE, f"{size} bytes; allowed are {most}", is_too_large=True)


def name_in(raw: bytes, message: ServiceMessage) -> bytes | None:
    """Return the name of a message that was decoded from ``raw``. None if it has none, or is not all JSON.

    Reads all of the data, so ask only for messages with an id.
    """
    try:
        json.decode(message.data, _any_decoder)
    except json.JsonError:
        return None
    return maybe_name(message.src, message.id, mark_of(raw))


def _came_at(entry_id: str) -> float:
    return int(entry_id.partition("-")[0]) / 1000


def rejection_of(raw: bytes | msgspec.Raw, error: json.JsonError, shape_reason: Reason, src: str = "") -> Rejected:
    """Return the rejection of ``raw``, whose decoding ended with ``error``: no JSON, or JSON of another shape.

    Decoding ends at the first fault, and a worse one may follow, so all of ``raw`` is read once more.
    """
    try:
        json.decode(raw, _any_decoder)
    except json.JsonError as no_json:
        return Rejected(Reason.BAD_JSON, str(no_json), src)
    return Rejected(shape_reason, str(error), src)


def encode(type: str, src: str, data: object, id: str | int | None = None) -> bytes:  # noqa: A002 (the envelope's words)
    """Return the bytes of a message, with an ``"id"`` if one is given. Raises ``JsonError`` for data that JSON
    cannot hold.

    Type and ``"to"`` come first, as a route has to. The latter is left out where the data names nobody, or too many.
    """
    message: dict[str, object] = {"type": type}
    to = maybe_to_of(type, data)
    if to is not None:
        message["to"] = to
    message |= {"src": src, "data": data}
    if id is not None:
        message["id"] = id
    return json.encode_exact(message)


def maybe_to_of(type: str, data: object) -> str | None:  # noqa: A002 (the envelope's word)
    """Return the ``"to"`` of a message: the quotes of a ``quote``, the users of a ``pushuser``.

    None for data that makes no sense, and for everyone.
    """
    try:
        if type == QUOTE and isinstance(data, list):
            return maybe_to(item["quote"] for item in data)
        if type == PUSH and isinstance(data, dict):
            users = data["user_id"]
            return maybe_to(map(_user_name, users if isinstance(users, list | tuple) else (users,)))
    except (AttributeError, KeyError, TypeError):
        return None
    return None


def _user_name(user_id: object) -> str:
    if type(user_id) not in (int, str) or user_id == "*":
        raise TypeError(user_id)
    return str(user_id)
