"""Form of a stream: how its entries and its dead letters are written. Pure.

An entry of the usual form has the field ``body``, ``expires`` (milliseconds since 1970) if the message has one, and
``h:<name>`` for each header, in UTF-8. A dead letter has ``reason``, ``detail`` and ``at`` (milliseconds since 1970),
and then the fields of the entry as they were.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias, TypeVar

from tcelib.queue.error import MessageError
from tcelib.queue.message import LONGEST_VALUE, MOST_HEADERS, NO_HEADERS, DeadLetter, Message

L_contra = TypeVar("L_contra", contravariant=True)
Fields: TypeAlias = tuple[str | bytes | int, ...]
"""Names and values in turn."""
_HEADER = b"h:"
_FIRST = [b"body"]
MOST_FIELDS = MOST_HEADERS + 2
"""An entry with more fields is malformed; its dead letter has the first ones."""


class Form(Protocol[L_contra]):
    """Writes and reads the entries of a stream; ``L_contra`` is the type of its dead letters."""

    def fields(self, message: Message) -> Fields:
        """Return a message as fields of an entry."""

    def message(self, entry_id: str, fields: Sequence[bytes]) -> Message:
        """Return the message of an entry. Raises ``MessageError``."""

    def letter_fields(self, letter: L_contra) -> Fields:
        """Return a dead letter as fields of an entry."""

    def refusal(self, fields: Sequence[bytes], reason: str, detail: str, at: float) -> Fields:
        """Return the dead letter of an entry that no reader gets; ``at`` in epoch seconds."""


class HeaderForm:
    """The usual form. See ``Form``."""

    def fields(self, message: Message) -> Fields:
        """See ``Form``."""
        if not message.headers:
            return _bare_fields(message)
        headers = (part for name, value in message.headers.items() for part in (f"h:{name}", value))
        expires = () if message.expires is None else ("expires", round(message.expires * 1000))
        return ("body", message.body, *expires, *headers)

    def message(self, entry_id: str, fields: Sequence[bytes]) -> Message:
        """See ``Form``. Fields of other names are left for later versions."""
        if fields[:1] == _FIRST and (len(fields) == 2 or (len(fields) == 4 and fields[2] == b"expires")):
            return Message(fields[1], NO_HEADERS, _moment(fields[3]) if len(fields) == 4 else None, entry_id)
        if len(fields) > 2 * MOST_FIELDS:
            raise MessageError("entry", f"{len(fields) // 2} fields; allowed are {MOST_FIELDS}")
        found = dict(zip(fields[::2], fields[1::2], strict=True))
        if 2 * len(found) < len(fields):
            raise MessageError("entry", "a field comes twice")
        if b"body" not in found:
            raise MessageError("entry", "no field body")
        headers = {_text(name[2:]): _text(value) for name, value in found.items() if name.startswith(_HEADER)}
        return Message(found[b"body"], headers, _moment(found.get(b"expires")), entry_id)

    def letter_fields(self, letter: DeadLetter) -> Fields:
        """See ``Form``."""
        return _head(letter.reason, letter.detail, letter.at) + self.fields(letter.message)

    def refusal(self, fields: Sequence[bytes], reason: str, detail: str, at: float) -> Fields:
        """See ``Form``."""
        return (*_head(reason, detail, at), *fields[: 2 * MOST_FIELDS])


def _bare_fields(message: Message) -> Fields:
    if message.expires is None:
        return ("body", message.body)
    return ("body", message.body, "expires", round(message.expires * 1000))


def _head(reason: str, detail: str, at: float) -> Fields:
    return ("reason", _shown(reason), "detail", _shown(detail), "at", round(at * 1000))


def _shown(text: object) -> bytes:
    """Return what a reader said of a message, whatever it is. No letter fails because of the words in it."""
    return f"{text}"[:LONGEST_VALUE].encode("utf-8", "replace")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MessageError(f"header {raw[:50]!r}", "no UTF-8") from None


def _moment(raw: bytes | None) -> float | None:
    if raw is None:
        return None
    if not (raw.isdigit() and len(raw) <= 16):
        raise MessageError("expires", f"{raw[:50]!r} is no number of milliseconds")
    return int(raw) / 1000
