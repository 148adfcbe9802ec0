import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Entry, Lone, number_of, order_of
from rtserver.service.message import encode
from rtserver.service.pipeline.bus_reader import COMPANY_SECONDS, BusReader
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.dispatcher import ServiceMessageDispatcher
from rtserver.service.pipeline.intake import LONGEST_HOLD, Intake
from rtserver.service.pipeline.lane import Lane
from rtserver.service.pipeline.read_pace import ReadPace
from rtserver.service.pipeline.standby import LOOK_SECONDS
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import HOLD_SECONDS
from tests.service_fakes import Recorder

MOST_BYTES = 1_000_000


class Worker:
    """Reader and intake on a queue in memory, whose waits take no time; ``held`` says how often they still hold."""

    def __init__(self, queue: MemoryQueue, *, name: str = "one", **bounds: int) -> None:
        self.queue = queue
        self.now = 0.0
        self.held = 0
        self.handler = Recorder()
        self.lane = Lane(self.handler, DeadLetters())
        self.lost_before: list[str] = []
        self.lane.on_lost = self.lost_before.append
        dispatcher = ServiceMessageDispatcher([self.lane], DeadLetters())
        link = QueueLink(self.pause)
        waits: dict[str, Any] = {"must_hold": lambda: self.held > 0, "pause": self.pause}
        self.reader = BusReader(
            queue, link, dispatcher, count=bounds.get("count", 500), worker=name, now=lambda: self.now, **waits
        )
        self.dead_letters = DeadLetters()
        self.intake = Intake(
            queue,
            link,
            self.reader,
            max_ahead=bounds.get("max_ahead", 1000),
            dead_letters=self.dead_letters,
            most_bytes=bounds.get("most_bytes", 0),
            now=lambda: self.now,
            **waits,
        )

    def pause(self, seconds: float) -> None:
        self.held -= 1
        self.on_pause()

    def on_pause(self) -> None:
        pass

    def numbers(self) -> list[int]:
        while len(self.lane):
            self.lane.work()
        return self.handler.numbers


class InstantQueue(MemoryQueue):
    """Nobody waits for a first message."""

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        return super().read(after, count, 0)

    def intake(self, timeout: float, known: str = START, lone: Lone | None = None) -> Any:
        return super().intake(0, known, lone)

    def await_company(self, worker: str, timeout: float) -> bool:
        return super().await_company(worker, 0)


def put(queue: MemoryQueue, *numbers: int) -> None:
    queue.put([encode("number", "test", number) for number in numbers])


def test_what_was_on_the_bus_before_the_start_is_not_read_and_all_later_is() -> None:
    queue = InstantQueue()
    put(queue, 1, 2)
    queue.intake(0)
    worker = Worker(queue)
    worker.reader.locate()
    put(queue, 3, 4)
    worker.intake.move()
    worker.reader.read()
    assert worker.numbers() == [3, 4]
    assert (worker.intake.moved, worker.reader.received, worker.reader.lost) == (2, 2, 0)


def test_the_reader_stops_exactly_when_its_goal_is_dispatched() -> None:
    queue = InstantQueue()
    worker = Worker(queue, count=2)
    worker.reader.locate()
    put(queue, *range(5))
    worker.intake.move()
    worker.reader.finish(worker.intake.newest_id)
    assert not worker.reader.is_done
    worker.reader.run()
    assert worker.numbers() == [0, 1, 2, 3, 4]
    assert worker.reader.is_done


def test_a_reader_without_anything_to_read_is_done_at_once() -> None:
    worker = Worker(InstantQueue())
    worker.reader.locate()
    worker.reader.finish(worker.intake.newest_id)
    worker.reader.run()
    assert worker.reader.received == 0


def test_one_read_waits_while_the_other_side_is_congested_and_no_more_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = InstantQueue()
    worker = Worker(queue, count=2)
    worker.reader.locate()
    put(queue, 1, 2, 3)
    worker.intake.move()
    worker.held = 25
    reads: list[str] = []
    read = queue.read
    monkeypatch.setattr(queue, "read", lambda *wanted: reads.append(wanted[0]) or read(*wanted))
    seen: set[tuple[int, str, int]] = set()
    monkeypatch.setattr(worker, "on_pause", lambda: seen.add((len(reads), worker.reader.reached, len(worker.lane))))
    begin = worker.reader.position
    worker.reader.read()
    assert worker.held == 0
    assert seen == {(1, worker.reader.position, 0)}
    assert worker.numbers() == [1, 2]
    worker.reader.read()
    assert worker.numbers() == [1, 2, 3]
    assert reads[0] == begin


