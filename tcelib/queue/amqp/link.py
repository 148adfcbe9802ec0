"""Links of a client: where it sends, and where it receives. Pure; nothing here waits."""

from collections import deque
from typing import Any, NamedTuple

from proton import UNDESCRIBED, Array, Data, Delivery, Terminus, symbol

from tcelib.queue.address import Address, NodeType
from tcelib.queue.amqp.engine import told

FATES = {
    Delivery.REJECTED: "rejected the message",
    Delivery.RELEASED: "did not take the message",
    Delivery.MODIFIED: "did not take the message",
}


class Fate:
    """Fate of a message that was sent. ``refusal`` is empty if the broker took it."""

    __slots__ = ("is_known", "refusal")

    def __init__(self) -> None:
        self.is_known = False
        self.refusal = ""


class Link:
    """Common to both: ``refusal`` says why the broker ended the link; it is empty as long as the link stands."""

    def __init__(self, link: Any) -> None:
        self._link = link
        self.refusal = ""
        link.end = self
        link.open()

    def closed(self) -> None:
        """Note that the broker has ended the link."""
        self.refusal = told(self._link.remote_condition) or "the broker ended the link"
        self._link.close()

    def close(self) -> None:
        """End the link."""
        self.refusal = "closed"
        self._link.close()


class Outlet(Link):
    """Sends to one node."""

    def __init__(self, session: Any, name: str, address: Address) -> None:
        link = session.sender(name)
        link.target.address = address.name
        _describe(link.target, address)
        self._number = 0
        super().__init__(link)

    @property
    def credit(self) -> int:
        """Number of messages that the broker takes now."""
        return int(self._link.credit)

    def send(self, payload: bytes) -> Fate:
        """Send a message."""
        self._number += 1
        delivery = self._link.delivery(str(self._number))
        delivery.fate = fate = Fate()
        self._link.stream(payload)
        self._link.advance()
        return fate

    def updated(self, delivery: Any) -> None:
        """Note what the broker says about a message."""
        state = delivery.remote_state
        if not state and not delivery.settled:
            return
        fate = delivery.fate
        fate.is_known = True
        if state in FATES:
            fate.refusal = told(delivery.remote.condition) or f"the broker {FATES[state]}"
        delivery.settle()


class Arrival(NamedTuple):
    """A message that the broker has given to us, and that is to be settled. ``number`` is the link's for it."""

    delivery: Any
    payload: bytes
    number: int
    at: float


class Inlet(Link):
    """Receives from one node, what is asked for and no more."""

    def __init__(self, session: Any, name: str, address: Address, *, is_browser: bool = False) -> None:
        link = session.receiver(name)
        link.source.address = address.name
        _describe(link.source, address)
        if is_browser:
            link.source.distribution_mode = Terminus.DIST_MODE_COPY
        self.arrived: deque[Arrival] = deque()
        self.takers = 0
        self._parts: list[bytes] = []
        self._number = 0
        super().__init__(link)

    @property
    def credit(self) -> int:
        """Number of messages that the broker may still send."""
        return int(self._link.credit)

    @property
    def is_open_for_more(self) -> bool:
        """True while the broker may send messages."""
        return not self.refusal and (self.credit > 0 or self.is_draining)

    @property
    def is_draining(self) -> bool:
        """True until the broker says that it has nothing more for us."""
        return bool(self._link.draining())

    def ask(self, count: int) -> None:
        """Ask for messages until ``count`` are on their way."""
        if self.credit < count:
            self._link.flow(count - self.credit)

    def drain(self, count: int = 0) -> None:
        """Ask for ``count`` more, and for no more than there are now."""
        if self.credit or count:
            self._link.drain(count)

    def received(self, delivery: Any, now: float) -> None:
        """Take what has come of a message."""
        if part := self._link.recv(delivery.pending):
            self._parts.append(part)
        if delivery.partial and not delivery.aborted:
            return
        payload, self._parts = b"".join(self._parts), []
        self._link.advance()
        if delivery.aborted:
            delivery.settle()
            return
        self._number += 1
        self.arrived.append(Arrival(delivery, payload, self._number, now))


def accept(delivery: Any) -> None:
    """Tell the broker that a message is done."""
    _settle(delivery, Delivery.ACCEPTED)


def release(delivery: Any) -> None:
    """Give a message back to the broker; others get it at once."""
    _settle(delivery, Delivery.RELEASED)


def _settle(delivery: Any, state: Any) -> None:
    delivery.update(state)
    delivery.settle()


def _describe(terminus: Any, address: Address) -> None:
    """Say what kind of node is meant, for brokers that make it, and that it is to outlive us."""
    capabilities = terminus.capabilities
    capabilities.put_object(Array(UNDESCRIBED, Data.SYMBOL, symbol(address.type.value)))
    if address.durable and address.type is NodeType.QUEUE:
        terminus.durability = Terminus.CONFIGURATION
