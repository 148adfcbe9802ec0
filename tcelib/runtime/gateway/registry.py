"""Registries of a gateway: one in each Redis of its queues. The first holds its number, all tell who reads queues."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import gevent

from tcelib.gateway.action import Action
from tcelib.gateway.config.model import EndPoint, EndPointType, Server
from tcelib.gateway.config.text_value import words_of
from tcelib.gateway.router import Router
from tcelib.lease.place import PlaceLeases
from tcelib.lease.port import LeasePort
from tcelib.lease.redis import RedisLeases
from tcelib.queue.address import NodeType
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import plain_client
from tcelib.runtime.endpoint import EndPointAddress
from tcelib.runtime.gateway.gateway_lease import GatewayLease
from tcelib.runtime.gateway.inbox_reader import InboxReader
from tcelib.runtime.gateway.responder_look import ResponderLook
from tcelib.runtime.gateway.user_side import UserSide
from tcelib.runtime.gateway.user_teller import UserTeller, Write
from tcelib.runtime.user_pushes import REGISTRY_PROPERTY, UserPlace
from tcelib.service.inbox import USER, inbox_of
from tcelib.service.service_lease import REGISTRY, unique_name

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
    """Return the registries of a gateway: that of the property ``registry`` first, then those where it reads."""
    reads = tuple(dict.fromkeys((*server.reads, *server.loopbacks.values())))
    known = [endpoints[name] for name in dict.fromkeys((*reads, *server.writes)) if endpoints[name].type in IN_REDIS]
    at = {each.name: EndPointAddress.of(each) for each in known}
    said = server.properties.get(REGISTRY_PROPERTY, "")
    leased = {each.name for each in known if each.type is EndPointType.STREAM and not _is_topic(each)}
    return tuple(
        Place(
            url,
            tuple(at[name].queue_key for name in reads if name in at and at[name].queue_url == url),
            {name: at[name].queue_key for name in _called(server) if name in leased and at[name].queue_url == url},
        )
        for url in dict.fromkeys((*words_of(said), *(each.queue_url for each in at.values())))
    )


def _called(server: Server) -> tuple[str, ...]:
    """Return the endpoints that calls go out at."""
    return tuple(dict.fromkeys(hop.target for route in server.routes for hop in route.calls))


def _is_topic(endpoint: EndPoint) -> bool:
    return endpoint.node is not None and endpoint.node.type is NodeType.TOPIC


class Registries:
    """The part that a gateway takes in its registries, for ``router``. Without a Redis there is none.

    ``user_events`` writes the messages that a user has come or gone; None where nobody is to be told.
    ``act`` does what the router decides. ``users`` are the gateway's in the registry that holds its number.
    """

    def __init__(
        self,
        places: tuple[Place, ...],
        router: Router,
        act: Callable[[Action], object],
        user_events: Write | None = None,
    ) -> None:
        self._user_events = user_events
        self._places = places
        self._router = router
        self._act = act
        self.users: UserSide | None = None
        self._reader: InboxReader | None = None
        self._looks: list[ResponderLook] = []
        self.lease: GatewayLease | None = None

    @property
    def url(self) -> str:
        """URL of the Redis that holds the gateway's number; empty without one."""
        return self._places[0].url if self._places else ""

    def start(self) -> None:
        """Lease the number, look who reads the queues, and go on with both. Waits a little for Redis."""
        for place in self._places:
            if self.lease is None:
                inbox = inbox_of(unique_name())
                self.lease = self._lease_at(place, inbox)
                self._find_users(place.url, inbox, self.lease)
            if place.calls:
                leases = RedisLeases(gevent_client(place.url), REGISTRY)
                self._looks.append(ResponderLook(leases, place.calls, self._router.state.away))
                self._looks[-1].start(PATIENCE_SECONDS)

    def close(self) -> None:
        """Give the lease back."""
        for look in self._looks:
            look.close()
        if self._reader is not None:
            self._reader.close()
        if self.users is not None:
            self.users.close()
        if self.lease is not None:
            gevent.get_hub().threadpool.apply(self.lease.stop)

    def _lease_at(self, place: Place, inbox: str) -> GatewayLease:
        loop = gevent.get_hub().loop
        lease = GatewayLease(
            partial(_open, place.url, self._user_events),
            (*place.reads, inbox),
            (USER,),
            on_number=lambda number: loop.run_callback_threadsafe(self._renumber, number),
        )
        gevent.get_hub().threadpool.apply(lease.start, (PATIENCE_SECONDS,))
        self._router.clients.use_number(lease.number)
        return lease

    def _find_users(self, url: str, inbox: str, lease: GatewayLease) -> None:
        """Let others find the users of this gateway from now on."""
        place = UserPlace(url)
        self.users = UserSide(self._router, lease, place, inbox, self._act)
        self._reader = InboxReader(url, inbox, place, self.users)
        self.users.start()
        self._reader.start()

    def _renumber(self, number: int) -> None:
        """Make user ids of another number, and tell the lease of that number who is here."""
        self._router.clients.use_number(number)
        if self.users is not None:
            self.users.tell_again()


def _open(url: str, user_events: Write | None) -> LeasePort:
    client = plain_client(url)
    return PlaceLeases(client, REGISTRY, USER) if user_events is None else UserTeller(client, user_events)
