"""Work that is done once: a queue in memory, a clock that is moved, and no threads."""

import logging
import re
from typing import Any

import pytest

from rtserver.base.failure.containment import StopRequest
from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import Mark
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Kept, QueueAwayError
from rtserver.base.queue.signature import Signer
from rtserver.service.message import BadData, Reason, encode
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.once_worker import LONGEST_DELAY, MOST_HELD, OnceRule, OnceWorker, delay_after
from rtserver.service.pipeline.suspects import POISON_DEATHS
from rtserver.service.queue_link import QueueLink
from tests.service_fakes import Recorder

STREAM = "once:number"


class Clumsy(Recorder):
    """Fails as often as it is told to for each number, ``inf`` for ever; None is bad data."""

    def __init__(self, failures: dict[int, float | None] | None = None) -> None:
        super().__init__()
        self.failures = failures or {}
        self.begun: list[int] = []

    def __call__(self, src: str, data: Any) -> None:
        self.begun.append(data)
        left = self.failures.get(data, 0)
        if left is None:
            raise BadData("no such number")
        if left:
            self.failures[data] = left - 1
            raise ConnectionError(f"{data} is away")
        super().__call__(src, data)


class Impatient(MemoryQueue):
    """Never waits for anything."""

    def _wait(self, is_there: Any, timeout: float) -> None:
        pass


