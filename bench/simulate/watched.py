"""A real server under small loads: what each of its processes, and Redis, spend on them.

All of a server's processes share one core, Redis, producer and clients the other. So only processor times are
compared, never rates; they are those of ``/proc``, to the nanosecond.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import redis

from bench.clients import Clients, sample
from bench.peers.running import RunningPeer, started
from bench.peers.table import PRODUCT
from bench.peers.work import Order
from bench.process import SERVER_CORE, available, thread_seconds
from bench.simulate.run import Load, Run
from rtserver.base.queue.shard import queue_of
from rtserver.bench.client.error import TargetError
from rtserver.bench.process import family

SETTLE_SECONDS = 1.2
"""A cycle of the history's writer, which saves what the load before has left."""
QUIET_SECONDS = 40.0
QUIET_BUSY = 0.03
LOOK_SECONDS = 0.3
PUSHED = 100


@dataclass(frozen=True)
class Moment:
    """All counters at one time."""

    at: float
    spent: tuple[float, ...]
    redis_spent: float
    messages: int
    reads: int
    redis_sent: int


class Watched:
    """A server with so many workers and its Redis, whose processor times and counters are known."""

    def __init__(self, running: RunningPeer, client: "redis.Redis[bytes]", workers: int) -> None:
        self.running = running
        self.redis = client
        self.workers = workers
        self._redis_pid = int(client.info("server")["process_id"])
        self._pids: list[int] = []
        self.wait_quiet()

    def moment(self) -> Moment:
        """Return what all counters say now."""
        buses = [f"{{{queue}}}:bus" for queue in self.running.queues]
        reads = self.redis.info("commandstats").get("cmdstat_xread", {"calls": 0})["calls"]
        return Moment(
            time.perf_counter(),
            tuple(map(thread_seconds, self._pids)),
            thread_seconds(self._redis_pid),
            sum(int(self.redis.xinfo_stream(bus)["entries-added"]) for bus in buses if self.redis.exists(bus)),
            int(reads),
            int(self.redis.info("stats")["total_net_output_bytes"]),
        )

    def wait_quiet(self) -> None:
        """Wait until all workers are there and do next to nothing. Raises ``TargetError``."""
        expected = 1 if self.workers == 1 else 1 + self.workers
        deadline = time.monotonic() + QUIET_SECONDS
        while True:
            self._pids = family(self.running.pid)
            before = sum(map(thread_seconds, self._pids))
            time.sleep(LOOK_SECONDS)
            spent = sum(map(thread_seconds, self._pids)) - before
            if len(self._pids) == expected and spent < LOOK_SECONDS * QUIET_BUSY * self.workers:
                break
            if time.monotonic() > deadline:
                raise TargetError("the workers do not come to rest")
        for pid in self._pids:
            for task in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {available(SERVER_CORE)})

    def run(self, clients: Clients, load: Load, first: int, seconds: float) -> Run:
        """Measure a load of quotes from number ``first`` on."""
        order = Order(rate=load.rate, batch=load.batch, topics=load.topics, first=first, routed=True)
        if load.backlog:
            return self._drain(clients, load, first)
        self.running.order(order)
        clients.whole = sampled = sample(clients.sockets) if load.viewers > 1 else set(clients.sockets)
        clients.read_for(clients.meter().on_bytes, SETTLE_SECONDS)
        meter, skimmed, reads = clients.meter(), clients.skimmed, 0

        def on_bytes(number: int, data: bytes) -> None:
            nonlocal reads
            reads += 1
            meter.on_bytes(number, data)

        before = self.moment()
        clients.read_for(on_bytes, seconds)
        after = self.moment()
        self.running.rest()
        share = len(clients.sockets) / max(1, len(sampled))
        done = self._run(clients, load, before, after)
        skimmed = clients.skimmed - skimmed
        return replace(done, deliveries=meter.among(skimmed), reads=round(reads * share), sent=meter.size + skimmed)

    def _drain(self, clients: Clients, load: Load, first: int) -> Run:
        queues = self.running.queues
        waiting = backlog_messages(load, first, queues)
        before = self.moment()
        with self.redis.pipeline(transaction=False) as pipe:
            for queue, messages in waiting.items():
                for begin in range(0, len(messages), PUSHED):
                    pipe.rpush(queue, *messages[begin : begin + PUSHED])
            pipe.execute()
        while any(map(self.redis.llen, queues)):
            time.sleep(LOOK_SECONDS)
        self.wait_quiet()
        return self._run(clients, load, before, self.moment())

    def _run(self, clients: Clients, load: Load, before: Moment, after: Moment) -> Run:
        took = after.at - before.at
        spent = [late - early for early, late in zip(before.spent, after.spent, strict=True)]
        return Run(
            load=load,
            workers=self.workers,
            shards=len(self.running.queues),
            clients=len(clients.sockets),
            seconds=round(took, 3),
            messages=after.messages - before.messages,
            turns=after.reads - before.reads,
            deliveries=0,
            reads=0,
            sent=0,
            redis_sent=after.redis_sent - before.redis_sent,
            busy=round(sum(spent) / took, 6),
            busiest=round(max(spent) / took, 6),
            redis_busy=round((after.redis_spent - before.redis_spent) / took, 6),
        )


def name_of(topic: int) -> str:
    """Return the quote with that number."""
    return f"BENCH:T{topic}:20130301"


def backlog_messages(load: Load, first: int, queues: Sequence[str]) -> dict[str, list[str]]:
    """Return the messages for each queue, whose quotes belong there: each queue has an equal part of them."""
    found = {}
    for queue in queues:
        names = [name for name in map(name_of, range(first, first + load.topics)) if queue_of(name, queues) == queue]
        turns = cycle(names)
        count = load.backlog // len(queues)
        found[queue] = [message_of(list(islice(turns, load.quotes)), number) for number in range(count)]
    return found


def message_of(names: Sequence[str], number: int, label: str = "") -> str:
    """Return a message with one tick of each of these quotes."""
    point = f'{{"point":["{label}{number}",{400 + number % 9}]}}'
    data = ",".join(f'{{"quote":"{name}","info":{point}}}' for name in names)
    return f'{{"type":"quote","to":"{" ".join(names)}","src":"bench","data":[{data}]}}'


@contextmanager
def watched(workers: int, shards: int, users: int, options: Sequence[str] = ()) -> Iterator[Watched]:
    """A server with so many workers and queues, up and quiet, whose clients are so many logged-in users."""
    peer = replace(PRODUCT, users=users, queues=shards, options=("--workers", str(workers), *options))
    with started(peer) as running, closing(redis.Redis.from_url(running.redis_url)) as client:
        yield Watched(running, client, workers)
