"""Live: a connection to a broker as long as it lives, with its links and with what it holds. Pure."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any

from proton import Event

from tcelib.queue.address import Address, NodeType
from tcelib.queue.amqp.broker_place import Broker
from tcelib.queue.amqp.engine import Engine, told
from tcelib.queue.amqp.link import Inlet, Outlet, release
from tcelib.queue.amqp.secure_engine import SecureEngine
from tcelib.queue.amqp.waiting import Socket

STALE_SECONDS = 1.0
"""After that, what came and was not taken goes back to the broker: nobody here has a place for it."""
SESSION_BYTES = 16 * 1024 * 1024


class Live:
    """One connection. ``turn`` counts what the broker has said. ``failure`` is empty as long as it stands.

    ``is_sending`` and ``waiters`` are the client's: who sends, and how many wait for that.
    ``held`` is the queue's, by message id: it ends with the connection, as the broker gives it to others.
    """

    def __init__(self, container: str, broker: Broker, sock: Socket, tls: ssl.SSLContext | None = None) -> None:
        self.sock = sock
        self.turn = 0
        self.failure = ""
        self.is_open = False
        self.is_sending = False
        self.waiters = 0
        self.held: dict[str, Any] = {}
        who: dict[str, Any] = {"hostname": broker.host, "user": broker.user, "password": broker.password}
        self._engine = Engine(container, **who) if tls is None else SecureEngine(container, tls, **who)
        self._engine.connection.open()
        self._session = self._engine.connection.session()
        self._session.incoming_capacity = SESSION_BYTES
        self._session.open()
        self._links = 0
        self._outlets: dict[Address, Outlet] = {}
        self._inlets: dict[Address, Inlet] = {}
        self._now = 0.0
        self._acts: Mapping[Any, Callable[[Any], object]] = {
            Event.CONNECTION_REMOTE_OPEN: self._opened,
            Event.CONNECTION_REMOTE_CLOSE: lambda event: self.fail(told(event.connection.remote_condition)),
            Event.SESSION_REMOTE_CLOSE: lambda event: self.fail(told(event.session.remote_condition)),
            Event.LINK_REMOTE_CLOSE: lambda event: event.link.end.closed(),
            Event.LINK_REMOTE_DETACH: lambda event: event.link.end.closed(),
            Event.DELIVERY: self._delivered,
        }

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes of the broker; none is their end."""
        self.turn += 1
        self._now = now
        self._engine.receive(data)
        for event in self._engine.events():
            act = self._acts.get(event.type)
            if act is not None:
                act(event)
        if self._engine.is_over:
            self.fail(self._engine.failure)

    def tick(self, now: float) -> None:
        """Let time pass."""
        self._engine.tick(now)
        for inlet in self._inlets.values():
            while inlet.arrived and not inlet.takers and now - inlet.arrived[0].at > STALE_SECONDS:
                release(inlet.arrived.popleft().delivery)

    def output(self) -> bytes:
        """Return bytes that are to be sent, and forget them."""
        data = self._engine.output()
        self._engine.sent(len(data))
        return data

    def fail(self, reason: str) -> None:
        """Note that the connection has ended; the first reason counts."""
        self.failure = self.failure or reason or "the broker closed the connection"

    @property
    def is_taking(self) -> bool:
        """True while the broker may send messages."""
        return any(inlet.is_open_for_more for inlet in self._inlets.values())

    def stop_taking(self) -> None:
        """Ask for no more messages."""
        for inlet in self._inlets.values():
            if not inlet.refusal:
                inlet.drain()

    def close(self) -> None:
        """Give back what nobody has taken, and say goodbye.

        To the broker, a message in the hands of a connection that ends is one more failure.
        """
        for inlet in self._inlets.values():
            while inlet.arrived and not inlet.refusal:
                release(inlet.arrived.popleft().delivery)
        self._engine.close()

    def outlet(self, address: Address) -> Outlet:
        """Return the link on which messages are sent to a node."""
        found = self._outlets.get(address)
        if found is None or found.refusal:
            found = self._outlets[address] = Outlet(self._session, self._link_name("out", address), address)
        return found

    def inlet(self, address: Address) -> Inlet:
        """Return the link on which messages are received from a node.

        Broker-J makes a topic for those who write to it alone, so a reader that may make one begins with that.
        """
        found = self._inlets.get(address)
        if found is None or found.refusal:
            if address.type is NodeType.TOPIC and address.may_create(reads=True):
                self.outlet(address)
            found = self._inlets[address] = Inlet(self._session, self._link_name("in", address), address)
        return found

    def browser(self, address: Address) -> Inlet:
        """Return a new link on which messages of a node are looked at, and stay there."""
        return Inlet(self._session, self._link_name("look", address), address, is_browser=True)

    def _link_name(self, way: str, address: Address) -> str:
        self._links += 1
        return f"{way}-{self._links}-{address.name}"

    def _opened(self, _event: Any) -> None:
        self.is_open = True

    def _delivered(self, event: Any) -> None:
        end = event.delivery.link.end
        if isinstance(end, Inlet):
            if event.delivery.readable:
                end.received(event.delivery, self._now)
        elif event.delivery.updated:
            end.updated(event.delivery)
