"""Registries of a gateway: one in each Redis of its queues. The first holds its number, all tell who reads queues."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import gevent

from tcelib.gateway.config.model import EndPoint, EndPointType, Server
from tcelib.gateway.router import Router
from tcelib.lease.port import LeasePort
from tcelib.lease.redis import RedisLeases
from tcelib.queue.address import NodeType
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import plain_client
from tcelib.runtime.endpoint import EndPointAddress
from tcelib.runtime.gateway.gateway_lease import GatewayLease
from tcelib.runtime.gateway.responder_look import ResponderLook
from tcelib.service.service_lease import REGISTRY

IN_REDIS = (EndPointType.STREAM, EndPointType.MQ)
PATIENCE_SECONDS = 2.0
"""A gateway waits so long for a registry before it listens. Then it has a number by chance, and no queue is away."""


class Place(NamedTuple):
    """One registry, by the URL of its Redis.

    ``reads`` are the keys of queues there that the gateway reads. ``calls`` maps endpoints of calls to the keys of
    their queues, where the services of these hold leases by nature: those of streams.
    """

    url: str
    reads: tuple[str, ...]
    calls: Mapping[str, str]


def places_of(server: Server, endpoints: Mapping[str, EndPoint]) -> tuple[Place, ...]:
    """Return the registries of a gateway, those where it reads first."""
    reads = tuple(dict.fromkeys((*server.reads, *server.loopbacks.values())))
    known = [endpoints[name] for name in dict.fromkeys((*reads, *server.writes)) if endpoints[name].type in IN_REDIS]
    at = {each.name: EndPointAddress.of(each) for each in known}
    leased = {each.name for each in known if each.type is EndPointType.STREAM and not _is_topic(each)}
    return tuple(
        Place(
            url,
            tuple(at[name].queue_key for name in reads if name in at and at[name].queue_url == url),
            {name: at[name].queue_key for name in _called(server) if name in leased and at[name].queue_url == url},
        )
        for url in dict.fromkeys(each.queue_url for each in at.values())
    )


def _called(server: Server) -> tuple[str, ...]:
    """Return the endpoints that calls go out at."""
    return tuple(dict.fromkeys(hop.target for route in server.routes for hop in route.calls))


def _is_topic(endpoint: EndPoint) -> bool:
    return endpoint.node is not None and endpoint.node.type is NodeType.TOPIC


class Registries:
    """The part that a gateway takes in its registries, for ``router``. Without a Redis there is none."""

    def __init__(self, places: tuple[Place, ...], router: Router) -> None:
        self._places = places
        self._router = router
        self._looks: list[ResponderLook] = []
        self.lease: GatewayLease | None = None

    def start(self) -> None:
        """Lease the number, look who reads the queues, and go on with both. Waits a little for Redis."""
        for place in self._places:
            if self.lease is None:
                self.lease = self._lease_at(place)
            if place.calls:
                leases = RedisLeases(gevent_client(place.url), REGISTRY)
                self._looks.append(ResponderLook(leases, place.calls, self._router.state.away))
                self._looks[-1].start(PATIENCE_SECONDS)

    def close(self) -> None:
        """Give the lease back."""
        for look in self._looks:
            look.close()
        if self.lease is not None:
            gevent.get_hub().threadpool.apply(self.lease.stop)

    def _lease_at(self, place: Place) -> GatewayLease:
        loop = gevent.get_hub().loop
        lease = GatewayLease(
            partial(_open, place.url),
            place.reads,
            on_number=lambda number: loop.run_callback_threadsafe(self._router.clients.use_number, number),
        )
        gevent.get_hub().threadpool.apply(lease.start, (PATIENCE_SECONDS,))
        self._router.clients.use_number(lease.number)
        return lease


def _open(url: str) -> LeasePort:
    return RedisLeases(plain_client(url), REGISTRY)
