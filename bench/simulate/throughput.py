"""Throughput of one and of two queues: of Redis alone, and of a worker that reads them."""

import os
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from statistics import median

import redis

from bench.process import LOAD_CORE, SERVER_CORE, available, redis_server
from bench.simulate.run import Load
from bench.simulate.watched import Watched, backlog_messages, message_of, name_of, watched
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.shard import queue_of
from rtserver.bench.client.mark import MARK

ROUNDS = 5
MESSAGES = 60_000
PUSHED = 1_000
LABEL = MARK[1:].decode()  # begins with the quotation mark of a text
UNWATCHED, WATCHED, TOPICS = 1_000, 500, 200
BACKLOG = Load("backlog", topics=TOPICS, backlog=MESSAGES)
PATIENCE_SECONDS = 30.0


def throughput() -> dict[str, float]:
    """Return messages a second with one queue and with two, medians of some rounds."""
    found: dict[str, float] = {}
    with ExitStack() as stack:
        urls = []
        for core in (LOAD_CORE, SERVER_CORE):
            urls.append(stack.enter_context(redis_server(stack.enter_context(tempfile.TemporaryDirectory()))))
            with redis.Redis.from_url(urls[-1]) as client:
                place(int(client.info("server")["process_id"]), core)
        one, two, both = [], [], []
        for _ in range(ROUNDS):  # in turn: what else the machine does, happens to all
            one.append(moved(urls[:1], 1))
            two.append(moved(urls[:1], 2))
            both.append(moved(urls, 2))
    found["moved_1_queue"], found["moved_2_queues"] = round(median(one)), round(median(two))
    found["moved_2_queues_2_redis"] = round(median(both))
    with watched(1, 1, 0) as single, watched(1, 2, 0) as double:
        rates = [(read(single), read(double)) for _ in range(ROUNDS)]
    for shards, of_one in enumerate(zip(*rates, strict=True), 1):
        found[f"read_{shards}_queues"] = round(median(of_one))
    return found


def place(pid: int, core: int) -> None:
    """Keep a process with one busy thread on a core."""
    os.sched_setaffinity(pid, {available(core)})


def moved(urls: Sequence[str], queues: int) -> float:
    """Return the messages a second that intakes move from lists to their buses: one intake, in turn or at once."""
    names = [f"bench:{number}" for number in range(queues)]
    homes = {name: urls[number % len(urls)] for number, name in enumerate(names)}
    for url in urls:
        with redis.Redis.from_url(url) as client:
            client.flushdb()
    for name, messages in backlog_messages(BACKLOG, UNWATCHED, names).items():
        fill(homes[name], name, messages)
    barrier = threading.Barrier(queues + 1)

    def move(name: str, url: str) -> None:
        with closing(RedisQueue(plain_client(url), name)) as queue:
            barrier.wait()
            while queue.intake(0.0).messages:
                pass

    threads = [threading.Thread(target=move, args=home) for home in homes.items()]
    for thread in threads:
        thread.start()
    barrier.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return MESSAGES / (time.perf_counter() - begun)


def read(server: Watched) -> float:
    """Return the messages a second that a worker takes of a backlog that nobody watches, but for its last ones."""
    queues = server.running.queues
    last = {queue_of(name_of(number), queues): number for number in range(WATCHED, WATCHED + TOPICS)}
    with server.running.clients() as clients:
        clients.connect(1)
        server.running.open_up(clients, list(last.values()))
        for queue, messages in backlog_messages(BACKLOG, UNWATCHED, queues).items():
            fill(server.running.redis_url, f"staged:{queue}", messages)
            server.redis.rpush(f"staged:{queue}", message_of([name_of(last[queue])], time.monotonic_ns(), LABEL))
        meter = clients.meter()
        begun = time.perf_counter()
        with server.redis.pipeline(transaction=False) as pipe:
            for queue in queues:
                pipe.rename(f"staged:{queue}", queue)  # all at once: the server finds them as if it had been away
            pipe.execute()
        clients.read_until(lambda: meter.deliveries >= len(queues), meter.on_bytes, PATIENCE_SECONDS)
        return MESSAGES / (time.perf_counter() - begun)


def fill(url: str, name: str, messages: Sequence[str]) -> None:
    """Put messages on a list."""
    with redis.Redis.from_url(url) as client:
        for begin in range(0, len(messages), PUSHED):
            client.rpush(name, *messages[begin : begin + PUSHED])
