"""Message: what lies in a queue. Its parts are checked when it is made, so that no queue ever holds a bad one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from tcelib.queue.error import MessageError

MOST_HEADERS = 64
LONGEST_NAME = 128
LONGEST_VALUE = 8_192
LONGEST_SHOWN = 50
"""Characters of a bad name that an error repeats: what is wrong may be as long as Redis takes."""
LATEST = 2**53 / 1000
"""Latest moment that a number of milliseconds can name in every language."""
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Message:
    """A message: bytes, and text about them.

    ``expires`` is in epoch seconds, None for never: after that moment no reader gets it. ``id`` is the queue's name
    for it, empty until the queue has given one. Raises ``MessageError``.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    expires: float | None = None
    id: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.body, bytes):
            raise MessageError("body", f"not bytes but {type(self.body).__name__}")
        if self.headers is not NO_HEADERS:
            object.__setattr__(self, "headers", _checked_headers(self.headers))
        if self.expires is not None:
            _check_moment(self.expires)

    def is_expired(self, now: float) -> bool:
        """Return True if the message's time is over; ``now`` in epoch seconds."""
        return self.expires is not None and now >= self.expires


class Delivery(NamedTuple):
    """A message that a reader holds. ``tries`` counts how often it was handed out, this time included."""

    message: Message
    tries: int

    @property
    def id(self) -> str:
        """The queue's name for the message."""
        return self.message.id

    @property
    def body(self) -> bytes:
        """Bytes of the message."""
        return self.message.body


class DeadLetter(NamedTuple):
    """A message that nobody can handle. ``reason`` is a word, ``detail`` a sentence, ``at`` is in epoch seconds."""

    message: Message
    reason: str
    detail: str
    at: float


def _checked_headers(headers: object) -> Mapping[str, str]:
    if not isinstance(headers, Mapping):
        raise MessageError("headers", f"not a mapping but {type(headers).__name__}")
    if len(headers) > MOST_HEADERS:
        raise MessageError("headers", f"{len(headers)} of them; allowed are {MOST_HEADERS}")
    for name, value in headers.items():
        shown = repr(name[:LONGEST_SHOWN] if isinstance(name, str) else name)
        _check_text(f"the name of header {shown}", name, LONGEST_NAME)
        if not name or not name.isprintable():
            raise MessageError(f"the name of header {shown}", "empty, or with a character that cannot be printed")
        _check_text(f"header {shown}", value, LONGEST_VALUE)
    return MappingProxyType(dict(headers))


def _check_text(place: str, text: object, longest: int) -> None:
    if not isinstance(text, str):
        raise MessageError(place, f"not text but {type(text).__name__}")
    if len(text) > longest:
        raise MessageError(place, f"{len(text)} characters; allowed are {longest}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MessageError(place, "has half of a surrogate pair, which UTF-8 cannot say") from None


def _check_moment(expires: object) -> None:
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise MessageError("expires", f"not a number of seconds but {type(expires).__name__}")
    if not 0 <= expires <= LATEST:
        is_short = isinstance(expires, float) or expires.bit_length() <= 64
        raise MessageError("expires", f"{expires if is_short else 'a number of that size'} is no moment")
