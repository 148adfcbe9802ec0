"""TCE over Redis lists (``type_='mq'``): one list is one queue, RPUSH at its end, BLPOP at its front.

Decides when messages are taken off a queue: not before there is a place for a servant, so that what one server cannot
serve yet stays there for others. What was taken by a server that dies is lost; its callers get a TIMEOUT. Bodies, and
who may answer where, are the business of ``RpcQueueConnection``.

For a gevent hub. Needs Redis 6.2.
"""

import logging
import math
from collections.abc import Callable, Sequence

import gevent
import gevent.lock
import gevent.pool

from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.error import RPCERROR_CONNECT_FAILED, RPCERROR_SENDFAILED, DecodeError, RpcException
from tcelib.fork import forget_in_children
from tcelib.queue.error import QueueAwayError, QueueError
from tcelib.queue.message import LATEST, Message
from tcelib.queue.port import BareQueue
from tcelib.queue.redis_list import RedisListQueue
from tcelib.redis.gevent_redis import gevent_client
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.shell import HubHome, HubShell
from tcelib.transport.option import NESTING, Options
from tcelib.wire.message import LINGER_TIME, RETURN, parse_body, split_extra

READER = "reader"
POP_SECONDS = 3  # shorter than the socket's patience
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 5.0
_CALLTYPE_AT = 5
log = logging.getLogger("tce.transport")


class _Batch:
    """Messages that leave together, and what became of them."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.failure: RpcException | None = None


class QueueLink(HubShell):
    """The transport of one queue's connection."""

    connection: RpcQueueConnection

    def __init__(self, home: HubHome, options: Options, queue: BareQueue, queues: QueueCollection) -> None:
        super().__init__(home, options)
        self.may_compress = False
        self._queue = queue
        self._queues = queues
        self._batch = _Batch()
        self._lock = gevent.lock.BoundedSemaphore(1)
        self._servants = gevent.pool.Group()
        self._places = gevent.lock.Semaphore(options.max_waiting_servants)
        self._seated: set[gevent.Greenlet] = set()  # servants that have a place
        self._is_over = False
        self._reader: gevent.Greenlet | None = None
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``. The queue for answers has one reader, so a child opens queues of its own."""
        self._is_over = True
        self.forget_deadline()
        if self._reader is not None:
            self._reader.kill(block=False)
        self.connection.abandon("the queue was opened before the fork: open another one in the child")

    def read(self) -> None:
        """Take messages off the queue from now on."""
        self._reader = gevent.spawn(self._read)

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``QueueTransport``. What comes while a push is under way leaves with the next one."""
        if self._is_over:
            raise RpcException(RPCERROR_SENDFAILED, "the queue is closed")
        self.watch_deadline()
        batch = self._batch
        batch.bodies += packets
        with self._lock:
            if batch is self._batch:
                self._batch = _Batch()
                self._push(batch)
        if batch.failure is not None:
            raise batch.failure.for_one_more()

    def _push(self, batch: "_Batch") -> None:
        try:
            self._queue.put([Message(body) for body in batch.bodies])
        except QueueError as failure:
            code = RPCERROR_CONNECT_FAILED if isinstance(failure, QueueAwayError) else RPCERROR_SENDFAILED
            batch.failure = RpcException(code, str(failure))

    def write_to(self, queue: str, body: bytes, /) -> None:
        """See ``QueueTransport``: only to queues that this program has opened."""
        writer = self._queues.writer(queue)
        if writer is None:
            raise RpcException(RPCERROR_SENDFAILED, f"the queue {queue!r} is not open for writing")
        writer.transport.write([body])

    def close(self) -> None:
        """See ``Transport``. Servants that run get ``CLOSE_SECONDS``; what they would answer still leaves."""
        if self._is_over:
            return
        self._is_over = True
        self._queues.remove(self.connection)
        self.forget_deadline()
        if self._reader is not None:
            self._wake_reader()
            self._reader.join(CLOSE_SECONDS)
            self._reader.kill()
        current = gevent.getcurrent()
        gevent.joinall([servant for servant in self._servants if servant is not current], CLOSE_SECONDS)
        self._queue.close()

    def _wake_reader(self) -> None:
        try:
            self._queue.wake(READER)
        except QueueError as failure:
            log.debug("the reader of %s was not woken: %s", self._queue.name, failure)

    def _read(self) -> None:
        while not self._is_over:
            self._places.wait()
            try:
                self._take_some(self._places.counter)
            except QueueError as failure:
                log.warning("! the queue %s cannot be read: %s", self._queue.name, failure)
                gevent.sleep(RETRY_SECONDS)

    def _take_some(self, count: int) -> None:
        expired = self._queue.expired
        deliveries = self._queue.take(READER, count, POP_SECONDS)
        if self._queue.expired > expired:
            log.debug(
                "%d messages on %s were dropped: their time is over", self._queue.expired - expired, self._queue.name
            )
        for delivery in deliveries:
            self._serve(delivery.body)

    def _serve(self, body: bytes) -> None:
        if body[_CALLTYPE_AT : _CALLTYPE_AT + 1] == bytes([RETURN]):
            self.connection.receive_body(body)
        else:
            self._places.acquire()  # there is one: see ``_read``
            self._seated.add(self._servants.spawn(self._take, body))

    def _take(self, body: bytes) -> None:
        me = gevent.getcurrent()
        me.tce_server = self
        try:
            has_more = self.connection.receive_body(body)
            while has_more:
                gevent.sleep(0)
                has_more = self.connection.serve()
        finally:
            self._leave_place(me)

    def wait_inside(self, wait: Callable[[], object], /) -> None:
        """See ``Server``. A servant that waits for an answer leaves its place to the call that it may depend on."""
        if len(self._servants) < self.options.max_waiting_servants * NESTING:
            self._leave_place(gevent.getcurrent())
        wait()

    def _leave_place(self, servant: gevent.Greenlet) -> None:
        if servant in self._seated:
            self._seated.remove(servant)
            self._places.release()


def open_queue(
    name: str, url: str, key: str, queues: QueueCollection, *, reads: bool, writes: bool, options: Options
) -> RpcQueueConnection:
    """The connection of a queue: ``name`` to its callers, ``key`` to Redis. It is entered in ``queues``."""
    queue = RedisListQueue(gevent_client(url), key, expires_of=expires_of)
    link = QueueLink(HubHome(), options, queue, queues)
    connection = RpcQueueConnection(
        name, link, max_packet_bytes=options.max_packet_bytes, call_timeout=options.call_timeout
    )
    link.connection = connection
    queues.add(connection, reads=reads, writes=writes)
    connection.opened()
    if reads:
        link.read()
    return connection


def expires_of(body: bytes) -> float | None:
    """Return when a message's time is over (TCE protocol, section 4), in epoch seconds. None if it does not say."""
    try:
        (*_, extra_count), rest = parse_body(body)
        linger_time = split_extra(extra_count, rest)[0].get(LINGER_TIME) if extra_count else None
        moment = math.nan if linger_time is None else float(linger_time)
    except (DecodeError, ValueError):
        return None
    return None if math.isnan(moment) else min(max(moment, 0.0), LATEST)
