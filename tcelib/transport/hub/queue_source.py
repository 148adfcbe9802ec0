"""Sources: the reading side of each kind of queue, as a queue's link uses it.

A ``BareSource`` gives bodies that are gone from the queue. A ``ReliableSource`` gives messages that stay in the queue
until they are done: acknowledged in one command for all that are done at a time.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import gevent

from tcelib.queue.error import QueueAwayError, QueueError, QueueRefusedError
from tcelib.queue.message import DeadLetter, Delivery
from tcelib.queue.port import EXPIRED, EXPIRY_DETAIL, BareQueue
from tcelib.queue.reader import Reader
from tcelib.queue.shell.hub_signs import HubSigns
from tcelib.service.call_body import expires_of
from tcelib.service.pull_window import PullWindow
from tcelib.service.service_lease import ServiceLease
from tcelib.service.taken_call import Objection, objection
from tcelib.transport.hub.outage import Outage

READER = "reader"
POP_SECONDS = 3  # shorter than the socket's patience
TAKE_SECONDS = 0.25
"""A wait for something new. A reader that drains waits for the end of it, because a message may be under way."""
CLOSE_SECONDS = 5.0
LEASE_LOOK_SECONDS = 0.01
TIDY_SECONDS = 3600.0
RETRY_SECONDS = 1.0
REFUSED_SECONDS = 10.0
MOST_KNOWN = 10_000
"""Messages that were served and may come again."""
log = logging.getLogger("tce.transport")


class Source(Protocol):
    """Reading side of a queue. ``drain_seconds`` is how long servants may go on when it closes.

    ``counts_begun``: a second try says that somebody had begun the message. A broker counts what broke off on its
    way, too.
    """

    drain_seconds: float
    counts_begun: bool

    def receive(self, count: int) -> Sequence[Delivery]:
        """Return the next messages, at most ``count``; wait a while for a first one. Raises ``QueueError``."""

    def objection(self, delivery: Delivery) -> Objection | None:
        """Return what is against serving a message; None if nothing is."""

    def done(self, delivery: Delivery) -> None:
        """Note that a message was served. Never waits."""

    def was_done(self, delivery: Delivery) -> bool:
        """Return whether a message was served here before, and comes again because nobody could be told."""

    def passed(self, deliveries: Sequence[Delivery]) -> None:
        """Note that messages which were taken together were passed on: none is served here. Never waits."""

    def bury(self, delivery: Delivery, reason: Objection) -> None:
        """Note that nobody will serve a message. Never waits."""

    def give_back(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Leave messages that were not begun to others. Return those that are already off the queue."""

    def drain(self) -> None:
        """Let nobody send new messages here, and end the wait of ``receive``."""

    def close(self) -> None:
        """Write what is done, and leave."""

    def forget(self) -> None:
        """See ``tcelib.fork``."""


