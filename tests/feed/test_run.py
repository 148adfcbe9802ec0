"""Runs of feeds, from iterations that a test wrote down to messages on a queue."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import QueueAwayError, QueueError
from rtserver.feed.port import Feed, FeedError, FeedTick, QuoteInfo
from rtserver.feed.run import FeedOptions, FeedRun, FeedStatus
from tests.until import until

GOLD, IRON = "A:GOLD", "A:IRON"
OPTIONS = FeedOptions(src="me", batch_seconds=0.0, heartbeat_seconds=0.0)


def tick(number: int, quote: str = GOLD) -> FeedTick:
    return quote, QuoteInfo([1000 + number, 1.5], id=number)


class Script(Feed):
    """Each iteration yields what is in its list, and raises what is to be raised."""

    def __init__(self, *iterations: Sequence[FeedTick | Exception | None]) -> None:
        self._iterations = iter(iterations)
        self.begun = 0
        self.ended = 0

    def __iter__(self) -> Iterator[FeedTick | None]:
        self.begun += 1
        try:
            for item in next(self._iterations):
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.ended += 1


class Endless(Feed):
    """Ticks for ever, as fast as somebody takes them. ``made`` counts them."""

    def __init__(self) -> None:
        self.made = 0
        self.is_closed = threading.Event()

    def __iter__(self) -> Iterator[FeedTick | None]:
        try:
            while True:
                self.made += 1
                yield tick(self.made)
        finally:
            self.is_closed.set()


class Unsteady(MemoryQueue):
    """A queue whose calls fail while ``errors`` are left. A put that fails may have arrived all the same."""

    def __init__(self, *errors: QueueError) -> None:
        super().__init__()
        self.errors = list(errors)

    def put(self, raws: Sequence[bytes]) -> None:
        super().put(raws)
        if self.errors:
            raise self.errors.pop(0)


def run_of(feed: Feed, queue: MemoryQueue, options: FeedOptions = OPTIONS, **more: Any) -> FeedRun:
    return FeedRun(feed, queue, options, jitter=lambda: 0.0, **more)


def messages(queue: MemoryQueue) -> list[dict[str, Any]]:
    while queue.intake(0.0).messages:
        pass
    return [json.loads(entry.raw) for entry in queue.read("0-0", 100_000, 0.0)]


def ids(queue: MemoryQueue) -> list[int]:
    return [item["info"]["id"] for each in messages(queue) if each["type"] == "quote" for item in each["data"]]


def during(run: FeedRun, check: Callable[[], object]) -> None:
    """Run a feed that does not end, until ``check`` has come back."""
    failures: list[BaseException] = []

    def watch() -> None:
        try:
            check()
        except BaseException as error:  # noqa: BLE001 (it is raised again below)
            failures.append(error)
        run.stop()

    thread = threading.Thread(target=watch)
    thread.start()
    run.run()
    thread.join()
    for failure in failures:
        raise failure


def test_everything_of_a_feed_that_ends_is_on_the_queue_in_its_order() -> None:
    queue = MemoryQueue()
    feed = Script([tick(1), None, tick(2, IRON), tick(3)])
    status = run_of(feed, queue).run()
    assert ids(queue) == [1, 2, 3]
    assert (status.ticks, status.reconnects, status.is_away) == (3, 0, False)
    assert feed.ended == 1


def test_a_source_that_was_away_is_asked_again_and_its_repeats_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    queue = MemoryQueue()
    feed = Script([tick(1), tick(2), FeedError("gone")], [OSError("still gone")], [tick(1), tick(2), tick(3)])
    status = run_of(feed, queue).run()
    assert ids(queue) == [1, 2, 3]
    assert (status.ticks, status.repeats, status.reconnects, feed.begun) == (3, 2, 2, 3)
    assert [record.message for record in caplog.records if record.name == "rtserver.feed.reader"] == [
        "! the source is away: gone; trying until it is back",
    ]


def test_any_other_exception_ends_the_run_after_what_came_before_it() -> None:
    queue = MemoryQueue()
    with pytest.raises(KeyError, match="price"):
        run_of(Script([tick(1), KeyError("price")]), queue).run()
    assert ids(queue) == [1]


def test_a_list_that_is_too_long_holds_the_feed_and_the_feed_its_source() -> None:
    queue = MemoryQueue()
    feed = Endless()
    told: list[FeedStatus] = []
    run = run_of(feed, queue, FeedOptions(src="me", max_backlog=3, batch=10, heartbeat_seconds=0.0), tell=told.append)

    def check() -> None:
        until(lambda: told and told[-1].is_held, "the run is held")
        assert queue.waiting() == 3
        assert feed.made <= 3 * 10 + 10 + 10 + 1  # on the list, in hand, read ahead, about to be read
        while queue.intake(0.0).messages:
            pass
        until(lambda: queue.waiting() == 3, "the run goes on")

    during(run, check)
    found = ids(queue)
    assert found == list(range(1, len(found) + 1))
    assert feed.is_closed.wait(10)


def test_a_run_that_is_stopped_puts_what_it_has_and_ends_the_iteration() -> None:
    queue = MemoryQueue()
    feed = Endless()
    run = run_of(feed, queue, FeedOptions(src="me", batch_seconds=1000.0, batch=20_000, heartbeat_seconds=0.0))
    during(run, lambda: until(lambda: feed.made > 100, "some ticks are made"))
    found = ids(queue)
    assert found == list(range(1, len(found) + 1))
    assert run.status().ticks == len(found) >= 100
    assert feed.is_closed.is_set()


def test_a_put_that_may_have_arrived_is_tried_again_under_the_same_id() -> None:
    queue = Unsteady(QueueAwayError("redis://h:1/0", "reset"), QueueAwayError("redis://h:1/0", "refused"))
    run_of(Script([tick(1)]), queue).run()
    found = messages(queue)
    assert len(found) == 3
    assert len({each["id"] for each in found}) == 1


def test_a_queue_that_does_not_answer_at_the_start_ends_the_run() -> None:
    class Away(MemoryQueue):
        def waiting(self) -> int:
            raise QueueAwayError("redis://h:1/0", "refused")

    feed = Script([])
    with pytest.raises(QueueAwayError):
        run_of(feed, Away()).run()
    assert feed.begun == 0


def test_a_quiet_quote_gets_a_heartbeat_while_the_source_says_a_word() -> None:
    class Quiet(Feed):
        def __iter__(self) -> Iterator[FeedTick | None]:
            yield tick(1)
            while True:
                yield None

    queue = MemoryQueue()
    run = run_of(Quiet(), queue, FeedOptions(src="me", heartbeat_seconds=0.01))
    during(run, lambda: until(lambda: queue.waiting() > 2, "there are heartbeats"))
    beats = [each for each in messages(queue) if each["type"] == "quote_alive"]
    assert beats[0] == {"type": "quote_alive", "src": "me", "data": {"quotes": [GOLD]}}
