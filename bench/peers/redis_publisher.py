"""A backend of rtserver: RPUSH of what is due, in one command, to the list ``BENCH_QUEUE`` at ``BENCH_REDIS_URL``.

Several lists share the topics, by rendezvous hash; what goes to one of them is one command. Messages that go to no
topic go to the first list. Topics are quotes (``BENCH:T0:20130301``, ...); own messages are ``pushuser`` to the users
in ``BENCH_USERS``, and messages for everyone are ``pushuser`` to ``"*"``.
"""

import os
import time
from collections.abc import Sequence
from functools import lru_cache

import redis
from work import TICK, Work

from rtserver.base.queue.shard import queue_of

BACKLOG = 2000


def name_of(topic: int) -> str:
    """The quote of a topic."""
    return f"BENCH:T{topic}:20130301"


@lru_cache
def queue_of_topic(topic: int, queues: tuple[str, ...]) -> str:
    """The list that messages of a topic go to."""
    return queue_of(name_of(topic), queues)


def quote(topic: int, number: int, is_routed: bool) -> str:
    """One service message with one tick."""
    point = f'["~~~~{time.monotonic_ns()}",{400 + number % 100 / 4}]'
    name = name_of(topic)
    to = f'"to":"{name}",' if is_routed else ""
    return f'{{"type":"quote",{to}"src":"bench","data":[{{"quote":"{name}","info":{{"point":{point}}}}}]}}'


def push_user(user_id: str, payload: str, keep: str) -> str:
    """One service message for one user, or for ``"*"`` in quotation marks. ``keep`` is empty, or that member."""
    data = f'{{"user_id":{user_id},"type":"own","data":{payload}{keep}}}'
    return f'{{"type":"pushuser","src":"bench","data":{data}}}'


def due(work: Work, user_ids: Sequence[str], queues: tuple[str, ...]) -> dict[str, list[str]]:
    """The service messages that are due, by the list that they go to."""
    numbers = work.take()
    keep = "" if work.is_kept else ',"keep":false'
    shared: dict[str, list[str]] = {}
    if work.is_own:
        places = work.places(numbers, len(user_ids))
        shared[queues[0]] = [push_user(user_ids[place], work.payload(place), keep) for place in places]
    elif work.is_for_everyone:
        shared[queues[0]] = [push_user('"*"', work.payload(number), keep) for number in numbers]
    else:
        for number in numbers:
            topic = work.topic(number)
            message = quote(topic, number, work.is_routed)
            shared.setdefault(queue_of_topic(topic, queues), []).append(message)
    return {queue: messages for queue, messages in shared.items() if messages}


def main() -> None:
    client = redis.Redis.from_url(os.environ["BENCH_REDIS_URL"])
    queues, user_ids = tuple(os.environ["BENCH_QUEUE"].split()), os.environ["BENCH_USERS"].split()
    work = Work()
    work.listen()
    waiting = dict.fromkeys(queues, 0)
    while True:
        for queue, messages in due(work, user_ids, queues).items():
            # A server that cannot keep up is shown no more than a short queue: its messages would only grow old.
            if waiting[queue] <= BACKLOG:
                waiting[queue] = int(client.rpush(queue, *messages))
            else:
                waiting[queue] = int(client.llen(queue))
        time.sleep(TICK)


if __name__ == "__main__":
    main()
