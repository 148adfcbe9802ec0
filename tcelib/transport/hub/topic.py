"""Both ends of a topic in Redis, as connections use them: every reader gets every message.

A reader has a queue of its own, which is subscribed while it reads. The subscription of one that dies ends within a
minute, and its queue soon after, with what it holds.
"""

import logging
import time
from collections.abc import Callable, Sequence

from tcelib.queue.error import QueueError
from tcelib.queue.message import DeadLetter, Delivery, Message
from tcelib.queue.reader import Reader, ReaderRule
from tcelib.queue.redis_commands import RedisCommands
from tcelib.queue.redis_stream import redis_stream
from tcelib.queue.redis_topic import RedisTopic
from tcelib.redis.redis_connection import RedisClient
from tcelib.service.service_lease import unique_name
from tcelib.transport.hub.queue_source import ReliableSource
from tcelib.transport.option import NESTING

RENEWAL_SECONDS = 5.0
SUBSCRIPTION_SECONDS = 60.0
KEPT_SECONDS = 120
"""So long the queue of a reader that died is kept: longer than its subscription."""
log = logging.getLogger("tce.transport")


class TopicWriter:
    """See ``Outlet``. Nobody need be subscribed."""

    def __init__(self, client: RedisClient, name: str) -> None:
        self.name = name
        self._client = client
        self._topic = RedisTopic(client, name)

    def put(self, messages: Sequence[Message]) -> None:
        """See ``Outlet``."""
        self._topic.publish(messages)

    def close(self) -> None:
        """See ``Outlet``."""
        self._client.close()


class TopicSource(ReliableSource):
    """See ``Source``. Gets what is published from its first ``receive`` on. ``clock`` never goes back, in seconds."""

    def __init__(
        self,
        client: RedisClient,
        topic: str,
        *,
        most_at_once: int,
        drain_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        name = unique_name()
        self._client = client
        self._topic = RedisTopic(client, topic)
        self._queue = redis_stream(client, f"{topic}:{name}")
        self._redis = RedisCommands(client, self._queue.name)
        self._clock = clock
        self._due = 0.0
        reader: Reader[DeadLetter] = Reader(self._queue, name, rule=ReaderRule(most_held=most_at_once * NESTING))
        super().__init__(topic, reader, most_at_once=most_at_once, drain_seconds=drain_seconds)

    def receive(self, count: int) -> Sequence[Delivery]:
        """See ``Source``."""
        now = self._clock()
        if now >= self._due:
            self._topic.subscribe(self._queue.name, SUBSCRIPTION_SECONDS)
            self._due = now + RENEWAL_SECONDS
            found = super().receive(count)  # makes the queue, if there is none yet
            self._redis.call("EXPIRE", self._queue.name, KEPT_SECONDS)
            return found
        return super().receive(count)

    def drain(self) -> None:
        """See ``Source``: nothing more is for this reader."""
        super().drain()
        try:
            self._topic.unsubscribe(self._queue.name)
        except QueueError as failure:
            log.warning("! the subscription of %s ends by itself: %s", self._queue.name, failure)

    def close(self) -> None:
        """See ``Source``."""
        super().close()
        try:
            self._redis.call("DEL", self._queue.name, self._redis.key_of("dead"))
        except QueueError as failure:
            log.warning("! the queue %s ends by itself: %s", self._queue.name, failure)
        self._client.close()
