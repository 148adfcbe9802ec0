"""Queues and topics of the broker: who gets which message. Pure.

A queue gives each message to one consumer, in turn, and in order. A consumer that dies or gives a message back puts
it where it was. A topic has a queue for each subscriber.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from operator import attrgetter
from typing import Protocol

from tcelib.queue.broker.limit import Limits

_number = attrgetter("number")


class Kind(StrEnum):
    """Two kinds of nodes."""

    QUEUE = "queue"
    TOPIC = "topic"


class NodeError(Exception):
    """The broker refuses something. ``condition`` is AMQP's symbol, the text is for people."""

    def __init__(self, condition: str, reason: str) -> None:
        super().__init__(condition, reason)
        self.condition = condition
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Entry:
    """A message in a queue: its bytes as they came, and how often a delivery failed."""

    __slots__ = ("failures", "number", "payload")

    def __init__(self, payload: bytes, number: int) -> None:
        self.payload = payload
        self.number = number
        self.failures = 0


class Consumer(Protocol):
    """A reader of one queue."""

    def has_room(self) -> bool:
        """Return whether the consumer may be given a message."""

    def give(self, entry: Entry) -> None:
        """Hand a message over. It stays the consumer's until the queue is told to remove or restore it."""


class QueueNode:
    """A queue. Bounds count what consumers hold, too."""

    kind = Kind.QUEUE

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self._limits = limits
        self._waiting: deque[Entry] = deque()
        self._consumers: deque[Consumer] = deque()
        self._number = 0
        self._held = 0
        self._bytes = 0

    @property
    def waiting(self) -> int:
        """Number of messages that nobody holds."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """True if the queue holds nothing and nobody reads it."""
        return not (self._waiting or self._held or self._consumers)

    def check_room(self, size: int) -> None:
        """Raises ``NodeError`` where a message of ``size`` bytes does not fit."""
        if len(self._waiting) + self._held >= self._limits.queue_messages:
            raise _full(self.name, f"{self._limits.queue_messages} messages")
        if self._bytes + size > self._limits.queue_bytes:
            raise _full(self.name, f"{self._limits.queue_bytes} bytes")

    def put(self, payload: bytes) -> None:
        """Append a message, and hand it over where somebody waits. Raises ``NodeError`` if the queue is full."""
        self.check_room(len(payload))
        self._number += 1
        self._bytes += len(payload)
        self._waiting.append(Entry(payload, self._number))
        self.hand_over()

    def join(self, consumer: Consumer) -> None:
        """Let a consumer read."""
        self._consumers.append(consumer)

    def leave(self, consumer: Consumer) -> None:
        """Forget a consumer."""
        if consumer in self._consumers:
            self._consumers.remove(consumer)

    def hand_over(self) -> None:
        """Give messages to the consumers in turn while there are some, and room."""
        refusing = 0
        while self._waiting and refusing < len(self._consumers):
            consumer = self._consumers[0]
            self._consumers.rotate(-1)
            if consumer.has_room():
                refusing = 0
                self._held += 1
                consumer.give(self._waiting.popleft())
            else:
                refusing += 1

    def remove(self, entry: Entry) -> None:
        """Forget a message that a consumer has done."""
        self._held -= 1
        self._bytes -= len(entry.payload)

    def restore(self, entry: Entry, *, has_failed: bool) -> None:
        """Put a message back where it was."""
        entry.failures += has_failed
        self._held -= 1
        insort(self._waiting, entry, key=_number)

    def browse(self, after: int) -> Entry | None:
        """Return the first message behind number ``after`` that nobody holds."""
        return next((entry for entry in self._waiting if entry.number > after), None)


class Subscription(QueueNode):
    """The queue of one subscriber of a topic. One that is full is ended by ``end``, with the reason."""

    def __init__(self, name: str, limits: Limits, end: Callable[[NodeError], object]) -> None:
        super().__init__(name, limits)
        self.end = end


class TopicNode:
    """A topic: each subscriber that is there gets each message."""

    kind = Kind.TOPIC

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self._limits = limits
        self._subscriptions: list[Subscription] = []

    @property
    def is_idle(self) -> bool:
        """True if nobody subscribes."""
        return not self._subscriptions

    def subscribe(self, end: Callable[[NodeError], object]) -> Subscription:
        """Return a queue of one's own."""
        subscription = Subscription(self.name, self._limits, end)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscriber."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def put(self, payload: bytes) -> None:
        """Give a message to all subscribers. One that has not read for too long is ended; the others go on."""
        for subscription in tuple(self._subscriptions):
            try:
                subscription.put(payload)
            except NodeError as error:
                self.unsubscribe(subscription)
                subscription.end(error)


class NodeTable:
    """All queues and topics, by name. A node is made when it is first asked for."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts = 0
        self._nodes: dict[str, QueueNode | TopicNode] = {}

    def __iter__(self) -> Iterator[QueueNode | TopicNode]:
        return iter(self._nodes.values())

    def find(self, name: str, kind: Kind | None) -> QueueNode | TopicNode:
        """Return the node of a name, of a kind if one is asked for. Raises ``NodeError``."""
        node = self._nodes.get(name)
        if node is None:
            node = self._make(name, kind or Kind.QUEUE)
        elif kind not in (None, node.kind):
            raise NodeError("amqp:precondition-failed", f"{name} is a {node.kind}, not a {kind}")
        return node

    def add_parts(self, size: int) -> None:
        """Count bytes of messages that are not whole yet; negative ones are over. Raises ``NodeError``."""
        self._parts += size
        if size > 0 and self._parts > self._limits.parts_bytes:
            raise NodeError(
                "amqp:resource-limit-exceeded",
                f"messages that are under way have {self._limits.parts_bytes} bytes at most, of all clients",
            )

    def forget(self, name: str) -> None:
        """Remove a node with what it holds."""
        self._nodes.pop(name, None)

    def _make(self, name: str, kind: Kind) -> QueueNode | TopicNode:
        if not name.isprintable() or len(name) > 255:
            raise NodeError("amqp:invalid-field", "the name of a node has 1 to 255 printable characters")
        if len(self._nodes) >= self._limits.nodes:
            self._forget_idle()
        if len(self._nodes) >= self._limits.nodes:
            raise NodeError(
                "amqp:resource-limit-exceeded", f"there are {self._limits.nodes} queues and topics: no more are made"
            )
        node = QueueNode(name, self._limits) if kind is Kind.QUEUE else TopicNode(name, self._limits)
        self._nodes[name] = node
        return node

    def _forget_idle(self) -> None:
        self._nodes = {name: node for name, node in self._nodes.items() if not node.is_idle}


def _full(name: str, bound: str) -> NodeError:
    return NodeError("amqp:resource-limit-exceeded", f"the queue {name} is full: it holds {bound} at most")
