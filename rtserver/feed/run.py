"""FeedRun: brings the ticks of one feed to the queue, until the feed ends or somebody stops it."""

import random
import secrets
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from rtserver.feed.batch import FeedBatch
from rtserver.feed.heartbeat import Heartbeat
from rtserver.feed.port import Feed
from rtserver.feed.reader import FeedReader
from rtserver.service.queue_link import QueueLink
from rtserver.service.shard_queues import ProducerQueue

LOOK_SECONDS = 0.05
JOIN_SECONDS = 2.0
FEW_WAITING = 100
"""With more messages than that on the list, no server is close behind, and a heartbeat would come too late."""


class FeedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a run. ``max_backlog`` bounds the messages on the list; ``batch`` the ticks of one message.

    A tick waits ``batch_seconds`` at most for others. ``heartbeat_seconds`` 0 is no heartbeat.
    """

    src: str
    max_backlog: int = 10_000
    batch: int = 500
    batch_seconds: float = 0.05
    heartbeat_seconds: float = 4.0


class FeedStatus(NamedTuple):
    """Counts of a run so far.

    ``is_held`` is True while the list is too long, ``is_away`` while the source is away.
    """

    ticks: int
    messages: int
    repeats: int
    waiting: int
    reconnects: int
    is_held: bool
    is_away: bool


def ignore_status(status: FeedStatus) -> None:
    """Tell nobody."""


class FeedRun:
    """One run. Its own thread reads the feed; all else is on the thread that calls ``run``.

    ``tell`` gets the status many times a second.
    """

    def __init__(
        self,
        feed: Feed,
        queue: ProducerQueue,
        options: FeedOptions,
        *,
        tell: Callable[[FeedStatus], object] = ignore_status,
        now: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._queue = queue
        self._options = options
        self._tell = tell
        self._now = now
        self._stop = threading.Event()
        self._link = QueueLink(self._stop.wait, now=now, jitter=jitter)
        self._reader = FeedReader(feed, self._stop, options.batch, jitter)
        self._batch = FeedBatch(options.src, secrets.token_hex(8), most=options.batch, seconds=options.batch_seconds)
        self._heartbeat = Heartbeat(options.src, options.heartbeat_seconds, now())
        self._waiting = 0
        self._is_held = False

    def stop(self) -> None:
        """Make ``run`` return soon, with all that was read on the queue. Safe in a signal handler."""
        self._link.is_ending = True
        self._stop.set()

    def run(self) -> FeedStatus:
        """Bring everything to the queue and return the counts.

        Raises ``QueueError`` if the queue does not answer at the start or at the end, and what the feed raised.
        """
        self._waiting = self._queue.waiting()
        thread = threading.Thread(target=self._reader.run, name="feed", daemon=True)
        thread.start()
        try:
            while not self._stop.is_set() and not self._reader.is_over():
                self._turn(LOOK_SECONDS)
            self._put_rest()
        finally:
            self.stop()
            thread.join(JOIN_SECONDS)  # a source that waits for ever ends with the process
        if self._reader.failure is not None:
            raise self._reader.failure
        return self.status()

    def status(self) -> FeedStatus:
        """Return the counts so far."""
        batch, reader = self._batch, self._reader
        return FeedStatus(
            batch.ticks,
            batch.messages,
            batch.repeats,
            self._waiting,
            reader.reconnects,
            self._is_held,
            reader.is_away,
        )

    def _turn(self, longest: float) -> None:
        """Take what the reader has, and put the messages that are due."""
        self._take(self._batch.wait(self._now(), longest))
        if self._batch.is_due(self._now()):
            self._wait_for_room()
            self._put()
        beats = self._heartbeat.take_due(self._now())
        if beats and self._waiting <= FEW_WAITING:
            self._link.call(self._queue.put, beats)
        self._tell(self.status())

    def _take(self, timeout: float) -> int:
        items = self._reader.take(self._batch.room(), timeout)
        now = self._now()
        for item in items:
            if item is None:
                self._heartbeat.on_word(now)
            else:
                self._heartbeat.on_tick(item[0], now)
                self._batch.take(item, now)
        return len(items)

    def _wait_for_room(self) -> None:
        """Wait while the list is too long. A run that ends waits no longer: it has one batch or two."""
        while not self._stop.is_set():
            self._waiting = self._link.call(self._queue.waiting)
            self._is_held = self._waiting >= self._options.max_backlog
            if not self._is_held:
                return
            self._tell(self.status())
            self._stop.wait(LOOK_SECONDS)

    def _put(self) -> None:
        raw = self._batch.take_message()
        if raw is not None:
            self._link.call(self._queue.put, [raw])

    def _put_rest(self) -> None:
        self._put()
        while self._take(0.0):
            self._put()
