"""Cost of one message that Redis keeps for n users: memory and time for each user, and the longest script.

A user's first message is measured apart, because it makes his stream and a note about it.

    python -m bench.kept

Starts a Redis of its own, which keeps nothing on disk. Prints a Markdown table; takes about 20 seconds.
"""

import tempfile
import time

import redis

from bench.process import redis_server
from rtserver.base.queue.port import Bound, Kept
from rtserver.base.queue.redis_queue import RedisQueue, plain_client

USERS = (1, 2, 100, 10_000)
SIZES = (100, 1_000, 100_000)
MOST_MESSAGES = 900
MOST_ENTRIES = 50_000
MOST_BYTES = 100_000_000
BOUND = Bound(1_000, 86_400)


def main() -> None:
    """Measure and print."""
    print("| users | message | each user's first message | each next one | Redis's time for it | longest script |")
    print("|---:|---:|---:|---:|---:|---:|")
    with (
        tempfile.TemporaryDirectory() as directory,
        redis_server(directory) as url,
        redis.Redis.from_url(url) as client,
    ):
        for users in USERS:
            for size in SIZES:
                first, following, micros, longest = measure(client, RedisQueue(plain_client(url)), users, size)
                sizes = f"{users:,} | {size:,} B | {first:,.0f} B | {following:,.0f} B"
                print(f"| {sizes} | {micros:.1f} µs | {longest:.1f} ms |")


def measure(client: redis.Redis, queue: RedisQueue, users: int, size: int) -> tuple[float, ...]:
    """Return bytes for each user of the first message, which makes his stream, and of each of several next ones,
    Redis's microseconds for each user of these, and milliseconds of the longest script, which is one of the first.
    """
    count = max(1, min(MOST_MESSAGES, MOST_ENTRIES // users, MOST_BYTES // (users * size)))
    now = time.time_ns() // 1_000_000
    client.flushall()
    keep(queue, users, size, f"{now}-1")  # the connection has its room, the tables theirs
    client.flushall()
    client.config_set("slowlog-log-slower-than", 0)
    client.config_set("slowlog-max-len", 1_000)
    client.slowlog_reset()
    keep(queue, users, size, f"{now}-1")
    stream, note, body = (f"{{{queue.name}}}:{name}" for name in ("user:0", "newest:user:0", f"body:{now}-1"))
    first, note_size, body_size = (client.memory_usage(key, samples=0) or 0 for key in (stream, note, body))
    client.config_set("slowlog-log-slower-than", -1)
    scripts = [entry["duration"] for entry in client.slowlog_get(1_000) if entry["command"].startswith(b"EVAL")]
    client.slowlog_reset()
    client.config_resetstat()
    for number in range(2, 2 + count):
        keep(queue, users, size, f"{now}-{number}")
    grown = (client.memory_usage(stream, samples=0) or 0) - first
    spent = client.info("commandstats")["cmdstat_evalsha"]["usec"]
    shared = body_size / users
    return first + note_size + shared, grown / count + shared, spent / count / users, max(scripts) / 1000


def keep(queue: RedisQueue, users: int, size: int, entry_id: str) -> None:
    """One message for all of them."""
    raw = entry_id.encode().ljust(size, b"x")
    queue.keep("users", entry_id, [Kept(f"user:{user}", entry_id, raw) for user in range(users)], BOUND)


if __name__ == "__main__":
    main()
