"""TCE over a message queue of any kind, for a gevent hub; ``queue_kind`` opens them.

Decides when messages are taken off a queue: not before there is a place for a servant, so that what one server cannot
serve yet stays there for others. A message is done when its servant has ended, and its answer has been written.
Bodies, and who may answer where, are the business of ``RpcQueueConnection``.
"""

import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import gevent
import gevent.event
import gevent.lock
import gevent.pool

from tcelib.core.port import Done
from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.error import RPCERROR_CONNECT_FAILED, RPCERROR_CONNECTION_LOST, RPCERROR_SENDFAILED, RpcException
from tcelib.fork import forget_in_children
from tcelib.queue.error import MessageError, QueueAwayError, QueueError
from tcelib.queue.message import NO_HEADERS, Delivery, Message
from tcelib.service.call_body import is_return
from tcelib.service.taken_call import IDEMPOTENT_HEADERS
from tcelib.transport.hub.answer_queue import AnswerQueues
from tcelib.transport.hub.outage import Outage
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.queue_source import CLOSE_SECONDS, RETRY_SECONDS, Source
from tcelib.transport.hub.shell import HubHome, HubShell
from tcelib.transport.option import NESTING, Options

log = logging.getLogger("tce.transport")


class _Serving:
    """A message that is being served. It is done when its servant has returned, and the coroutine that it left."""

    def __init__(self, delivery: Delivery, done: Callable[[Delivery], object]) -> None:
        self._delivery = delivery
        self._done = done
        self._parts = 1

    def begin(self) -> None:
        """Note that one more part runs."""
        self._parts += 1

    def end(self) -> None:
        """Note that a part has ended."""
        self._parts -= 1
        if not self._parts:
            self._done(self._delivery)


