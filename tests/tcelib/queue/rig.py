"""A queue of each kind with a clock that is moved; of the silence of readers in Redis, XCLAIM is told."""

import time
from collections.abc import Callable, Sequence

import redis

from tcelib.queue.memory import MemoryListQueue, memory_stream
from tcelib.queue.message import DeadLetter, Message
from tcelib.queue.port import BareQueue, GroupQueue, Queue
from tcelib.queue.redis_list import RedisListQueue
from tcelib.queue.redis_stream import GROUP, redis_stream
from tcelib.redis.redis_connection import plain_client

NAME = "queue:billing"
DEAD = "{queue:billing}:dead"


class Clock:
    """Epoch seconds; ``pass_by`` moves them."""

    def __init__(self) -> None:
        self.time = float(int(time.time()))

    def __call__(self) -> float:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += seconds


class MemoryRig:
    """The twin in memory. Silence is time that passes."""

    def __init__(self) -> None:
        self.now = Clock()
        self._letters: list[DeadLetter] = []
        self.queue: GroupQueue[DeadLetter] = memory_stream(NAME, self._letters, now=self.now)

    def another(self) -> GroupQueue[DeadLetter]:
        """The same queue, as another program has it."""
        return self.queue

    def be_silent(self, seconds: float) -> None:
        """Let all readers be silent for so long."""
        self.now.pass_by(seconds)

    def letters(self) -> list[tuple[str, str, bytes]]:
        """Reason, detail and body of each dead letter."""
        return [(letter.reason, letter.detail, letter.message.body) for letter in self._letters]

    def close(self) -> None:
        """Nothing is open."""


class RedisRig:
    """A stream in Redis."""

    def __init__(self, url: str, now: Clock | None = None) -> None:
        self.now = now or Clock()
        self.url = url
        self.client = redis.Redis.from_url(url)
        self._queues: list[GroupQueue[DeadLetter]] = []
        self.queue = self.another()

    def another(self) -> GroupQueue[DeadLetter]:
        """The same queue, as another program has it."""
        queue = redis_stream(plain_client(self.url), NAME, now=self.now)
        self._queues.append(queue)
        return queue

    def be_silent(self, seconds: float) -> None:
        """Let all readers be silent for so long."""
        self.now.pass_by(seconds)
        self.age(seconds)

    def age(self, seconds: float) -> None:
        """Make the silence of all readers longer, but not the time."""
        if not self.client.exists(NAME) or not self.client.xinfo_groups(NAME):
            return
        for pending in self.client.xpending_range(NAME, GROUP, "-", "+", 10_000):
            silence = round(pending["time_since_delivered"] + seconds * 1000)
            who, what = pending["consumer"], [pending["message_id"]]
            self.client.xclaim(NAME, GROUP, who, 0, what, idle=silence, justid=True)

    def letters(self) -> list[tuple[str, str, bytes]]:
        """Reason, detail and body of each dead letter."""
        entries = [fields for _, fields in self.client.xrange(DEAD)]
        return [(fields[b"reason"].decode(), fields[b"detail"].decode(), fields[b"body"]) for fields in entries]

    def close(self) -> None:
        """Close all connections."""
        for queue in self._queues:
            queue.close()
        self.client.close()


def memory_list(now: Clock, expires_of: Callable[[bytes], float | None]) -> BareQueue:
    return MemoryListQueue(NAME, now=now, expires_of=expires_of)


def redis_list(url: str, now: Clock, expires_of: Callable[[bytes], float | None]) -> BareQueue:
    return RedisListQueue(plain_client(url), NAME, now=now, expires_of=expires_of)


def put(queue: Queue, *bodies: bytes) -> None:
    queue.put([Message(body) for body in bodies])


def taken(queue: Queue, reader: str = "a", count: int = 10, timeout: float = 0.0) -> Sequence[bytes]:
    return [delivery.message.body for delivery in queue.take(reader, count, timeout)]
