"""The queue port: what every message queue does, in memory, in Redis, or at a broker.

A queue knows bytes and headers; what they mean is the business of the layers above. Two kinds exist. A ``Queue``
delivers at most once: a message is gone when it has been taken. A ``ReliableQueue`` delivers at least once: a message
that was taken is held by its reader until that acknowledges or buries it, and what a silent reader holds may be
claimed by any other. So a message may be handled twice, by a reader that was only slow, and is never lost.

| queue | kind | twin |
|---|---|---|
| ``RedisStreamQueue`` | at least once | ``MemoryStreamQueue`` |
| ``RedisListQueue`` | at most once | ``MemoryListQueue`` |

All queues of a kind pass one suite. A reader is named by its caller, with a name that was never used before. No queue
knows how its caller waits: the Redis client brings its sockets, a twin in memory is given a ``sleep``.
"""

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from tcelib.queue.message import Delivery, Message

L_contra = TypeVar("L_contra", contravariant=True)
"""Type of a dead letter."""
LEASED = "lease:"
"""Begin of the names of readers that hold a lease. Its end lets others claim their messages; silence does not."""
EXPIRED = "expired"
"""Reason of the dead letter of a message whose time was over before a reader had it."""
EXPIRY_DETAIL = "its time was over before a reader had it"
MALFORMED = "malformed"
"""Reason of the dead letter of an entry that is no message."""


class Queue(Protocol):
    """Messages in order. Every call may raise ``QueueError``. ``address`` is fit for a log.

    ``expired`` counts messages that this object did not hand out because their time was over.
    """

    name: str
    address: str
    expired: int

    def put(self, messages: Sequence[Message]) -> None:
        """Append messages, all of them in order. Raises ``MessageError`` if it cannot carry one of them.

        After a ``QueueError`` that is not ``is_certain`` the first ones, or all, may have been appended.
        """

    def take(self, reader: str, count: int, timeout: float) -> list[Delivery]:
        """Return the oldest messages that no reader has had, at most ``count``, in order.

        Waits up to ``timeout`` seconds for a first one, less where the queue cannot wait that long at once. A message
        whose time is over is never returned.
        """

    def length(self) -> int:
        """Return the number of messages in the queue, held ones included."""

    def oldest_age(self) -> float | None:
        """Return the seconds since the oldest message in the queue was put: 0 if it is empty, None if nobody can
        know.
        """

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""


class BareQueue(Queue, Protocol):
    """A queue of bodies that are gone when they have been taken. It carries neither headers nor ``expires``."""

    def wake(self, reader: str) -> None:
        """End the wait of a reader's ``take``, from another thread or greenlet.

        To kill the waiting reader instead could lose the message that the queue is just giving to it.
        """


class ReliableQueue(Queue, Protocol[L_contra]):
    """A queue that keeps a message until it is acknowledged. Ids are those of ``Message.id``."""

    def claim(self, reader: str, count: int, silence: float) -> list[Delivery]:
        """Take over the oldest messages whose readers have been silent for ``silence`` seconds, at most ``count``.

        Of readers that are ``LEASED``, only what they gave back.
        """

    def again(self, reader: str, message_id: str) -> Delivery | None:
        """Return a message that ``reader`` holds, as a further try. None if another reader has it by now."""

    def held(self, reader: str, count: int) -> list[str]:
        """Return the ids of the messages that ``reader`` holds, at most ``count``, the oldest first."""

    def extend(self, reader: str, message_ids: Collection[str]) -> set[str]:
        """Note that ``reader`` is not silent about these messages. Return those that it still holds."""

    def release(self, reader: str, message_ids: Collection[str]) -> None:
        """Give up messages that ``reader`` holds: others may claim them at once, and the last try does not count."""

    def acknowledge(self, message_ids: Collection[str]) -> int:
        """Remove messages because they are done, whoever held them. Return how many were still there."""

    def bury(self, message_id: str, letter: L_contra) -> bool:
        """Remove a held message that cannot be done, and add its dead letter: both or neither. False if it had been
        removed already.
        """

    def tidy(self, silence: float) -> None:
        """Forget readers that hold nothing and have been silent for ``silence`` seconds."""


class GroupQueue(ReliableQueue[L_contra], Protocol[L_contra]):
    """A reliable queue that knows the readers of other programs by name."""

    def holding(self) -> list[str]:
        """Return the names of the readers that hold messages."""

    def claim_of(self, reader: str, owners: Collection[str], count: int) -> list[Delivery]:
        """Take over the oldest messages of readers that are known to be gone, at most ``count``."""
