"""Source: a producer process of numbered messages, for many users and some quotes, that notes what Redis has taken.

    python -m soak.workers.source

reads one JSON object from its input (see ``Wish``), sends until its input ends, and then prints how many messages of
each source Redis has acknowledged.
"""

import json
import select
import sys
import time
from collections import Counter
from contextlib import closing
from itertools import cycle, islice
from typing import Any

import msgspec

from rtserver.bench.client.schedule import Schedule
from soak.chaos.numbered import Kind, Source
from tcelib.redis.redis_connection import plain_client

TICK_SECONDS = 0.02
NS = 1_000_000_000


class Wish(msgspec.Struct, frozen=True):
    """Order of a producer. ``pushes`` and ``quotes`` are messages a second, of all users and of all items."""

    redis_url: str
    queue: str
    users: list[str]
    items: list[str]
    pushes: float
    quotes: float


class Kinds:
    """Sources of one kind, which take turns at a rate."""

    def __init__(self, sources: list[Source], rate: float, sent: Counter[str], now: int) -> None:
        self._turns = cycle(sources)
        self._schedule = Schedule(rate, now)
        self._sent = sent

    def due(self, now: int) -> list[bytes]:
        """Return the messages that are due, numbered."""
        count = 0
        while self._schedule.take(now) is not None:
            count += 1
        return [self._next(source) for source in islice(self._turns, count)]

    def _next(self, source: Source) -> bytes:
        self._sent[source.name] += 1
        return source.message(self._sent[source.name])


def run(wish: Wish) -> Counter[str]:
    """Send until the input ends; the numbers of what was acknowledged."""
    sent: Counter[str] = Counter()
    now = time.monotonic_ns()
    kinds = [
        Kinds([Source(Kind.PUSH, user) for user in wish.users], wish.pushes, sent, now),
        Kinds([Source(Kind.QUOTE, item) for item in wish.items], wish.quotes, sent, now),
    ]
    with closing(plain_client(wish.redis_url)) as client:
        while not select.select([sys.stdin], [], [], TICK_SECONDS)[0]:
            now = time.monotonic_ns()
            messages: list[Any] = [message for kind in kinds for message in kind.due(now)]
            if messages:
                client.call("RPUSH", wish.queue, *messages)
    return sent


if __name__ == "__main__":
    print(json.dumps(run(msgspec.json.decode(sys.stdin.buffer.readline(), type=Wish))))
