"""Peer: one client of the broker, from the bytes it sends to what it does to the nodes."""

import logging
import ssl
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from proton import Condition, Event, Terminus

from tcelib.queue.amqp.engine import Engine
from tcelib.queue.amqp.secure_engine import SecureEngine
from tcelib.queue.broker.limit import Limits
from tcelib.queue.broker.link import Browser, Inlet, Outlet
from tcelib.queue.broker.node import Kind, NodeError, NodeTable, Subscription, TopicNode

CONTAINER = "tcelib.queue.broker"
log = logging.getLogger(__name__)


class Peer:
    """One client, over TLS if there is a context. ``changed`` is called whenever there may be bytes to send to it."""

    def __init__(
        self,
        name: str,
        nodes: NodeTable,
        limits: Limits,
        changed: Callable[["Peer"], object],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.is_open = False
        self._nodes = nodes
        self._limits = limits
        self._changed = changed
        self._links: dict[Any, Outlet | Inlet] = {}
        self._temporary: dict[Any, str] = {}
        self._asking: set[Outlet] = set()
        """Links with new credit. What the client gives back comes first: proton may tell of it later."""
        bounds: dict[str, Any] = {
            "sessions": limits.sessions,
            "frame_bytes": limits.frame_bytes,
            "idle_seconds": limits.idle_seconds,
        }
        self._engine = (
            Engine(CONTAINER, is_server=True, **bounds)
            if tls is None
            else SecureEngine(CONTAINER, tls, is_server=True, **bounds)
        )
        self._acts: Mapping[Any, Callable[[Any], object]] = {
            Event.CONNECTION_REMOTE_OPEN: self._open,
            Event.CONNECTION_REMOTE_CLOSE: lambda event: event.connection.close(),
            Event.SESSION_REMOTE_OPEN: self._open_session,
            Event.SESSION_REMOTE_CLOSE: lambda event: event.session.close(),
            Event.LINK_REMOTE_OPEN: self._open_link,
            Event.LINK_REMOTE_CLOSE: lambda event: self._close_link(event.link),
            Event.LINK_REMOTE_DETACH: lambda event: self._close_link(event.link),
            Event.LINK_FINAL: lambda event: self._forget(event.link),
            Event.LINK_FLOW: self._flow,
            Event.DELIVERY: self._deliver,
        }

    @property
    def is_over(self) -> bool:
        """True if the connection has ended."""
        return self._engine.is_over

    def receive(self, data: bytes) -> None:
        """Take bytes of the client, and do what they say; none is their end."""
        self._engine.receive(data)
        for event in self._engine.events():
            act = self._acts.get(event.type)
            if act is not None:
                act(event)
        while self._asking:
            self._asking.pop().hand_over()
        self._changed(self)

    def output(self) -> bytes:
        """Return bytes for the client; see ``Engine``."""
        return self._engine.output()

    def sent(self, size: int) -> None:
        """Forget so many bytes of ``output``, and fill the place."""
        self._engine.sent(size)
        for link in self._links.values():
            if isinstance(link, Outlet):
                link.hand_over()

    def tick(self, now: float) -> None:
        """Let time pass."""
        self._engine.tick(now)
        self._changed(self)

    def refuse(self, condition: str, reason: str) -> None:
        """End the connection with a reason."""
        self._engine.connection.open()
        self._engine.close(condition, reason)

    def leave(self) -> str:
        """Give back everything that the client held, and return the reason of its end."""
        for link in tuple(self._links):
            self._forget(link)
        return self._engine.failure

    def _open(self, event: Any) -> None:
        self.is_open = True
        log.info("+ %s: %s", self.name, event.connection.remote_container)
        event.connection.open()

    def _open_session(self, event: Any) -> None:
        event.session.incoming_capacity = max(self._limits.message_bytes, self._limits.frame_bytes * 4)
        event.session.open()

    def _open_link(self, event: Any) -> None:
        link = event.link
        try:
            if len(self._links) >= self._limits.links:
                raise NodeError(
                    "amqp:resource-limit-exceeded", f"a connection has {self._limits.links} links at most"
                )
            if link.is_sender:
                self._open_outlet(link)
            else:
                self._open_inlet(link)
        except NodeError as error:
            log.warning("! %s: %s", self.name, error)
            link.open()
            _end(link, error)

    def _open_outlet(self, link: Any) -> None:
        wanted, source = link.remote_source, link.source
        if wanted.dynamic:
            source.address = self._temporary[link] = f"temporary-{uuid.uuid4().hex}"
        else:
            source.address = wanted.address
        link.target.copy(link.remote_target)
        if not source.address:
            raise NodeError("amqp:invalid-field", "a link needs the address of a queue or topic to read")
        node = self._nodes.find(source.address, kind_of(wanted))
        link.snd_settle_mode = link.remote_snd_settle_mode
        link.open()
        if isinstance(node, TopicNode):
            subscription = node.subscribe(lambda error: _end(link, error))
            self._links[link] = Outlet(link, subscription, lambda: self._changed(self))
            link.topic = node
        else:
            kind = Browser if wanted.distribution_mode == Terminus.DIST_MODE_COPY else Outlet
            self._links[link] = kind(link, node, lambda: self._changed(self))

    def _open_inlet(self, link: Any) -> None:
        wanted = link.remote_target
        if wanted.type == Terminus.COORDINATOR:
            raise NodeError("amqp:not-implemented", "this broker has no transactions")
        if not wanted.address:
            raise NodeError("amqp:invalid-field", "a link needs the address of a queue or topic to write to")
        node = self._nodes.find(wanted.address, kind_of(wanted))
        link.target.address = wanted.address
        link.source.copy(link.remote_source)
        link.max_message_size = self._limits.message_bytes
        link.open()
        self._links[link] = Inlet(link, node, self._limits, self._nodes.add_parts)

    def _flow(self, event: Any) -> None:
        found = self._links.get(event.link)
        if isinstance(found, Outlet):
            self._asking.add(found)

    def _deliver(self, event: Any) -> None:
        delivery = event.delivery
        found = self._links.get(delivery.link)
        if isinstance(found, Outlet):
            if delivery.updated:
                found.settle(delivery)
        elif found is not None and delivery.readable:
            try:
                found.receive(delivery)
            except NodeError as error:
                log.warning("! %s: %s", self.name, error)
                self._forget(delivery.link)
                _end(delivery.link, error)

    def _close_link(self, link: Any) -> None:
        self._forget(link)
        link.close()

    def _forget(self, link: Any) -> None:
        found = self._links.pop(link, None)
        if isinstance(found, Inlet):
            found.leave()
        elif found is not None:
            if isinstance(found.node, Subscription):
                link.topic.unsubscribe(found.node)
            else:
                found.leave()
        name = self._temporary.pop(link, None)
        if name is not None:
            self._nodes.forget(name)


def kind_of(terminus: Any) -> Kind | None:
    """Return the kind of node that a client asks for by a capability; None if it does not say."""
    capabilities = terminus.capabilities
    capabilities.rewind()
    found: set[str] = set()
    while capabilities.next():
        value = capabilities.get_object()
        found.update(str(each) for each in (value.elements if hasattr(value, "elements") else [value]))
    return next((kind for kind in Kind if kind in found), None)


def _end(link: Any, error: NodeError) -> None:
    link.condition = Condition(error.condition, error.reason)
    link.close()
