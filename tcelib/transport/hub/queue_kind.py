"""The kinds of queues that connections can travel over: one table from an endpoint's type to the way it is opened."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.lease.redis import RedisLeases
from tcelib.queue.address import parse_address
from tcelib.queue.amqp.open import open_queue as open_queue_at
from tcelib.queue.message import DeadLetter
from tcelib.queue.port import ReliableQueue
from tcelib.queue.reader import Reader, ReaderRule
from tcelib.queue.redis_list import RedisListQueue
from tcelib.queue.redis_stream import RedisStreamQueue, redis_stream
from tcelib.queue.shell.hub_waiting import HubWaiting
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import plain_client
from tcelib.service.call_body import expires_of
from tcelib.service.service_lease import REGISTRY, LeaseClaim, ServiceLease, unique_name
from tcelib.transport.hub.answer_queue import AnswerQueues
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.queue_link import Outlet, QueueLink
from tcelib.transport.hub.queue_source import BareSource, ReliableSource, Source
from tcelib.transport.hub.shell import HubHome
from tcelib.transport.hub.topic import TopicSource, TopicWriter
from tcelib.transport.option import NESTING, Options

MQ, STREAM, QPID = "mq", "stream", "qpid"
TOPIC = "topic:"


class Opened(NamedTuple):
    """A queue or topic that was opened; ``source`` is its reading side, None where it is only written to.

    ``has_headers``: its messages carry headers.
    """

    queue: Outlet
    source: Source | None
    has_headers: bool


Open: TypeAlias = Callable[[str, str, bool, Options], Opened]
"""Takes the URL of a server, the queue's key or address there, whether it is read, and options."""


class QueueKind(NamedTuple):
    """One kind. ``url`` is the server's where an endpoint names only a host and a port, and ``port`` where it names
    none."""

    url: str
    port: int
    open: Open

    def url_of(self, host: str, port: int) -> str:
        """Return the URL of a server; ``host`` may be a whole URL."""
        return host if "://" in host else self.url.format(host=host or "localhost", port=port or self.port)


def open_list(url: str, key: str, reads: bool, options: Options) -> Opened:
    """Open a Redis list: RPUSH at its end, BLPOP at its front. What was taken by a server that dies is lost."""
    queue = RedisListQueue(gevent_client(url), key, expires_of=expires_of)
    return Opened(queue, BareSource(queue) if reads else None, has_headers=False)


def open_stream(url: str, key: str, reads: bool, options: Options) -> Opened:
    """Open a Redis stream, whose messages stay in it until they are done, or a topic.

    Raises ``MessageError`` for a bad name.
    """
    if key.startswith(TOPIC):
        return _open_topic(url, key, reads, options)
    queue = redis_stream(gevent_client(url), key)
    return Opened(queue, _stream_source(url, queue, options) if reads else None, has_headers=True)


def _stream_source(url: str, queue: RedisStreamQueue[DeadLetter], options: Options) -> ReliableSource:
    own, others = (RedisLeases(open_client(url), REGISTRY) for open_client in (plain_client, gevent_client))
    lease = ServiceLease(own, others, unique_name(), queue.name, seconds=options.lease_seconds)
    most = options.max_waiting_servants
    rule, claim = ReaderRule(most_held=most * NESTING), LeaseClaim(queue, lease.live)
    reader = Reader(queue, lease.reader, rule=rule, claim=claim)
    return ReliableSource(queue.name, reader, most_at_once=most, drain_seconds=options.drain_seconds, lease=lease)


def _open_topic(url: str, key: str, reads: bool, options: Options) -> Opened:
    """Open a topic in Redis."""
    writer, most = TopicWriter(gevent_client(url), key), options.max_waiting_servants
    if not reads:
        return Opened(writer, None, has_headers=True)
    source = TopicSource(gevent_client(url), key, most_at_once=most, drain_seconds=options.drain_seconds)
    return Opened(writer, source, has_headers=True)


def open_node(url: str, address: str, reads: bool, options: Options) -> Opened:
    """Open a queue or topic of a broker, whose messages stay there until they are done.

    Raises ``AddressError``, ``ValueError`` for a bad URL, and ``ModuleNotFoundError`` with a sentence that says what
    to install.
    """
    queue = open_queue_at(url, parse_address(address), HubWaiting(), most_counted=0)
    return Opened(queue, _node_source(queue, options) if reads else None, has_headers=True)


def _node_source(queue: ReliableQueue[DeadLetter], options: Options) -> ReliableSource:
    """Return the source of a node. The connection is the lease: the broker sees when it ends."""
    most = options.max_waiting_servants
    reader = Reader(queue, unique_name(), rule=ReaderRule(most_held=most * NESTING))
    return ReliableSource(queue.name, reader, most_at_once=most, drain_seconds=options.drain_seconds)


KINDS: Mapping[str, QueueKind] = {
    MQ: QueueKind("redis://{host}:{port}/0", 6379, open_list),
    STREAM: QueueKind("redis://{host}:{port}/0", 6379, open_stream),
    QPID: QueueKind("amqp://{host}:{port}", 5672, open_node),
}
"""Type of an endpoint -> kind of its queue."""


def open_queue(
    name: str,
    url: str,
    key: str,
    queues: QueueCollection,
    *,
    reads: bool,
    writes: bool,
    options: Options,
    kind: str = MQ,
) -> RpcQueueConnection:
    """The connection of a queue: ``name`` to its callers, ``key`` at the server. It is entered in ``queues``."""
    opened = KINDS[kind].open(url, key, reads, options)
    link = QueueLink(
        HubHome(),
        options,
        opened.queue,
        queues,
        source=opened.source,
        has_headers=opened.has_headers,
        answers=_answers_below(url, key, queues, options, kind) if reads else None,
    )
    connection = RpcQueueConnection(
        name, link, max_packet_bytes=options.max_packet_bytes, call_timeout=options.call_timeout
    )
    link.connection = connection
    queues.add(connection, reads=reads, writes=writes)
    connection.opened()
    link.read()
    return connection


def _answers_below(url: str, key: str, queues: QueueCollection, options: Options, kind: str) -> AnswerQueues | None:
    """Return the queues for answers below a queue in Redis. A topic has none, nor has a broker's address."""
    if kind not in (MQ, STREAM) or key.startswith(TOPIC):
        return None

    def open_below(name: str) -> RpcQueueConnection:
        return open_queue(name, url, name, queues, reads=False, writes=False, options=options, kind=kind)

    return AnswerQueues(key, open_below)