def test_the_next_read_is_asked_for_before_the_last_one_is_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = InstantQueue()
    worker = Worker(queue, count=1)
    worker.reader.locate()
    put(queue, 1, 2)
    worker.intake.move()
    story: list[str] = []
    read, offer = queue.read, worker.lane.offer
    monkeypatch.setattr(queue, "read", lambda *wanted: story.append("read") or read(*wanted))
    monkeypatch.setattr(worker.lane, "offer", lambda *offered: story.append("dispatch") or offer(*offered))
    monkeypatch.setattr(worker, "on_pause", lambda: story.append("pause"))
    monkeypatch.setattr(worker.reader, "rest", lambda: False)
    worker.reader.finish(worker.intake.newest_id)
    worker.reader.run()
    assert story == ["read", "pause", "dispatch"] * 2


def test_the_intake_leaves_a_backlog_on_the_list_until_the_reader_comes_closer() -> None:
    queue = InstantQueue(batch=10)
    worker = Worker(queue, max_ahead=25)
    worker.reader.locate()
    put(queue, *range(100))
    while not worker.intake.is_too_far_ahead:
        worker.intake.move()
    assert worker.intake.moved == 30
    assert queue.waiting() == 70
    worker.reader.read()
    assert not worker.intake.is_too_far_ahead


def test_the_intake_runs_ahead_by_half_of_the_bytes_that_the_bus_may_have(caplog: pytest.LogCaptureFixture) -> None:
    queue = InstantQueue(batch=1)
    queue.bus_bytes = 20_000
    worker = Worker(queue, count=1)
    put(queue, 0)
    queue.intake(0)
    worker.reader.locate()
    for number in range(100):
        queue.put([encode("number", "test", number) + b" " * 1_000])
    while queue.waiting():
        while not worker.intake.is_too_far_ahead and queue.waiting():
            worker.intake.move()
        worker.reader.read()
    while worker.reader.position != queue.newest_id():
        worker.reader.read()
    assert worker.numbers() == list(range(100))
    assert worker.reader.lost == 0


def test_of_a_message_that_is_too_large_the_beginning_is_buried_with_length_and_hash() -> None:
    queue = InstantQueue(most_bytes=MOST_BYTES)
    worker = Worker(queue, most_bytes=MOST_BYTES)
    worker.reader.locate()
    large = b"x" * 3_000_000
    queue.put([large, encode("number", "test", 1)])
    worker.intake.move()
    worker.intake.move()
    worker.reader.read()
    assert worker.numbers() == [1]
    [letter] = queue.dead_letters(START, 10)
    assert (letter.reason, letter.raw, letter.bytes) == ("bad_message", large[:4096], len(large))
    assert letter.sha256 == hashlib.sha256(large).hexdigest()
    assert letter.detail == f"3000000 bytes; allowed are {MOST_BYTES}"
    assert worker.dead_letters.counts["bad_message"] == 1
    assert queue.aside() is None


def test_entries_that_were_trimmed_unread_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    queue = InstantQueue(bus_length=10)
    worker = Worker(queue)
    put(queue, 0)
    queue.intake(0)
    worker.reader.locate()
    put(queue, *range(1, 31))
    worker.intake.move()
    worker.reader.read()
    assert worker.numbers() == list(range(21, 31))
    assert worker.reader.lost == 20
    assert "20 entries were trimmed" in caplog.text
    worker.numbers()
    assert len(worker.lost_before) == 1


def swap(worker: Worker, queue: InstantQueue) -> None:
    """Redis fails over to another one."""
    worker.queue = worker.reader._queue = worker.intake._queue = queue


