"""The kinds of queues that connections can travel over: one table from an endpoint's type to the way it is opened."""

import os
import socket
import uuid
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.queue.port import Queue
from tcelib.queue.reader import Reader, ReaderRule
from tcelib.queue.redis_list import RedisListQueue
from tcelib.queue.redis_stream import redis_stream
from tcelib.redis.gevent_redis import gevent_client
from tcelib.service.call_body import expires_of
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.queue_link import QueueLink
from tcelib.transport.hub.queue_source import BareSource, ReliableSource, Source
from tcelib.transport.hub.shell import HubHome
from tcelib.transport.option import NESTING, Options

MQ, STREAM = "mq", "stream"


class Opened(NamedTuple):
    """A queue that was opened; ``source`` is its reading side, None where it is only written to.

    ``has_headers``: its messages carry headers.
    """

    queue: Queue
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
    """Open a Redis stream, whose messages stay in it until they are done. Raises ``MessageError`` for a bad name."""
    queue = redis_stream(gevent_client(url), key)
    most = options.max_waiting_servants
    reader = Reader(queue, reader_name(), rule=ReaderRule(most_held=most * NESTING))
    source = ReliableSource(key, reader, most_at_once=most, drain_seconds=options.drain_seconds) if reads else None
    return Opened(queue, source, has_headers=True)


KINDS: Mapping[str, QueueKind] = {
    MQ: QueueKind("redis://{host}:{port}/0", 6379, open_list),
    STREAM: QueueKind("redis://{host}:{port}/0", 6379, open_stream),
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
    link = QueueLink(HubHome(), options, opened.queue, queues, source=opened.source, has_headers=opened.has_headers)
    connection = RpcQueueConnection(
        name, link, max_packet_bytes=options.max_packet_bytes, call_timeout=options.call_timeout
    )
    link.connection = connection
    queues.add(connection, reads=reads, writes=writes)
    connection.opened()
    link.read()
    return connection


def reader_name() -> str:
    """Return a name that no reader ever had."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
