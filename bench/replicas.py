"""Cost and delay of a bus that is read at replicas: what the primary is spared, and how much later a message comes.

    python -m bench.replicas

Starts a primary, a replica of it and a replica of that one, which keep nothing on disk, and four readers at one of
them. Prints a Markdown table; takes about half a minute.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import redis

from bench.process import redis_server
from rtserver.base.queue.port import Entry
from rtserver.base.queue.redis_queue import DEFAULT_NAME, RedisQueue, plain_client
from rtserver.base.queue.redis_replica import RedisPulse, RedisReplica
from rtserver.bench.process import running

READERS = 4
MESSAGES, INTERVAL = 2_000, 0.002
BYTES = 200
READ_COUNT, READ_SECONDS = 500, 1.0
WORKER = "bench"
PATIENCE_SECONDS = 30.0


def main() -> None:
    """Measure and print, or be a reader."""
    if sys.argv[1:]:
        read(sys.argv[1], is_replica=sys.argv[2] == "replica")
        return
    print(f"| {READERS} readers at | delay, p50 | p99 | the primary's processor time for a message |")
    print("|---|---:|---:|---:|")
    with ExitStack() as stack:
        primary = start(stack)
        replica = start(stack, primary)
        last = start(stack, replica)
        RedisPulse(plain_client(primary), DEFAULT_NAME, WORKER).beat("life 1")
        measure(primary, None, "primary")  # everything is warm, and the replicas follow
        for name, url, kind in (
            ("nowhere", None, "primary"),
            ("the primary", primary, "primary"),
            ("a replica", replica, "replica"),
            ("a replica of that", last, "replica"),
        ):
            delays, micros = measure(primary, url, kind)
            shown = [f"{delays[int(share * len(delays))] * 1e6:,.0f} µs" if delays else "" for share in (0.5, 0.99)]
            print(f"| {name} | {shown[0]} | {shown[1]} | {micros:.0f} µs |")


def start(stack: ExitStack, followed: str = "") -> str:
    """Start a Redis that follows another one, and return its address when it does."""
    port = followed.rpartition(":")[2].partition("/")[0]
    options = ("--replicaof", f"127.0.0.1 {port}") if followed else ()
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    url = stack.enter_context(redis_server(directory, "--repl-diskless-sync-delay", "0", *options))
    deadline = time.monotonic() + PATIENCE_SECONDS
    with redis.Redis.from_url(url) as client:
        while followed and client.info("replication")["master_link_status"] != "up":
            if time.monotonic() > deadline:
                raise TimeoutError("a replica does not follow")
            time.sleep(0.05)
    return url


def measure(primary: str, url: str | None, kind: str) -> tuple[list[float], float]:
    """Return the delays of all messages at all readers, in order, and the primary's microseconds for each message."""
    with redis.Redis.from_url(primary) as client, following(url, kind) as readers:
        before = spent(client)
        queue = RedisQueue(plain_client(primary))
        for _ in range(MESSAGES):
            queue.put([b"%.9f".ljust(BYTES) % time.monotonic()])
            queue.intake(0.0)
            time.sleep(INTERVAL)
        micros = (spent(client) - before) / MESSAGES * 1e6
        queue.close()
        delays = [
            float(line) for reader in readers for line in reader.communicate(timeout=PATIENCE_SECONDS)[0].split()
        ]
    return sorted(delays), micros


def spent(client: redis.Redis) -> float:
    """Return the processor time of a Redis, in seconds."""
    info = client.info("cpu")
    return float(info["used_cpu_user"] + info["used_cpu_sys"])


@contextmanager
def following(url: str | None, kind: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Readers in processes of their own, each of which reads by now."""
    with ExitStack() as stack:
        command = [sys.executable, "-m", "bench.replicas", url or "", kind]
        count = READERS if url else 0
        readers = [stack.enter_context(running(command, stdout=subprocess.PIPE, text=True)) for _ in range(count)]
        for reader in readers:
            assert reader.stdout is not None
            reader.stdout.readline()
        yield readers


def read(url: str, *, is_replica: bool) -> None:
    """Follow the bus, as a worker does, and print the delay of each message."""
    client = plain_client(url)
    queue, replica = RedisQueue(client), RedisReplica(client, DEFAULT_NAME, WORKER)

    def read_behind(after: str) -> list[Entry]:
        if is_replica:
            return replica.read(after, READ_COUNT, READ_SECONDS).entries
        return queue.read(after, READ_COUNT, READ_SECONDS)

    with redis.Redis.from_url(url) as other:
        [(newest, _)] = other.xrevrange(f"{{{DEFAULT_NAME}}}:bus", count=1)
    after = newest.decode()
    delays: list[float] = []
    print("ready", flush=True)
    while len(delays) < MESSAGES:
        entries = read_behind(after)
        now = time.monotonic()
        delays += [now - float(entry.raw) for entry in entries]
        after = entries[-1].id if entries else after
    print(*delays)


if __name__ == "__main__":
    main()