@pytest.mark.parametrize("clock", [900.0, 1_000.0, 1_100.0])
def test_a_redis_that_comes_back_empty_goes_on_behind_what_was_read(
    clock: float, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(InstantQueue(now=lambda: 1_000.0))
    worker.reader.locate()
    put(worker.queue, *range(5))
    worker.intake.move()
    worker.reader.read()
    before = worker.reader.position
    swap(worker, InstantQueue(now=lambda: clock))
    worker.reader.read()
    put(worker.queue, 7)
    worker.intake.move()
    worker.reader.read()
    assert worker.numbers() == [0, 1, 2, 3, 4, 7]
    assert order_of(worker.reader.position) > order_of(before)
    assert number_of(worker.reader.position) == 6
    assert "lost the whole bus" in caplog.text
    assert worker.reader.lost == 0
    assert len(worker.lost_before) == 1


@pytest.mark.parametrize("clock", [900.0, 1_000.0, 1_100.0])
@pytest.mark.parametrize("is_silent", [False, True])
def test_a_bus_that_has_lost_its_end_goes_on_behind_what_was_read_and_the_difference_is_counted(
    clock: float, is_silent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    lagging = InstantQueue(now=lambda: clock)
    worker = Worker(InstantQueue(now=lambda: 1_000.0))
    worker.reader.locate()
    for queue in (worker.queue, lagging):
        put(queue, *range(10))
    lagging.intake(0)
    lagging._bus.clear()
    worker.intake.move()
    lagging._bus.extend(worker.queue._bus)  # so far the replica has come
    put(worker.queue, *range(10, 30))
    worker.intake.move()
    worker.reader.read()
    swap(worker, lagging)
    if is_silent:
        worker.intake.move()
        worker.reader.read()
        assert worker.reader.position == lagging.newest_id()
    put(lagging, *range(30, 50))
    worker.intake.move()
    worker.reader.read()
    assert worker.numbers() == list(range(50))
    assert worker.reader.lost == 20
    assert "lost its last 20" in caplog.text
    assert worker.lost_before == []  # it had read them all
    assert number_of(worker.reader.position) == 50


def test_what_was_moved_and_not_read_before_the_end_was_lost_is_counted_once() -> None:
    lagging = InstantQueue(now=lambda: 900.0)
    worker = Worker(InstantQueue(now=lambda: 1_000.0))
    worker.reader.locate()
    put(worker.queue, 0, 1)
    worker.intake.move()
    lagging._bus.extend(worker.queue._bus)
    worker.reader.read()
    put(worker.queue, 2, 3, 4)
    worker.intake.move()
    swap(worker, lagging)
    for _ in range(2):
        worker.intake.move()
        worker.reader.read()
    put(lagging, 5)
    worker.intake.move()
    worker.reader.read()
    assert (worker.numbers(), worker.reader.lost) == ([0, 1, 5], 3)
    assert len(worker.lost_before) == 1


def test_an_intake_that_is_held_back_for_long_asks_less_often_until_it_may_go_on() -> None:
    queue = InstantQueue(bus_length=10)
    worker = Worker(queue)
    queue.begin_keeping("idle")
    put(queue, *range(25))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 10:
            queue.keep("idle", queue.newest_id(), [])
        worker.intake.is_stopped = len(pauses) == 12

    worker.intake._pause = pause
    worker.intake.run()
    assert pauses == [
        HOLD_SECONDS,
        *(min(HOLD_SECONDS * 2**n, LONGEST_HOLD) for n in range(1, 10)),
        HOLD_SECONDS,
        2 * HOLD_SECONDS,
    ]


def test_an_intake_that_is_held_back_has_cursors_moved_on_until_it_may_go_on() -> None:
    queue = InstantQueue(bus_length=10)
    worker = Worker(queue)
    queue.begin_keeping("idle")
    put(queue, *range(25))
    seen: list[int] = []

    def on_held() -> None:
        seen.append(worker.intake.moved)
        queue.keep("idle", queue.newest_id(), [])
        worker.intake.is_stopped = len(seen) == 2

    worker.intake.on_held.append(on_held)
    worker.intake.run()
    assert seen == [10, 20]
    worker.intake.move()
    assert (worker.intake.moved, worker.intake.is_held) == (25, False)


def test_a_reader_waits_where_the_bus_has_a_format_that_it_cannot_read(caplog: pytest.LogCaptureFixture) -> None:
    queue = InstantQueue()
    worker = Worker(queue)
    queue.format = b"2"

    def go_back() -> None:
        queue.format = None

    worker.on_pause = go_back  # type: ignore[method-assign]
    worker.reader.locate()
    text = "the bus of memory: has format 2; this version reads up to 1, so start a newer one"
    assert [line for line in caplog.messages if "format" in line] == [
        f"! the queue refuses: memory:: {text}; trying again"
    ]


class UnreadQueue(InstantQueue):
    """The bus of a worker that is alone: nobody waits on it."""

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        raise AssertionError("a trip of the reader's own")


def test_a_reader_that_rests_is_fed_what_the_intake_moves() -> None:
    worker = Worker(UnreadQueue())
    worker.reader.locate()
    assert worker.reader.rest()
    for number in range(3):
        put(worker.queue, number)
        worker.intake.move()
        worker.reader.look_for_company()
    assert worker.numbers() == [0, 1, 2]
    assert (worker.reader.is_resting, worker.reader.received, worker.reader.lost) == (True, 3, 0)
    assert worker.reader.position == worker.queue.newest_id()


def test_when_another_worker_moves_messages_the_reader_reads_by_itself_and_rests_again_much_later() -> None:
    queue = InstantQueue()
    worker, other = Worker(queue), Worker(queue, name="other")
    for each in (worker, other):
        each.reader.locate()
    worker.reader.rest()
    put(queue, 1)
    worker.intake.move()
    put(queue, 2)
    other.intake.move()
    worker.reader.look_for_company()
    assert not worker.reader.is_resting
    worker.reader.read()
    assert worker.numbers() == [1, 2]
    worker.now = COMPANY_SECONDS - 1
    assert not worker.reader.rest()
    worker.now = COMPANY_SECONDS
    assert worker.reader.rest()


def test_two_workers_that_both_want_to_rest_both_get_everything_once() -> None:
    queue = InstantQueue()
    workers = [Worker(queue), Worker(queue, name="other")]
    for worker in workers:
        worker.reader.locate()
        worker.reader.rest()
    for number in range(10):
        put(queue, number)
        workers[number % 2].intake.move()
        for worker in workers:
            if worker.reader.is_resting:
                worker.reader.look_for_company()
            if not worker.reader.is_resting:
                worker.reader.read()
    assert [worker.numbers() for worker in workers] == [list(range(10))] * 2
    assert [worker.reader.lost for worker in workers] == [0, 0]


def test_a_reader_that_begins_to_rest_reads_on_until_an_intake_has_asked_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = InstantQueue()
    worker, other = Worker(queue), Worker(queue, name="other")
    for each in (worker, other):
        each.reader.locate()
    looks: list[int] = []
    look = worker.reader.look_for_company
    monkeypatch.setattr(worker.reader, "look_for_company", lambda: looks.append(len(worker.lane)) or look())

    def pause() -> None:
        if len(worker.lane) == 1:
            worker.intake.move()  # it asks; the one that was under way did not
        if looks:
            worker.reader.finish(worker.reader.position)

    monkeypatch.setattr(worker, "on_pause", pause)
    put(queue, 1)
    other.intake.move()
    worker.reader.run()
    assert looks[0] == 1
    assert worker.numbers() == [1]


def test_what_an_intake_feeds_while_the_last_read_is_under_way_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = InstantQueue()
    worker = Worker(queue)
    worker.reader.locate()
    worker.reader.rest()
    read = queue.read

    def read_slowly(after: str, count: int, timeout: float) -> list[Entry]:
        put(queue, 1, 2)
        worker.intake.move()
        return read(after, count, timeout)

    monkeypatch.setattr(queue, "read", read_slowly)
    worker.reader.read()
    assert (worker.numbers(), worker.reader.lost) == ([1, 2], 0)


def test_an_intake_stands_by_while_another_worker_moves_all_that_comes_and_goes_on_when_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = InstantQueue()
    worker, other = Worker(queue), Worker(queue, name="other")
    for each in (worker, other):
        each.reader.locate()
        each.intake.move()
    looks: list[float] = []

    def others_move() -> None:
        worker.now += 0.001
        put(queue, *range(10))
        other.intake.move()
        worker.reader.read()

    def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) < 5:
            others_move()
        elif len(looks) == 5:
            put(queue, 1)  # and the other one does not come

    def move(move: Callable[[], None] = worker.intake.move) -> None:
        move()
        worker.intake.is_stopped = worker.intake.moved > 0

    monkeypatch.setattr(worker.intake, "_pause", look)
    monkeypatch.setattr(worker.intake, "move", move)
    monkeypatch.setattr(worker.reader, "_pause", lambda seconds: None)
    others_move()
    move()
    worker.intake.run()
    assert looks == [LOOK_SECONDS] * 5
    assert (worker.intake.moved, queue.waiting()) == (1, 0)
    assert not worker.reader.rest()


def test_a_reader_waits_for_company_only_while_others_move_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = InstantQueue()
    worker, other = Worker(queue), Worker(queue, name="other")
    for each in (worker, other):
        each.reader.locate()
    pauses: list[float] = []
    monkeypatch.setattr(ReadPace, "pause", lambda pace, now, entries, wanted: wanted / 1000)
    monkeypatch.setattr(worker.reader, "_pause", pauses.append)

    def read() -> list[float]:
        put(queue, 1, 2)
        other.intake.move()
        pauses.clear()
        worker.reader.read()
        return [each for each in pauses if each]

    assert read() == []
    worker.reader.note_company()
    assert read() == [0.002]
    worker.now += COMPANY_SECONDS
    assert read() == []


class Hurried:
    """An event that notes for how long somebody waited."""

    def __init__(self) -> None:
        self.waits: list[float | None] = []
        self.sets = 0

    def set(self) -> None:
        self.sets += 1

    def clear(self) -> None:
        """Nobody wakes anybody here."""

    def wait(self, timeout: float | None = None) -> None:
        self.waits.append(timeout)


def test_a_reader_that_is_relieved_pauses_until_it_is_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = InstantQueue()
    worker, other = Worker(queue), Worker(queue, name="other")
    for each in (worker, other):
        each.reader.locate()
    hurried = worker.reader._hurried = Hurried()
    worker.reader.note_company()
    monkeypatch.setattr(ReadPace, "relieved_pause", lambda pace, now, wanted: 0.02 if wanted < 3 else 0.0)

    def read(*numbers: int) -> list[float | None]:
        put(queue, *numbers)
        other.intake.move()
        hurried.waits.clear()
        worker.reader.read()
        return hurried.waits

    assert read(1, 2) == []
    worker.reader.is_relieved = True
    assert read(1, 2) == [0.02]
    assert read(1, 2, 3) == []
    worker.reader.hurry()
    worker.reader.finish(queue.newest_id())
    assert hurried.sets == 2
    assert read(4) == []


def test_what_an_intake_brings_late_is_not_taken_twice() -> None:
    worker = Worker(InstantQueue())
    worker.reader.locate()
    worker.reader.rest()
    hunger = worker.reader.ask()
    assert hunger is not None
    put(worker.queue, 1, 2)
    entries = worker.queue.intake(0, START, hunger).entries
    for _ in range(2):
        worker.reader.feed(hunger, entries)
    put(worker.queue, *range(200))
    worker.intake.move()
    worker.reader.look_for_company()
    assert not worker.reader.is_resting
    hunger = hunger._replace(after=worker.reader.position)
    worker.reader.feed(hunger, worker.queue.read(hunger.after, 500, 0))
    before = worker.numbers()
    while worker.reader.position != worker.queue.newest_id():
        worker.reader.read()
    assert worker.numbers() == [1, 2, *range(200)]
    assert len(before) < 202


def test_a_reader_that_stops_while_it_is_being_fed_waits_until_it_has_been() -> None:
    queue = InstantQueue()
    worker = Worker(queue)
    worker.reader.locate()
    worker.reader.rest()
    ends: list[str] = []

    def find(opened: Any) -> frozenset[str]:
        """It waits for Redis; meanwhile another worker comes, and the reader's own loop goes on."""
        queue._told.add("one")
        worker.reader._pause = wait
        worker.reader.look_for_company()
        return frozenset()

    def wait(seconds: float) -> None:
        ends.append("waits")
        worker.reader._is_fed = False

    worker.reader._repeats.find = find  # type: ignore[method-assign]
    put(queue, 1)
    worker.intake.move()
    assert (ends, worker.numbers(), worker.reader.is_resting) == (["waits"], [1], False)


def test_what_one_intake_did_not_bring_the_next_step_of_its_loop_reads() -> None:
    queue = InstantQueue()
    worker = Worker(queue, count=10, max_ahead=5)
    worker.reader.locate()
    worker.reader.rest()
    put(queue, *range(95))

    def pause(seconds: float) -> None:
        worker.intake.is_stopped = not worker.reader.is_hungry

    worker.intake._pause = pause
    worker.intake.run()
    assert worker.numbers() == list(range(95))
    assert worker.reader.is_resting


def test_a_reader_with_a_goal_ends_its_rest_and_reads_up_to_it() -> None:
    queue = InstantQueue()
    worker = Worker(queue, count=10)
    worker.reader.locate()
    worker.reader.rest()
    put(queue, *range(50))
    worker.intake.move()
    worker.reader.finish(worker.intake.newest_id)
    worker.reader.run()
    assert worker.numbers() == list(range(50))
    assert not worker.reader.rest()


def test_a_bus_that_has_lost_its_end_is_found_out_about_by_the_intake_of_a_reader_that_rests() -> None:
    worker = Worker(InstantQueue(now=lambda: 1_000.0))
    worker.reader.locate()
    worker.reader.rest()
    put(worker.queue, *range(5))
    worker.intake.move()
    swap(worker, InstantQueue(now=lambda: 900.0))
    worker.intake.move()
    assert worker.reader.position == worker.queue.newest_id()
    put(worker.queue, 7)
    worker.intake.move()
    assert worker.numbers() == [0, 1, 2, 3, 4, 7]
    assert (number_of(worker.reader.position), worker.reader.lost) == (6, 0)
    assert len(worker.lost_before) == 1
