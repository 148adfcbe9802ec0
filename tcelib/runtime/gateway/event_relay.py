"""EventRelay: brings the events of users from the registry's Redis onto the queue that services.xml names."""

import logging

import gevent

from tcelib.error import RpcException
from tcelib.gateway.config.model import Server
from tcelib.gateway.user_event import OFF_LINE, ON_LINE, user_event
from tcelib.queue.error import QueueError
from tcelib.queue.message import DeadLetter, Delivery, Message
from tcelib.queue.reader import Reader, ReaderRule
from tcelib.queue.redis_stream import redis_stream
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_address import Guide, read_address
from tcelib.runtime.gateway.error import GatewayError
from tcelib.runtime.gateway.kept_loop import spawn_kept
from tcelib.runtime.gateway.queue_writer import Outward
from tcelib.runtime.gateway.user_teller import OUTBOX, Write
from tcelib.service.service_lease import unique_name
from tcelib.transport.hub.outage import Outage
from tcelib.transport.hub.queue_source import ReliableSource

MOST_AT_ONCE = 100
RETRY_SECONDS = 1.0
log = logging.getLogger("tce.gateway")


def event_writer(server: Server) -> Write | None:
    """Return what writes the events of a gateway's users; None where its configuration names nobody to hear them."""
    if server.user_events is None:
        return None
    interface, _ = server.user_events

    def write(is_here: bool, user_id: str) -> bytes:
        return user_event(interface, ON_LINE if is_here else OFF_LINE, user_id, server.name)

    return write


def check_events(server: Server, url: str) -> None:
    """Raises ``GatewayError`` for a registry in a Redis Cluster: its keys and that of the events lie in two slots."""
    if server.user_events is not None and url and read_address(url).guide is Guide.CLUSTER:
        raise GatewayError(
            "user_events needs a registry in a Redis that is no Cluster: name one as the property registry"
        )


class EventRelay:
    """Relay onto the queue of ``link``. An event stays in Redis until that has taken it.

    ``url`` is the registry's Redis. One gateway of all relays an event, and another one if that dies.
    """

    def __init__(self, url: str, link: Outward) -> None:
        self._link = link
        self._outage = Outage(log, "users who came or went are told later", "users who come or go are told again")
        self._client = gevent_client(url)
        reader: Reader[DeadLetter] = Reader(
            redis_stream(self._client, OUTBOX), unique_name(), rule=ReaderRule(most_held=MOST_AT_ONCE)
        )
        self._source = ReliableSource(OUTBOX, reader, most_at_once=MOST_AT_ONCE, drain_seconds=0)
        self._greenlet = spawn_kept(self._run, "relays events of users")

    def close(self) -> None:
        """Relay no more. What is not on the queue is left to others."""
        self._greenlet.kill()
        self._source.close()
        self._client.close()

    def _run(self) -> None:
        while True:
            try:
                deliveries = self._source.receive(MOST_AT_ONCE)
            except QueueError as error:
                self._outage.begin(error)
                gevent.sleep(RETRY_SECONDS)
                continue
            self._outage.end()
            for delivery in deliveries:
                self._put(delivery)

    def _put(self, delivery: Delivery) -> None:
        """Put an event on the queue, as often as it takes: those behind it wait, so their order stays."""
        while True:
            try:
                self._link.put([Message(delivery.body)])
            except RpcException as failure:
                self._outage.begin(failure)
                gevent.sleep(RETRY_SECONDS)
            else:
                self._source.done(delivery)
                return
