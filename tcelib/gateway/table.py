"""Routing table of one gateway: the routes of its configuration, in the form in which each message finds its way."""

from collections.abc import Mapping
from dataclasses import dataclass

from tcelib.gateway.client import Door
from tcelib.gateway.config.model import EndPoint, Route, Server, Services
from tcelib.gateway.config.wiring import clients_of
from tcelib.gateway.source import Source
from tcelib.gateway.verb import Verb
from tcelib.gateway.way import Way
from tcelib.queue.address import NodeType
from tcelib.wire.extra_map import pair
from tcelib.wire.message import MQ_RETURN

MOST_WAITING = 1_000
"""Forwarded two-way calls of one connection that may wait for their answers."""


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """Doors and sources of one gateway by the names of their endpoints. ``writes`` names the queues it writes to."""

    doors: Mapping[str, Door]
    sources: Mapping[str, Source]
    writes: frozenset[str]
    has_routes: bool

    def inbox(self, name: str) -> Source:
        """Return a source beside those of the configuration: calls of services that any of them would push."""
        inbox = Source(name, b"")
        for source in self.sources.values():
            for interface, doors in source.pushes.items():
                inbox.pushes[interface] = tuple(dict.fromkeys((*inbox.pushes.get(interface, ()), *doors)))
        return inbox


def build_table(services: Services, server: Server, *, most_waiting: int = MOST_WAITING) -> RoutingTable:
    """Return the table of ``server``, which is one of ``services``."""
    return _Builder(services.endpoints, server, most_waiting).build()


class _Builder:
    """Builds one table."""

    def __init__(self, endpoints: Mapping[str, EndPoint], server: Server, most_waiting: int) -> None:
        self._endpoints = endpoints
        self._server = server
        self._doors = {
            name: Door(
                name,
                is_silent=endpoints[name].is_silent,
                checks_user_ids=server.checks_user_ids,
                most_waiting=most_waiting,
            )
            for name in sorted(clients_of(server, endpoints))
        }
        services = {name for name in server.writes if not endpoints[name].type.is_queue}
        names = ({*server.reads, *server.listen, *server.loopbacks.values()} | services) - set(self._doors)
        self._sources = {name: self._source(endpoints[name]) for name in sorted(names)}

    def build(self) -> RoutingTable:
        """Add every route."""
        for route in self._server.routes:
            self._add_calls(route)
            self._add_returns(route)
        queues = frozenset(name for name in self._server.writes if self._endpoints[name].type.is_queue)
        return RoutingTable(self._doors, self._sources, queues, bool(self._server.routes))

    def _source(self, endpoint: EndPoint) -> Source:
        is_topic = endpoint.node is not None and endpoint.node.type is NodeType.TOPIC
        return Source(endpoint.name, pair(MQ_RETURN, endpoint.name) if endpoint.type.is_queue else b"", is_topic)

    def _add_calls(self, route: Route) -> None:
        for hop in route.calls:
            door, target = self._doors.get(hop.source), self._doors.get(hop.target)
            if door is not None and target is None:
                door.calls[route.index] = self._way(route, hop.target)
                self._expect_answers(route, door, hop.target)
            elif door is None and target is not None:
                self._sources[hop.source].pushes[route.index] = (target,)
            elif door is None:
                self._sources[hop.source].bridges[route.index] = self._way(route, hop.target)

    def _add_returns(self, route: Route) -> None:
        for hop in route.returns:
            source = self._sources.get(hop.source)
            if source is None:
                continue  # answers of clients lead nowhere: a forged one could answer another user's call
            if hop.target in self._doors:
                source.returns[route.index] = (self._doors[hop.target],)
            elif self._endpoints[hop.target].type.is_queue:
                source.return_queues[route.index] = hop.target

    def _way(self, route: Route, target: str) -> Way:
        if not self._endpoints[target].type.is_queue:
            return Way(Verb.CALL, target, b"", 1, route.timeout)
        answers = self._server.loopbacks.get(target)
        front = pair(MQ_RETURN, answers) if answers else b""
        return Way(Verb.WRITE, target, front, 2 if answers else 1, route.timeout)

    def _expect_answers(self, route: Route, door: Door, target: str) -> None:
        """Let the answers of a service come back over its connection: no <return> need say so."""
        if not self._endpoints[target].type.is_queue:
            source = self._sources[target]
            doors = source.returns.get(route.index, ())
            source.returns[route.index] = (*doors, door)
