"""Queues at a broker: round trips a second, and processor time of ours for each message.

    python -m bench.amqp [URL]

Without a URL the broker in memory runs as a process of its own. A message has 120 bytes; it is put, accepted by the
broker, taken and accepted by us. Needs the extra ``amqp``.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tcelib.queue.address import parse_address
from tcelib.queue.amqp.open import need_proton, open_bare_queue, open_queue
from tcelib.queue.amqp.waiting import Waiting
from tcelib.queue.bare import never
from tcelib.queue.message import Message
from tcelib.queue.port import Queue
from tcelib.queue.shell.hub_waiting import HubWaiting
from tcelib.queue.shell.thread_waiting import ThreadWaiting

ADDRESS = "bench;{create:always,node:{type:queue,durable:true}}"
BODY = b"\x01" + b"x" * 119
ALONE, TOGETHER, BATCH = 1_000, 10_000, 200


class Row(NamedTuple):
    """Figures of one run. ``cpu_us`` is processor time of this process for each message, in microseconds."""

    what: str
    rate: float
    cpu_us: float


def one_by_one(queue: Queue, acknowledge: Callable[[list[str]], object]) -> int:
    """Put a message, take it, and so on: the next one waits for both answers of the broker."""
    for _ in range(ALONE):
        queue.put([Message(BODY)])
        acknowledge([delivery.id for delivery in queue.take("bench", 1, 5.0)])
    return ALONE


def in_batches(queue: Queue, acknowledge: Callable[[list[str]], object]) -> int:
    """Put many messages at once, and take as many."""
    batch = [Message(BODY)] * BATCH
    for _ in range(TOGETHER // BATCH):
        queue.put(batch)
        missing = BATCH
        while missing:
            found = queue.take("bench", missing, 5.0)
            acknowledge([delivery.id for delivery in found])
            missing -= len(found)
    return TOGETHER


def measure(url: str) -> Iterator[Row]:
    """Measure both kinds, with both ways to wait."""
    ways: tuple[tuple[str, Waiting], ...] = (("threads", ThreadWaiting()), ("gevent", HubWaiting()))
    for way, waiting in ways:
        bare = open_bare_queue(url, parse_address(ADDRESS), waiting, never)
        kept = open_queue(url, parse_address(ADDRESS), waiting)
        for work in (one_by_one, in_batches):
            name = work.__name__.replace("_", " ")
            yield timed(f"at most once, {name}, {way}", lambda work=work, bare=bare: work(bare, lambda _: None))
            yield timed(f"at least once, {name}, {way}", lambda work=work, kept=kept: work(kept, kept.acknowledge))
        bare.close()
        kept.close()


def timed(what: str, work: Callable[[], int]) -> Row:
    """Measure one row."""
    begun, cpu = time.perf_counter(), time.process_time()
    count = work()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return Row(what, count / seconds, cpu / count * 1e6)


@contextmanager
def broker() -> Iterator[str]:
    """The broker in memory, as a process."""
    command = [sys.executable, "-m", "tcelib.queue.broker", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().partition("127.0.0.1:")[2].partition(";")[0]
        try:
            yield f"amqp://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.stdout.read()


def show(url: str) -> None:
    """Measure and print a table."""
    print("| messages of 120 bytes | per second | own processor time, µs |\n|---|---|---|")
    for row in measure(url):
        print(f"| {row.what} | {row.rate:,.0f} | {row.cpu_us:.0f} |", flush=True)


def main() -> None:
    """See above."""
    need_proton()
    if len(sys.argv) > 1:
        show(sys.argv[1])
    else:
        with broker() as url:
            show(url)


if __name__ == "__main__":
    main()
