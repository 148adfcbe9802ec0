"""The port of topics: a message that is published goes to the queue of each subscriber.

A topic knows names of queues and nothing of readers: a subscriber reads its queue like any other, so nothing is lost
while it is away. A subscription has a lease, because a queue that nobody reads any more would grow for ever. After
its end the queue stays, with what it holds.
``RedisTopic`` and its twin ``MemoryTopic`` pass one suite.
"""

from collections.abc import Sequence
from typing import Protocol

from tcelib.queue.message import Message


class Topic(Protocol):
    """Queues that get the same messages. Every call may raise ``QueueError``."""

    name: str
    address: str

    def publish(self, messages: Sequence[Message]) -> int:
        """Put messages on all subscribed queues, in order: on each of them all, or on none any. Return the number of
        queues.
        """

    def subscribe(self, queue: str, seconds: float) -> None:
        """Subscribe a queue for ``seconds``, or renew its subscription. Raises ``MessageError`` for a bad name."""

    def unsubscribe(self, queue: str) -> bool:
        """End a subscription. False if there was none."""

    def subscribers(self) -> list[str]:
        """Return the names of the subscribed queues, sorted."""