class _Batch:
    """Messages that leave together, and what became of them."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.failure: RpcException | None = None


class Outlet(Protocol):
    """Writing side of a queue or a topic."""

    name: str

    def put(self, messages: Sequence[Message]) -> None:
        """See ``Queue``. Raises ``QueueError``."""

    def close(self) -> None:
        """Close the connections."""


class QueueLink(HubShell):
    """The transport of one queue's connection. It reads where there is a ``source``.

    ``has_headers``: messages of the queue carry headers. ``answers`` are queues that answers may go to beside those
    that the program has opened. ``is_draining`` is true once it takes no more messages.
    """

    connection: RpcQueueConnection

    def __init__(
        self,
        home: HubHome,
        options: Options,
        queue: Outlet,
        queues: QueueCollection,
        *,
        source: Source | None = None,
        has_headers: bool = False,
        answers: AnswerQueues | None = None,
    ) -> None:
        super().__init__(home, options)
        self.may_compress = False
        self._queue = queue
        self._source = source
        self._answers = answers
        self.has_headers = has_headers
        self._queues = queues
        self._batch = _Batch()
        self._lock = gevent.lock.BoundedSemaphore(1)
        self._servants = gevent.pool.Group()
        self._places = gevent.lock.Semaphore(options.max_waiting_servants)
        self._coroutines = 0
        self._has_no_coroutines = gevent.event.Event()
        self._has_no_coroutines.set()
        self._seated: set[gevent.Greenlet] = set()  # servants that have a place
        self._outage = Outage(
            log, f"the queue {queue.name} cannot be read", f"the queue {queue.name} can be read again"
        )
        self._is_over = self.is_draining = False
        self._reader: gevent.Greenlet | None = None
        forget_in_children(self)

    @property
    def trouble(self) -> str:
        """Return why the queue could not be read last time; empty while it can."""
        return self._outage.trouble()

    def forget(self) -> None:
        """See ``tcelib.fork``. The queue for answers has one reader, so a child opens queues of its own."""
        self._is_over = True
        self.forget_deadline()
        if self._reader is not None:
            self._reader.kill(block=False)
        if self._source is not None:
            self._source.forget()
        self.connection.abandon("the queue was opened before the fork: open another one in the child")

    def read(self) -> None:
        """Take messages off the queue from now on, if there is a source."""
        if self._source is not None:
            self._reader = gevent.spawn(self._read, self._source)

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

    def put(self, messages: Sequence[Message]) -> None:
        """Put messages on the queue.

        Raises ``RpcException``: CONNECT_FAILED or SENDFAILED if none was put, CONNECTION_LOST if some perhaps were.
        """
        try:
            self._queue.put(messages)
        except QueueError as failure:
            code = RPCERROR_CONNECT_FAILED if isinstance(failure, QueueAwayError) else RPCERROR_SENDFAILED
            code = code if failure.is_certain else RPCERROR_CONNECTION_LOST
            raise RpcException(code, str(failure)) from failure

    def _push(self, batch: "_Batch") -> None:
        is_marked = self.has_headers and self.connection.is_idempotent
        headers = IDEMPOTENT_HEADERS if is_marked else NO_HEADERS
        try:
            self.put([Message(body, headers) for body in batch.bodies])
        except RpcException as failure:
            batch.failure = failure

    def write_to(self, queue: str, body: bytes, /) -> None:
        """See ``QueueTransport``: only to queues that this program has opened, and to those below this one."""
        writer = self._queues.writer(queue) or self._below(queue)
        if writer is None:
            raise RpcException(RPCERROR_SENDFAILED, f"the queue {queue!r} is not open for writing")
        writer.transport.write([body])

    def _below(self, queue: str) -> RpcQueueConnection | None:
        try:
            return None if self._answers is None else self._answers.find(queue)
        except MessageError as error:
            raise RpcException(RPCERROR_SENDFAILED, str(error)) from error

    def drain(self, asker: object, /) -> None:
        """See ``QueueTransport``. Waits for ``drain_seconds`` of the source. Answers still leave."""
        reader, self._reader = self._reader, None
        if self._source is None or reader is None:
            return
        self.is_draining = True
        self._source.drain()
        reader.join(CLOSE_SECONDS)
        reader.kill()
        servants = [servant for servant in self._servants if servant is not asker]
        with gevent.Timeout(self._source.drain_seconds, False):
            gevent.joinall(servants)
            self._has_no_coroutines.wait()
        self._source.close()

    def close(self) -> None:
        """See ``Transport``. Servants that run get some time; what they would answer still leaves."""
        if self._is_over:
            return
        self._is_over = True
        self._queues.remove(self.connection)
        self.forget_deadline()
        self.drain(gevent.getcurrent())
        self._queue.close()
        if self._answers is not None:
            self._answers.close()

    def run(self, coroutine: Coroutine[Any, Any, Any], done: Done, /) -> None:
        """See ``Transport``. The message is done when the coroutine is."""
        serving: _Serving | None = getattr(gevent.getcurrent(), "tce_serving", None)
        if serving is None:
            super().run(coroutine, done)
            return
        serving.begin()
        self._coroutines += 1
        self._has_no_coroutines.clear()

        def end(result: Any, error: BaseException | None) -> None:
            done(result, error)
            serving.end()
            self._coroutines -= 1
            if not self._coroutines:
                self._has_no_coroutines.set()

        super().run(coroutine, end)

    def _read(self, source: Source) -> None:
        while not self.is_draining:
            self._places.wait()
            try:
                deliveries = self._receive(source)
            except QueueError as failure:
                self._outage.begin(failure)
                gevent.sleep(RETRY_SECONDS)
                continue
            self._outage.end()
            for delivery in self._pass_on(source, deliveries):
                self._serve(source, delivery)

    def _receive(self, source: Source) -> Sequence[Delivery]:
        deliveries = source.receive(self._places.counter)
        return source.give_back(deliveries) if self.is_draining else deliveries

    def _pass_on(self, source: Source, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Pass on messages for others, as a gateway does. Return those for this program, and those not to be run."""
        route = self.connection.route_bodies
        if route is None or not deliveries:
            return deliveries
        clear: list[Delivery] = []
        left: list[Delivery] = []
        for each in deliveries:
            is_doubtful = each.tries > 1 and (source.was_done(each) or source.objection(each) is not None)
            (left if is_doubtful else clear).append(each)
        own = set(route([each.message.body for each in clear], False)) if clear else set()
        source.passed([each for place, each in enumerate(clear) if place not in own] if own else clear)
        return left + [clear[place] for place in sorted(own)]

    def _passes_again(self, delivery: Delivery) -> bool:
        """Pass on a call that may not run a second time, if it is for a client. Return whether it was."""
        route = self.connection.route_bodies
        return route is not None and not route([delivery.message.body], True)

    def _serve(self, source: Source, delivery: Delivery) -> None:
        if source.was_done(delivery):
            source.done(delivery)
            return
        against = source.objection(delivery)
        if against is not None and not source.counts_begun and self._passes_again(delivery):
            source.done(delivery)
        elif against is not None:
            self.connection.refuse_body(delivery.body, RPCERROR_CONNECTION_LOST)
            source.bury(delivery, against)
        elif is_return(delivery.body):
            self.connection.receive_body(delivery.body)
            source.done(delivery)
        else:
            self._places.acquire()  # there is one: see ``_read``
            self._seated.add(self._servants.spawn(self._take, delivery, _Serving(delivery, source.done)))

    def _take(self, delivery: Delivery, serving: _Serving) -> None:
        me = gevent.getcurrent()
        me.tce_server, me.tce_serving = self, serving
        try:
            has_more = self.connection.receive_body(delivery.body)
            while has_more:
                gevent.sleep(0)
                has_more = self.connection.serve()
            serving.end()
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
