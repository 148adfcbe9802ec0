"""Name of a message: a digest of its source, its signature and its id, equal for all copies of one message.

Pure. A producer that does not know whether a message was sent sends it again under the same id, and the queue
compares names. A name has 20 bytes, however long the id is.
"""

import hashlib

import msgspec

from rtserver.base.queue.signature import mark_of, message_of
from rtserver.base.wire.json_depth import is_deeper

NAME_LENGTH = 20
_LEAST_INEXACT = 2**53  # from here on a double stands for several integers
_DEEPEST = 900  # Pythons stop reading at different depths: at about 1,000 in 3.11, far beyond in 3.14

_id_decoder = msgspec.json.Decoder(int | float | str)


class _Envelope(msgspec.Struct):
    src: str
    id: msgspec.Raw


_envelope_decoder = msgspec.json.Decoder(_Envelope)


def maybe_name(src: str, message_id: bytes | msgspec.Raw, mark: bytes = b"") -> bytes | None:
    """Return the name of a message from ``src``; None if ``message_id``, the JSON of its ``"id"``, does not count.

    An id counts if it is a text that is not empty, or an integer, also one that is written as ``1e1`` or ``10.0`` as
    long as a double holds it exactly. ``mark`` is the mark of its signature (``signature.mark_of``). It is part of
    the name, so that a producer without the secret cannot use up the id of a signed message.
    """
    text = _maybe_text(message_id)
    if text is None:
        return None
    source = src.encode()
    return hashlib.sha1(b"%d:%s%s%s" % (len(source), source, mark, text), usedforsecurity=False).digest()


def maybe_name_in(raw: bytes) -> bytes | None:
    """Return the name of a message by its bytes, without checking its signature.

    None for a message without an id, for one that is too deep, and for bytes that are no message.
    """
    if is_deeper(raw, _DEEPEST):
        return None
    try:
        envelope = _envelope_decoder.decode(message_of(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return maybe_name(envelope.src, envelope.id, mark_of(raw))


def _maybe_text(message_id: bytes | msgspec.Raw) -> bytes | None:
    """Return the id as text that differs for a number and the same digits as a string."""
    try:
        value = _id_decoder.decode(message_id)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if isinstance(value, str):
        return b"s" + value.encode() if value else None
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= _LEAST_INEXACT:
            return None
        value = int(value)
    return b"n%d" % value