class BareSource:
    """See ``Source``. What was taken is done."""

    drain_seconds = CLOSE_SECONDS
    counts_begun = True

    def __init__(self, queue: BareQueue) -> None:
        self._queue = queue

    def receive(self, count: int) -> Sequence[Delivery]:
        """See ``Source``."""
        expired = self._queue.expired
        deliveries = self._queue.take(READER, count, POP_SECONDS)
        if self._queue.expired > expired:
            log.debug(
                "%d messages on %s were dropped: their time is over", self._queue.expired - expired, self._queue.name
            )
        return deliveries

    def objection(self, delivery: Delivery) -> None:
        """See ``Source``."""

    def done(self, delivery: Delivery) -> None:
        """See ``Source``."""

    def was_done(self, delivery: Delivery) -> bool:
        """See ``Source``."""
        return False

    def passed(self, deliveries: Sequence[Delivery]) -> None:
        """See ``Source``."""

    def bury(self, delivery: Delivery, reason: Objection) -> None:
        """See ``Source``."""

    def give_back(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """See ``Source``."""
        return deliveries

    def drain(self) -> None:
        """See ``Source``."""
        try:
            self._queue.wake(READER)
        except QueueError as failure:
            log.debug("the reader of %s was not woken: %s", self._queue.name, failure)

    def close(self) -> None:
        """See ``Source``."""

    def forget(self) -> None:
        """See ``Source``."""


class ReliableSource:
    """See ``Source``. ``name`` is the queue's. ``most_at_once`` bounds what is taken together.

    Messages are taken only while a ``lease`` is held; without one the reader says that it is alive. ``now`` is in
    epoch seconds.
    """

    def __init__(
        self,
        name: str,
        reader: Reader[DeadLetter],
        *,
        most_at_once: int,
        drain_seconds: float,
        lease: ServiceLease | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.drain_seconds = drain_seconds
        self.counts_begun = lease is not None
        self._reader = reader
        self._name = name
        self._lease = lease
        self._signs = HubSigns(reader) if lease is None else None
        self._window = PullWindow(most_at_once)
        self._now = now
        self._done: list[str] = []
        self._letters: dict[str, DeadLetter] = {}
        self._known: dict[str, None] = {}
        self._writer: gevent.Greenlet | None = None
        self._outage = Outage(log, f"nothing is acknowledged on {name}", f"{name} takes acknowledgements again")
        self._is_tidy = False
        self._is_measured = True

    def receive(self, count: int) -> Sequence[Delivery]:
        """See ``Source``."""
        if not self._has_lease():
            return ()
        if not self._is_tidy:
            self._reader.tidy(TIDY_SECONDS)
            self._is_tidy = True
        self._measure()
        retried = self._reader.retried
        found = self._reader.receive(min(count, self._window.size), TAKE_SECONDS)
        # A delivery that was lost on its way to us is no try: nobody has begun it.
        lost = self._reader.retried - retried
        if self._lease is not None and not self._lease.is_held:  # frozen meanwhile: others may have claimed it
            for each in found:
                self._reader.retry(each.id, 0)
            return ()
        self._is_measured = not found
        fresh = [each for each in found if not self._has_expired(each)]
        return [Delivery(each.message, each.tries - lost) for each in fresh] if lost else fresh

    def objection(self, delivery: Delivery) -> Objection | None:
        """See ``Source``."""
        return objection(delivery)

    def done(self, delivery: Delivery) -> None:
        """See ``Source``."""
        self._done.append(delivery.id)
        self._write_soon()
        self._know([delivery.id])

    def was_done(self, delivery: Delivery) -> bool:
        """See ``Source``. A broker gives anew what a connection held that broke, its acknowledgement among it."""
        return delivery.tries > 1 and delivery.id in self._known

    def passed(self, deliveries: Sequence[Delivery]) -> None:
        """See ``Source``. They have begun at once, whatever the rest of the hub does now: more may be taken."""
        if deliveries:
            ids = [delivery.message.id for delivery in deliveries]
            self._done += ids
            self._know(ids)
            self._write_soon()
            self._window.begun(0.0)
            self._is_measured = True

    def bury(self, delivery: Delivery, reason: Objection) -> None:
        """See ``Source``."""
        log.warning("! a call on %s was not served: %s", self._name, reason.detail)
        self._bury_soon(delivery, reason)

    def give_back(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """See ``Source``."""
        if deliveries:
            self._reader.give_back([delivery.id for delivery in deliveries])
        return ()

    def drain(self) -> None:
        """See ``Source``. A wait for messages ends within ``TAKE_SECONDS``: one may be under way."""
        if self._lease is not None:
            self._lease.give_back()

    def close(self) -> None:
        """See ``Source``. What still runs stays taken."""
        writer = self._writer
        if writer is not None:
            writer.join(CLOSE_SECONDS)
            writer.kill()
        try:
            self._reader.drain()
        except QueueError as failure:
            log.warning("! nothing was given back to %s: %s", self._name, failure)
        if self._signs is not None:
            self._signs.close()
        if self._lease is not None:
            gevent.get_hub().threadpool.apply(self._lease.end)  # it waits for its thread
            self._lease.close()

    def forget(self) -> None:
        """See ``Source``."""
        self._done, self._letters = [], {}
        if self._writer is not None:
            self._writer.kill(block=False)
        if self._signs is not None:
            self._signs.forget()

    def _has_lease(self) -> bool:
        """Return whether messages may be taken now. Wait a little if not: the thread is at it."""
        if self._lease is None or self._lease.is_held:
            return True
        self._lease.begin()
        gevent.sleep(LEASE_LOOK_SECONDS)
        if self._lease.trouble:
            raise QueueAwayError(self._name, f"there is no lease: {self._lease.trouble}")
        return False

    def _measure(self) -> None:
        """Let what was taken begin, and note how long that takes."""
        if not self._is_measured:
            begun = time.monotonic()
            gevent.sleep(0)
            self._window.begun(time.monotonic() - begun)
            self._is_measured = True

    def _has_expired(self, delivery: Delivery) -> bool:
        """Bury a message whose body says that its time is over."""
        expires = expires_of(delivery.body)
        if expires is None or self._now() < expires:
            return False
        self._bury_soon(delivery, Objection(EXPIRED, EXPIRY_DETAIL))
        return True

    def _bury_soon(self, delivery: Delivery, reason: Objection) -> None:
        """Bury a message later: a queue that is away must not keep those behind it from being served."""
        self._letters[delivery.id] = DeadLetter(delivery.message, *reason, self._now())
        self._write_soon()

    def _know(self, message_ids: Sequence[str]) -> None:
        """Remember what was done. With a lease, what is in hand does not come again."""
        if self._lease is None:
            self._known.update(dict.fromkeys(message_ids))
            while len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]

    def _write_soon(self) -> None:
        if self._writer is None:
            self._writer = gevent.spawn(self._write)

    def _write(self) -> None:
        """Acknowledge what is done, together with what is done meanwhile, and bury what nobody will serve."""
        try:
            while self._done or self._letters:
                try:
                    self._acknowledge()
                    self._bury()
                    self._outage.end()
                except QueueError as failure:
                    self._outage.begin(failure)
                    gevent.sleep(RETRY_SECONDS)
        finally:
            self._writer = None

    def _acknowledge(self) -> None:
        ids, self._done = self._done, []
        try:
            if ids:
                self._reader.acknowledge(ids)
        except QueueError:
            self._done = ids + self._done
            raise

    def _bury(self) -> None:
        """Write the dead letters. A refused one waits, with its message, for another look at it."""
        while self._letters:
            message_id, letter = next(iter(self._letters.items()))
            try:
                self._reader.bury(message_id, letter)
            except QueueRefusedError as refusal:
                log.warning("! a message of %s is not buried: %s", self._name, refusal)
                self._reader.retry(message_id, REFUSED_SECONDS)
            self._letters.pop(message_id, None)