class World:
    """A queue, a clock, and the workers that meet there."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.queue = Impatient(now=lambda: self.time)
        self.link = QueueLink(self.pass_by)
        self.dead_letters = DeadLetters(now=lambda: self.time)
        self.names = 0
        self.count = 0

    def pass_by(self, seconds: float) -> None:
        self.time += seconds

    def worker(self, handler: Recorder, tries: int = 3, mark: Mark | None = None) -> OnceWorker:
        self.names += 1
        return OnceWorker(
            handler,
            self.queue.work(STREAM),
            self.link,
            self.dead_letters,
            f"w{self.names}",
            rule=OnceRule(tries, 30.0),
            must_hold=lambda: False,
            pause=self.pass_by,
            now=lambda: self.time,
            mark=mark,
        )

    def bring(self, *datas: Any) -> None:
        """Messages, kept as work."""
        for data in datas:
            self.count += 1
            kept = Kept(STREAM, f"1-{self.count}", encode("number", "me", data))
            self.queue.keep(STREAM, kept.id, [kept])

    def letters(self) -> list[tuple[str, str]]:
        return [(letter.reason, letter.detail) for letter in self.queue.dead_letters(START, 100)]


def step(worker: OnceWorker, count: int = 1) -> None:
    """So many looks for work, and what is found is done."""
    for _ in range(count):
        work = worker.next()
        if work is not None:
            worker.do(work)


@pytest.fixture
def world() -> World:
    return World()


def test_messages_are_handled_in_order_flushed_and_removed(world: World) -> None:
    handler = Recorder()
    worker = world.worker(handler)
    world.bring(1, 2)
    step(worker, 3)
    assert handler.calls == [1, "flush", 2, "flush"]
    assert (worker.handled, world.queue.work(STREAM).length()) == (2, 0)


def test_each_message_is_handled_by_one_of_two_workers(world: World) -> None:
    handlers = [Recorder(), Recorder()]
    workers = [world.worker(handler) for handler in handlers]
    world.bring(*range(10))
    for _ in range(6):
        for worker in workers:
            step(worker)
    assert sorted(handlers[0].numbers + handlers[1].numbers) == list(range(10))
    assert all(len(handler.numbers) == 5 for handler in handlers)


def test_what_fails_is_tried_again_later_and_the_others_go_on(world: World) -> None:
    handler = Clumsy({1: 2})
    worker = world.worker(handler)
    world.bring(1, 2)
    step(worker, 3)
    assert (handler.begun, handler.numbers) == ([1, 2], [2])
    world.time += 1.0
    step(worker, 2)
    assert handler.begun == [1, 2, 1]
    world.time += 2.0
    step(worker, 2)
    assert (handler.begun, handler.numbers) == ([1, 2, 1, 1], [2, 1])
    assert (worker.handled, worker.retried, worker.claimed) == (2, 2, 0)
    assert world.letters() == []


def test_the_pauses_grow_to_a_limit() -> None:
    assert [delay_after(tries) for tries in (1, 2, 3)] == [1.0, 2.0, 4.0]
    assert delay_after(1000) == LONGEST_DELAY


def test_after_so_many_tries_it_is_a_dead_letter_with_the_last_error(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    worker = world.worker(Clumsy({1: float("inf")}), tries=3)
    world.bring(1)
    for _ in range(10):
        step(worker, 2)
        world.time += 5.0
    [(reason, detail)] = world.letters()
    assert reason == "handler_failed"
    assert re.fullmatch(r"ConnectionError: 1 is away \(pipeline/test_once_worker\.py:\d+ in __call__\)", detail)
    assert world.queue.work(STREAM).length() == 0
    assert world.dead_letters.counts["handler_failed"] == 1
    assert "is tried again: number: handler_failed: ConnectionError: 1 is away" in caplog.text
    assert "to the dead stream: number: handler_failed" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("data", "reason"), [(7, "bad_data"), ("seven", "bad_data")], ids=["by the handler", "by its shape"]
)
def test_bad_data_is_not_tried_again(world: World, data: Any, reason: str) -> None:
    handler = Clumsy({7: None})
    worker = world.worker(handler)
    world.bring(data, 8)
    step(worker, 3)
    assert [letter[0] for letter in world.letters()] == [reason]
    assert handler.numbers == [8]


def test_a_dead_letter_has_the_bytes_that_came(world: World) -> None:
    signed = Signer("the secret").sign(encode("number", "me", "bad"))
    world.queue.keep(STREAM, "1-1", [Kept(STREAM, "1-1", signed)])
    step(world.worker(Recorder()), 2)
    [letter] = world.queue.dead_letters(START, 10)
    assert (letter.raw, letter.src) == (signed, "me")


@pytest.mark.parametrize("error", [OSError("no room"), QueueAwayError("redis://other", "no room")], ids=str)
def test_a_flush_that_fails_is_a_failure_of_the_message(world: World, error: Exception) -> None:
    class Leaky(Recorder):
        def flush(self) -> None:
            raise error

    worker = world.worker(Leaky(), tries=1)
    world.bring(1)
    step(worker, 2)
    [(reason, detail)] = world.letters()
    assert reason == "handler_failed"
    assert detail.startswith(f"flush: {type(error).__name__}: {error} (pipeline/test_once_worker.py:")


class Batching(Clumsy):
    """Collects a number before it fails at it."""

    def __init__(self, failures: dict[int, float | None]) -> None:
        super().__init__(failures)
        self.collected: list[int] = []
        self.sent: list[int] = []

    def __call__(self, src: str, data: Any) -> None:
        self.collected.append(data)
        super().__call__(src, data)

    def flush(self) -> None:
        self.sent += self.collected
        self.collected = []

    def forget(self) -> None:
        self.collected = []


def test_what_a_message_that_failed_had_collected_does_not_go_out_with_the_next(world: World) -> None:
    handler = Batching({1: None})
    world.bring(1, 2)
    step(world.worker(handler), 3)
    assert handler.sent == [2]


def test_what_a_dead_worker_had_begun_another_does_after_a_while(world: World) -> None:
    dead, handler = world.worker(Recorder()), Recorder()
    alive = world.worker(handler)
    world.bring(1, 2)
    step(dead, 2)
    dead.next()  # takes 2, and is killed
    assert alive.next() is None
    step(alive, 2)
    assert handler.numbers == []
    world.time += 30.0
    step(alive, 2)
    assert handler.numbers == [2]
    assert alive.claimed == 1
    assert world.queue.work(STREAM).length() == 0


def test_a_message_that_kills_its_workers_kills_only_so_many(world: World) -> None:
    world.bring(1)
    for _ in range(3):
        worker = world.worker(Recorder(), tries=3)
        while worker.next() is None:
            pass
        world.time += 31.0
    handler = Recorder()
    last = world.worker(handler, tries=3)
    step(last, 2)
    assert handler.calls == []
    assert world.letters() == [("poison", "its worker died at the last of 3 tries")]


class Killer(Recorder):
    """Kills its process with the number 1, as far as a test can be killed."""

    def __call__(self, src: str, data: Any) -> None:
        if data == 1:
            raise StopRequest
        super().__call__(src, data)


def die_of(world: World, marks: MemoryMarks) -> MemoryMarks:
    """One life of a worker that dies in the middle of the number 1; its marks, as they stand at its death."""
    worker = world.worker(Killer(), tries=9, mark=(mark := marks.mark("number")))
    work = worker.next()
    while work is None:
        world.time += 0.4
        work = worker.next()
    deaths = max((suspect.deaths for suspect in mark.suspects()), default=0)
    with pytest.raises(StopRequest):
        worker.do(work)
    mark.set(work.id, deaths)  # what a dead process does not clear
    return MemoryMarks(marks)


def test_one_that_kills_its_own_server_is_poison_after_three_deaths(world: World) -> None:
    world.bring(1)
    marks = MemoryMarks()
    for _ in range(POISON_DEATHS):
        marks = die_of(world, marks)
    world.bring(2)
    world.time += 31.0
    handler = Recorder()
    step(world.worker(handler, tries=9, mark=marks.mark("number")), 4)
    assert world.letters() == [("poison", "3 processes have died while it was with its handler")]
    assert handler.numbers == [2]


def test_a_suspect_that_is_done_is_one_no_more(world: World) -> None:
    world.bring(1)
    marks = die_of(world, MemoryMarks())
    world.time += 31.0
    handler = Recorder()
    step(world.worker(handler, tries=9, mark=marks.mark("number")), 2)
    assert handler.numbers == [1]
    assert MemoryMarks(marks).mark("number").suspects() == []


@pytest.mark.parametrize("lost", ["take", "claim"])
def test_what_was_given_on_a_connection_that_broke_is_done_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    handler = Recorder()
    world.bring(7)
    begun = world.time
    if lost == "claim":
        assert world.queue.work(STREAM).take("one that died", 1, 0)
        world.time += 31
    worker = world.worker(handler)
    work = world.queue.work(STREAM)
    call, breaks = getattr(work, lost), [QueueAwayError("redis", "reset")]

    def unheard(*arguments: Any) -> Any:
        answer = call(*arguments)
        if answer and breaks:
            raise breaks.pop()
        return answer

    monkeypatch.setattr(work, lost, unheard)
    world.link.call(world.queue.waiting)  # it was connected before
    step(worker, 6)
    assert (handler.numbers, breaks) == ([7], [])
    assert world.time < begun + 40, "nobody had to fall silent for that"


def test_whoever_takes_long_and_says_so_keeps_the_message(world: World) -> None:
    other = world.worker(Recorder())

    class Slow(Recorder):
        def __call__(self, src: str, data: Any) -> None:
            for _ in range(10):
                world.time += 20.0
                slow.say_alive()
                assert other.next() is None
            super().__call__(src, data)

    handler = Slow()
    slow = world.worker(handler)
    world.bring(1)
    step(slow, 2)
    assert handler.numbers == [1]
    assert (slow.handled, other.claimed) == (1, 0)


def test_what_waits_to_be_tried_again_is_kept_as_well(world: World) -> None:
    handler = Clumsy({1: 1})
    worker, other = world.worker(handler), world.worker(Recorder())
    world.bring(1)
    step(worker, 2)
    world.time += 29.0
    worker.say_alive()
    world.time += 29.0
    assert other.next() is None
    step(worker)
    assert handler.numbers == [1]


def test_a_worker_that_was_frozen_leaves_what_others_have_claimed(world: World) -> None:
    frozen, handler = world.worker(Clumsy({1: 1})), Recorder()
    world.bring(1)
    step(frozen, 2)
    world.time += 100.0
    other = world.worker(handler)
    step(other, 2)
    frozen.say_alive()
    step(frozen, 3)
    assert (handler.numbers, frozen.retried, other.handled) == ([1], 0, 1)


def test_two_who_did_the_same_message_count_it_once(world: World) -> None:
    world.bring(1)
    other = world.worker(Recorder())

    class Overtaken(Recorder):
        def __call__(self, src: str, data: Any) -> None:
            world.time += 31.0
            step(other, 1)

    slow = world.worker(Overtaken())
    step(slow, 2)
    assert (slow.handled, other.handled) == (0, 1)


def test_at_the_end_others_may_take_over_at_once_and_no_try_is_lost(world: World) -> None:
    handler = Recorder()
    ending, other = world.worker(Clumsy({1: 1}), tries=2), world.worker(handler, tries=2)
    world.bring(1)
    step(ending, 2)
    ending.release()
    world.time += 1.0
    step(other, 2)
    assert handler.numbers == [1]
    assert other.claimed == 1


def test_a_queue_that_is_away_at_the_end_does_not_matter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = world.worker(Clumsy({1: 1}))
    world.bring(1)
    step(worker, 2)

    def away(*_: object) -> None:
        raise QueueAwayError("memory:", "gone")

    monkeypatch.setattr(world.queue.work(STREAM), "release", away)
    world.link.is_ending = True
    worker.release()


def test_when_everything_fails_no_more_is_begun(world: World) -> None:
    numbers = range(MOST_HELD + 50)
    handler = Clumsy(dict.fromkeys(numbers, float("inf")))
    worker = world.worker(handler, tries=1000)
    world.bring(*numbers)
    for _ in range(MOST_HELD * 3):
        step(worker)
    assert set(handler.begun) == set(range(MOST_HELD))


def test_running_ends_with_the_message_that_is_being_handled(world: World) -> None:
    class Last(Recorder):
        def __call__(self, src: str, data: Any) -> None:
            super().__call__(src, data)
            assert worker.running == "1-1"
            worker.finish()

    handler = Last()
    worker = world.worker(handler)
    world.bring(1, 2)
    worker.run()
    assert handler.numbers == [1]
    assert worker.running is None
    assert world.queue.work(STREAM).length() == 1


def test_how_much_is_left_is_known(world: World) -> None:
    worker = world.worker(Recorder())
    world.bring(1, 2, 3)
    worker.next()
    assert worker.waiting == 3


def test_a_retry_is_told_once_a_minute(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    worker = world.worker(Clumsy({1: float("inf"), 2: float("inf")}), tries=9)
    world.bring(1, 2)
    step(worker, 4)
    assert len(caplog.messages) == 1


class Choosy(Clumsy):
    """Rejects a part of each message."""

    def __call__(self, src: str, data: Any) -> None:
        self.reject_part(Reason.BAD_TIME, "too early", data)
        super().__call__(src, data)


def test_a_part_that_is_rejected_is_a_dead_letter_once_the_rest_is_done(world: World) -> None:
    worker = world.worker(Choosy({1: 1}))
    world.bring(1)

    step(worker, 3)
    assert len(world.dead_letters) == 0
    world.time += 1.0
    step(worker, 3)

    (letter,) = world.dead_letters.peek(10)
    assert (letter.reason, letter.raw, letter.entry) == ("bad_time", encode("number", "me", 1), "1-1")
    assert worker.handled == 1
