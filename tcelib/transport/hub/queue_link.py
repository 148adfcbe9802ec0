"""TCE over Redis lists (``type_='mq'``): one list is one queue, RPUSH at its end, BLPOP at its front.

Decides when messages are taken off a queue: not before there is a place for a servant, so that what one server cannot
serve yet stays there for others. What was taken by a server that dies is lost; its callers get a TIMEOUT. Bodies, and
who may answer where, are the business of ``RpcQueueConnection``.

For a gevent hub. Needs Redis 6.2.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import gevent
import gevent.lock
import gevent.pool

from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.error import RPCERROR_CONNECT_FAILED, RPCERROR_SENDFAILED, DecodeError, RpcException
from tcelib.fork import forget_in_children
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import RedisClient, Role
from tcelib.redis.redis_error import RedisCallError
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.shell import HubHome, HubShell
from tcelib.transport.option import NESTING, Options
from tcelib.wire.message import LINGER_TIME, RETURN, parse_body, split_extra

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
    """The transport of one queue's connection; ``key`` is the list."""

    connection: RpcQueueConnection

    def __init__(
        self, home: HubHome, options: Options, client: RedisClient, key: str, queues: QueueCollection
    ) -> None:
        super().__init__(home, options)
        self.may_compress = False
        self._client = client
        self._key = key
        self._queues = queues
        self._batch = _Batch()
        self._lock = gevent.lock.BoundedSemaphore(1)
        self._servants = gevent.pool.Group()
        self._places = gevent.lock.Semaphore(options.max_waiting_servants)
        self._seated: set[gevent.Greenlet] = set()  # servants that have a place
        self._is_over = False
        self._reader: gevent.Greenlet | None = None
        self._reader_id = 0
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
        """See ``QueueTransport``. What comes while an RPUSH is under way leaves with the next one."""
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
            self._client.call("RPUSH", self._key, *batch.bodies, role=Role.PUBLISHING)
        except RedisCallError as failure:
            code = RPCERROR_CONNECT_FAILED if failure.trouble.is_away else RPCERROR_SENDFAILED
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
        self._client.close()

    def _wake_reader(self) -> None:
        # Killing it instead could lose the message that Redis is just giving to it.
        try:
            self._client.call("CLIENT UNBLOCK", self._reader_id)
        except RedisCallError as failure:
            log.debug("the reader of %s was not woken: %s", self._key, failure)

    def _read(self) -> None:
        while not self._is_over:
            try:
                with self._client.hold(Role.BLOCKING) as call:
                    self._reader_id = call("CLIENT ID")
                    self._read_with(call)
            except RedisCallError as failure:
                log.warning("! the queue %s cannot be read: %s", self._key, failure)
                gevent.sleep(RETRY_SECONDS)

    def _read_with(self, call: Callable[..., Any]) -> None:
        while not self._is_over:
            self._places.wait()
            popped = call("BLPOP", self._key, POP_SECONDS)
            if popped is None:
                continue
            self._serve(popped[1])
            places = self._places.counter
            more = call("LPOP", self._key, places) if places else None
            for body in more or ():
                self._serve(body)

    def _serve(self, body: bytes) -> None:
        if _is_outdated(body):
            log.debug("a message on %s was dropped: its time is over", self._key)
        elif body[_CALLTYPE_AT : _CALLTYPE_AT + 1] == bytes([RETURN]):
            self.connection.receive_body(body)
        else:
            self._places.acquire()  # there is one: see ``_read_with``
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
    link = QueueLink(HubHome(), options, gevent_client(url), key, queues)
    connection = RpcQueueConnection(
        name, link, max_packet_bytes=options.max_packet_bytes, call_timeout=options.call_timeout
    )
    link.connection = connection
    queues.add(connection, reads=reads, writes=writes)
    connection.opened()
    if reads:
        link.read()
    return connection


def _is_outdated(body: bytes) -> bool:
    """Return true if the message's time is over (TCE protocol, section 4): seconds since 1970."""
    try:
        (*_, extra_count), rest = parse_body(body)
        linger_time = split_extra(extra_count, rest)[0].get(LINGER_TIME) if extra_count else None
        return linger_time is not None and time.time() > float(linger_time)
    except (DecodeError, ValueError):
        return False
