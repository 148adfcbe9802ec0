"""Bodies without headers: what lies on a list. Pure."""

from collections.abc import Callable, Iterable, Sequence

from tcelib.queue.error import MessageError
from tcelib.queue.message import Delivery, Message


def never(_body: bytes) -> None:
    """Return None: no body says when it expires."""


def bare_bodies(messages: Sequence[Message]) -> list[bytes]:
    """Return the bodies of messages that have nothing else. Raises ``MessageError``."""
    for message in messages:
        if message.headers:
            raise MessageError("headers", "a list carries bodies only")
        if message.expires is not None:
            raise MessageError("expires", "a list carries bodies only, and these say themselves when they expire")
    return [message.body for message in messages]


def fresh_deliveries(
    bodies: Iterable[bytes], expires_of: Callable[[bytes], float | None], now: float
) -> list[Delivery]:
    """Return the bodies whose time is not over; ``now`` in epoch seconds."""
    messages = (Message(body, expires=expires_of(body)) for body in bodies)
    return [Delivery(message, 1) for message in messages if not message.is_expired(now)]
