"""Links of the broker: where a client receives from a queue, looks at it, or sends to a queue or topic."""

import logging
from collections.abc import Callable
from typing import Any

from proton import Condition, Delivery, Link, Message, MessageException

from tcelib.queue.broker.limit import OUTGOING_BYTES, Limits
from tcelib.queue.broker.node import Entry, NodeError, QueueNode, TopicNode

log = logging.getLogger(__name__)


class Outlet:
    """A link on which the client receives. See ``Consumer``."""

    def __init__(self, link: Any, node: QueueNode, notify: Callable[[], object]) -> None:
        self.link = link
        self.node = node
        self._notify = notify
        self._is_settled = link.remote_snd_settle_mode == Link.SND_SETTLED
        self._number = 0
        self._held: dict[int, Entry] = {}
        link.outlet = self
        node.join(self)

    def has_room(self) -> bool:
        """See ``Consumer``."""
        return bool(self.link.credit > 0 and self.link.session.outgoing_bytes < OUTGOING_BYTES)

    def give(self, entry: Entry) -> None:
        """See ``Consumer``."""
        delivery = self.send(entry)
        if self._is_settled:
            delivery.settle()
            self.node.remove(entry)
        else:
            self._held[self._number] = entry
            delivery.number = self._number
        self._notify()

    def send(self, entry: Entry) -> Any:
        """Put a message on the link."""
        self._number += 1
        delivery = self.link.delivery(str(self._number))
        self.link.send(counted(entry))
        self.link.advance()
        return delivery

    def hand_over(self) -> None:
        """Send what there is, and give back credit that the client wants to see used up."""
        self.node.hand_over()
        self.link.offered(self.node.waiting)
        # While messages wait for the client's window, proton forgets that the link is drained; see ``Peer.sent``.
        if self.link.drain_mode and not self.link.queued and not (self.link.credit and self.node.waiting):
            self.link.drained()

    def settle(self, delivery: Any) -> None:
        """Do what the client says about a message."""
        state = delivery.remote_state
        if not state and not delivery.settled:
            return
        entry = self._held.pop(delivery.number, None)
        if entry is not None:
            if state in (Delivery.ACCEPTED, Delivery.REJECTED):
                self.node.remove(entry)
            else:
                has_failed = state == Delivery.MODIFIED and bool(delivery.remote.failed)
                self.node.restore(entry, has_failed=has_failed)
            if state == Delivery.REJECTED:
                log.warning("! %s: a reader rejected a message, which is gone", self.node.name)
        delivery.settle()
        self.hand_over()

    def leave(self) -> None:
        """Give back what the client holds: it is gone."""
        self.node.leave(self)
        held, self._held = self._held, {}
        for entry in held.values():
            self.node.restore(entry, has_failed=True)
        self.node.hand_over()


class Browser(Outlet):
    """A link on which the client looks at what nobody holds, and takes nothing."""

    def __init__(self, link: Any, node: QueueNode, notify: Callable[[], object]) -> None:
        super().__init__(link, node, notify)
        node.leave(self)
        self._seen = 0

    def hand_over(self) -> None:
        """See ``Outlet``."""
        while self.has_room() and (entry := self.node.browse(self._seen)):
            self._seen = entry.number
            self.send(entry).settle()
        if self.link.drain_mode:
            self.link.drained()

    def settle(self, delivery: Any) -> None:
        """See ``Outlet``. It is settled already."""

    def leave(self) -> None:
        """See ``Outlet``. It holds nothing."""


class Inlet:
    """A link on which the client sends. ``count`` is told of bytes of messages that are not whole yet."""

    def __init__(
        self, link: Any, node: QueueNode | TopicNode, limits: Limits, count: Callable[[int], object]
    ) -> None:
        self.link = link
        self.node = node
        self._limits = limits
        self._count = count
        self._parts: list[bytes] = []
        self._size = 0
        link.inlet = self
        link.flow(limits.window)

    def receive(self, delivery: Any) -> None:
        """Take what has come of a message, and put it on the node when it is whole. Raises ``NodeError``."""
        if part := self.link.recv(delivery.pending):
            self._parts.append(part)
            self._size += len(part)
            self._count(len(part))
        if self._size > self._limits.message_bytes:
            raise NodeError(
                "amqp:link:message-size-exceeded",
                f"a message is larger than the {self._limits.message_bytes} bytes that this broker takes",
            )
        if delivery.partial and not delivery.aborted:
            return
        payload, is_whole = b"".join(self._parts), not delivery.aborted
        self.leave()
        self.link.advance()
        if is_whole:
            self._put(payload, delivery)
        delivery.settle()
        if self.link.credit <= self._limits.window // 2:
            self.link.flow(self._limits.window - self.link.credit)

    def leave(self) -> None:
        """Forget parts of a message."""
        self._count(-self._size)
        self._parts, self._size = [], 0

    def _put(self, payload: bytes, delivery: Any) -> None:
        try:
            self.node.put(payload)
        except NodeError as error:
            delivery.local.condition = Condition(error.condition, error.reason)
            delivery.update(Delivery.REJECTED)
        else:
            delivery.update(Delivery.ACCEPTED)


def counted(entry: Entry) -> bytes:
    """Return a message as it goes out: with the number of its failed deliveries if there were any."""
    if not entry.failures:
        return entry.payload
    message = Message()
    try:
        message.decode(entry.payload)
    except MessageException:
        return entry.payload  # no message at all: the reader finds that, too
    message.delivery_count += entry.failures
    return bytes(message.encode())
