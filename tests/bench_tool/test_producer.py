"""Messages that a producer of load puts on a real list, and its report of them."""

import io
import json
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.bench.client.report import RedisReport
from rtserver.bench.producer import Producer, RedisOptions, quote_message, user_message
from rtserver.bench.progress import Progress

QUOTE = "BENCH:X:20130301"


class Taker:
    """Takes everything off the list whenever the producer waits, as a server would meanwhile."""

    def __init__(self, queue: MemoryQueue) -> None:
        self._queue = queue

    def __call__(self, seconds: float) -> None:
        self._queue.intake(0)


def run(
    queue: MemoryQueue | RedisQueue,
    sleep: Callable[[float], object],
    **options: Any,
) -> RedisReport:
    chosen = RedisOptions(**{"quotes": (QUOTE,), **options})
    return Producer(queue, "the list", chosen, Progress(io.StringIO()), sleep).run()


def test_a_steady_rate_pushes_as_many_as_are_due() -> None:
    queue = MemoryQueue()
    report = run(queue, Taker(queue), rate=1000, seconds=0.1)
    assert report.messages == 100
    assert report.waiting == 0
    assert report.drain_seconds is not None


def test_flat_out_never_lets_more_than_the_backlog_and_a_batch_wait() -> None:
    queue = MemoryQueue()
    report = run(queue, Taker(queue), rate=0, seconds=0.5, batch=10, backlog=20)
    assert report.messages > 30
    assert 20 < report.most_waiting <= 30


def test_a_burst_on_a_real_list_is_pushed_whole_and_timed_until_it_is_gone(redis_url: str) -> None:
    queue = RedisQueue(plain_client(redis_url))
    report = run(queue, lambda seconds: queue.intake(0), burst=1234, batch=100)
    assert report.messages == 1234
    assert report.most_waiting > 0
    assert report.waiting == 0
    assert report.drain_seconds is not None
    assert len(queue.read("0-0", 2000, 0)) == 1234
    queue.close()


def test_several_quotes_take_turns_and_no_label_comes_twice() -> None:
    queue = MemoryQueue()
    run(queue, Taker(queue), quotes=("A:B:20130301", "C:D:20130301"), burst=10, batch=10, size=500)
    points = [item for entry in queue.read("0-0", 100, 0) for item in json.loads(entry.raw)["data"]]
    assert {item["quote"] for item in points} == {"A:B:20130301", "C:D:20130301"}
    labels = [item["info"]["point"][0] for item in points]
    assert len(labels) == len(set(labels)) == 50
    assert all(re.fullmatch(r"~~~~\d+", label) for label in labels)


@pytest.mark.parametrize("size", [0, 200, 5000])
def test_a_message_has_about_the_size_that_was_asked_for(size: int) -> None:
    stamp = 12_345_678_901_234
    route = len(f'"to":"{QUOTE}",')
    for raw, more in ((quote_message(QUOTE, 1, stamp, size), route), (user_message("*", stamp, size), 0)):
        assert size * 0.8 <= len(raw) <= size * 1.2 + 130 + more


def test_messages_that_nobody_takes_are_a_warning_and_ctrl_c_ends_the_wait() -> None:
    queue = MemoryQueue()

    def press_ctrl_c(seconds: float) -> None:
        signal.raise_signal(signal.SIGINT)

    report = run(queue, press_ctrl_c, burst=5)
    assert report.is_interrupted
    assert (report.messages, report.waiting, report.drain_seconds) == (5, 5, None)
    assert "still on the list" in report.warnings[0]
