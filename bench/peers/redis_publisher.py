"""A backend of rtserver: RPUSH of what is due, in one command, to the list ``BENCH_QUEUE`` at ``BENCH_REDIS_URL``.

Topics are quotes (``BENCH:T0:20130301``, ...); own messages are ``pushuser`` to the users in ``BENCH_USERS``, and
messages for everyone are ``pushuser`` to ``"*"``.
"""

import os
import time

import redis
from work import TICK, Work

BACKLOG = 2000


def quote(topic: int, number: int, is_routed: bool) -> str:
    """One service message with one tick."""
    point = f'["~~~~{time.monotonic_ns()}",{400 + number % 100 / 4}]'
    name = f"BENCH:T{topic}:20130301"
    to = f'"to":"{name}",' if is_routed else ""
    return f'{{"type":"quote",{to}"src":"bench","data":[{{"quote":"{name}","info":{{"point":{point}}}}}]}}'


def push_user(user_id: str, payload: str, keep: str) -> str:
    """One service message for one user, or for ``"*"`` in quotation marks. ``keep`` is empty, or that member."""
    data = f'{{"user_id":{user_id},"type":"own","data":{payload}{keep}}}'
    return f'{{"type":"pushuser","src":"bench","data":{data}}}'


def due(work: Work, user_ids: list[str]) -> list[str]:
    """The service messages that are due."""
    numbers = work.take()
    keep = "" if work.is_kept else ',"keep":false'
    if work.is_own:
        places = work.places(numbers, len(user_ids))
        return [push_user(user_ids[place], work.payload(place), keep) for place in places]
    if work.is_for_everyone:
        return [push_user('"*"', work.payload(number), keep) for number in numbers]
    return [quote(work.topic(number), number, work.is_routed) for number in numbers]


def main() -> None:
    client = redis.Redis.from_url(os.environ["BENCH_REDIS_URL"])
    queue, user_ids = os.environ["BENCH_QUEUE"], os.environ["BENCH_USERS"].split()
    work = Work()
    work.listen()
    waiting = 0
    while True:
        messages = due(work, user_ids)
        # A server that cannot keep up is shown no more than a short queue: its messages would only grow old.
        if messages and waiting <= BACKLOG:
            waiting = int(client.rpush(queue, *messages))
        elif messages:
            waiting = int(client.llen(queue))
        time.sleep(TICK)


if __name__ == "__main__":
    main()
