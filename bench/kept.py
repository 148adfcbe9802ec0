"""What it costs Redis to keep one message for n users: memory and time for each user, and the longest script.

    python -m bench.kept

Starts a Redis of its own, which keeps nothing on disk. Prints a Markdown table; takes about 20 seconds.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import redis

from bench.free_port import free_port
from rtserver.base.queue_port import Bound, Kept
from rtserver.base.redis_queue import RedisQueue, plain_client

USERS = (1, 2, 100, 10_000)
SIZES = (100, 1_000, 100_000)
MOST_MESSAGES = 900
MOST_ENTRIES = 50_000
MOST_BYTES = 100_000_000
BOUND = Bound(1_000, 86_400)
START_SECONDS = 10.0


class Cost(NamedTuple):
    """``micros`` of Redis and ``size`` bytes for each user and message, ``longest`` milliseconds of one script."""

    micros: float
    size: float
    longest: float


def main() -> None:
    """Measure and print."""
    print("| users | message | memory for each user | Redis's time for each user | longest script |")
    print("|---:|---:|---:|---:|---:|")
    with own_redis() as url, redis.Redis.from_url(url) as client:
        for users in USERS:
            for size in SIZES:
                cost = measure(client, RedisQueue(plain_client(url)), users, size)
                print(
                    f"| {users:,} | {size:,} B | {cost.size:,.0f} B | {cost.micros:.1f} µs | {cost.longest:.1f} ms |"
                )


def measure(client: redis.Redis, queue: RedisQueue, users: int, size: int) -> Cost:
    """Several messages behind a first one, which makes the users' streams."""
    count = max(1, min(MOST_MESSAGES, MOST_ENTRIES // users, MOST_BYTES // (users * size)))
    now = time.time_ns() // 1_000_000
    client.flushall()
    keep(queue, users, size, f"{now}-1")
    client.config_set("slowlog-log-slower-than", -1)
    client.config_resetstat()
    memory = client.info("memory")["used_memory"]
    for number in range(2, 2 + count):
        keep(queue, users, size, f"{now}-{number}")
    grown = client.info("memory")["used_memory"] - memory
    spent = client.info("commandstats")["cmdstat_evalsha"]["usec"]
    client.slowlog_reset()
    client.config_set("slowlog-log-slower-than", 0)
    client.config_set("slowlog-max-len", 1_000)
    keep(queue, users, size, f"{now}-{2 + count}")
    scripts = [entry["duration"] for entry in client.slowlog_get(1_000) if entry["command"].startswith(b"EVAL")]
    return Cost(spent / count / users, grown / count / users, max(scripts) / 1000)


def keep(queue: RedisQueue, users: int, size: int, entry_id: str) -> None:
    """One message for all of them."""
    raw = entry_id.encode().ljust(size, b"x")
    queue.keep("users", entry_id, [Kept(f"user:{user}", entry_id, raw) for user in range(users)], BOUND)


@contextmanager
def own_redis() -> Iterator[str]:
    """The URL of an empty one."""
    port = free_port()
    options = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no")
    with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as process:
        url = f"redis://127.0.0.1:{port}/0"
        try:
            with redis.Redis.from_url(url) as client:
                await_answer(client)
            yield url
        finally:
            process.terminate()


def await_answer(client: redis.Redis) -> None:
    """Until it takes connections."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.ping()
            return
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                sys.exit("redis-server did not start")
            time.sleep(0.02)


if __name__ == "__main__":
    main()
