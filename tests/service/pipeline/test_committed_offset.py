"""The offset at which lanes go on after a restart: a queue in memory, and no threads."""

from typing import Any

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, QueueAwayError, QueuePort, QueueRefusedError, order_of
from rtserver.service.message import encode
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.bus_reader import BusReader
from rtserver.service.pipeline.committed_offset import CommittedOffsets
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.dispatcher import ServiceMessageDispatcher
from rtserver.service.pipeline.lane import Lane
from rtserver.service.queue_link import QueueLink
from tests.service_fakes import Recorder, ReplayingRecorder


class OtherRecorder(Recorder):
    msg_type = "other"


class Saves(MemoryQueue):
    """Counts what is saved."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.saves: list[dict[str, str]] = []

    def commit_offsets(self, worker: str, offsets: Any) -> None:
        self.saves.append(dict(offsets))
        super().commit_offsets(worker, offsets)


class Worker:
    """All of a worker that matters here, from its start on. Whoever stops to use it has killed it."""

    def __init__(self, queue: QueuePort, *handlers: ServiceMsgHandler, name: str = "one") -> None:
        self.queue = queue
        self.dead_letters = DeadLetters()
        self.lanes = [Lane(handler, self.dead_letters, bound=4) for handler in handlers]
        link = QueueLink(lambda seconds: None)
        dispatcher = ServiceMessageDispatcher(self.lanes, self.dead_letters)
        self.reader = BusReader(queue, link, dispatcher, must_hold=lambda: False, pause=lambda seconds: None)
        self.offsets = CommittedOffsets(
            name, self.lanes, queue, link, self.reader, dead_letters=self.dead_letters, pause=lambda seconds: None
        )
        self.reader.locate()
        self.offsets.begin()

    def read(self) -> None:
        while self.queue.newest_id() != self.reader.position:
            self.reader.read()

    def work(self) -> None:
        for lane in self.lanes:
            while len(lane) or not lane.catch_up(self.reader.position):
                lane.work()
                if not len(lane) and lane.is_behind:
                    entries = self.queue.range(lane.position, self.reader.position, 3)
                    lane.take(entries, lane.open(entries), self.reader.position, is_all=len(entries) < 3)

    def bury(self) -> None:
        letters = self.dead_letters.peek(100)
        self.queue.bury(letters)
        self.dead_letters.forget(len(letters))


def bring(queue: QueuePort, *numbers: Any, msg_type: str = "number") -> None:
    """Messages, on the bus."""
    queue.put([encode(msg_type, "test", number) for number in numbers])
    queue.intake(0)


class OwnPlace(Recorder):
    """Knows where to begin; another worker may have moved the place on while it was asked."""

    def __init__(self, queue: QueuePort) -> None:
        super().__init__()
        self.told: list[str] = []
        self.queue = queue
        self.meanwhile: list[int] = []

    def begins_behind(self, queue: QueuePort) -> str:
        bring(self.queue, *self.meanwhile)
        return self.queue.newest_id()

    def on_done(self, position: str) -> None:
        self.told.append(position)


def test_a_place_that_others_move_on_while_the_lane_begins_is_no_bus_that_was_lost(queue: Saves) -> None:
    bring(queue, 1)
    handler = OwnPlace(queue)
    handler.meanwhile = [2, 3]
    worker = Worker(queue, handler)
    [lane] = worker.lanes
    assert (lane.position, lane.lost) == (queue.newest_id(), 0)
    bring(queue, 4)
    worker.read()
    worker.work()
    assert handler.numbers == [4]


class Lost(OwnPlace):
    """Cannot tell where it begins, and has no ear for how far it has come."""

    place: Any = None

    def begins_behind(self, queue: QueuePort) -> str:
        if self.place is None:
            raise SystemExit(0)
        return str(self.place)

    error: BaseException = SystemExit(0)

    def on_done(self, position: str) -> None:
        raise self.error


@pytest.mark.parametrize("place", [None, "nowhere"])
def test_a_handler_that_cannot_say_where_it_begins_begins_where_the_worker_was(queue: Saves, place: Any) -> None:
    Worker(queue, Recorder())
    bring(queue, 1)
    handler = Lost(queue)
    handler.place = place
    worker = Worker(queue, handler)
    worker.work()
    assert handler.numbers == [1]


def test_a_key_of_the_wrong_kind_where_burials_are_noted_does_not_hold_up_the_start() -> None:
    class Odd(Saves):
        def buried(self, reason: str) -> frozenset[str]:
            raise QueueRefusedError("memory:", "WRONGTYPE")

    queue = Odd()
    Worker(queue, Recorder())
    bring(queue, 1)
    handler = Recorder()
    Worker(queue, handler).work()
    assert handler.numbers == [1]


@pytest.mark.parametrize("raised", [SystemExit(0), QueueAwayError("redis://other", "a queue of its own")], ids=str)
def test_a_handler_that_fails_when_told_how_far_it_is_holds_up_nobody(queue: Saves, raised: BaseException) -> None:
    class Deaf(Lost):
        place = START
        error = raised

    after = OwnPlace(queue)
    after.msg_type = "other"  # type: ignore[misc]
    worker = Worker(queue, Deaf(queue), after)
    worker.offsets.report()
    assert len(after.told) == 1


def test_a_handler_that_says_where_it_begins_is_told_how_far_it_has_come(queue: Saves) -> None:
    bring(queue, 1)
    handler = OwnPlace(queue)
    worker = Worker(queue, handler)
    begun = queue.newest_id()
    worker.work()
    worker.offsets.report()
    bring(queue, 2)
    worker.read()
    worker.offsets.report()
    worker.work()
    worker.offsets.report()
    first, while_one_waits, last = handler.told
    assert (first, last) == (begun, queue.newest_id())
    assert order_of(begun) <= order_of(while_one_waits) < order_of(last)
    assert not any(handler.msg_type in saved for saved in queue.saves)


@pytest.fixture
def queue() -> Saves:
    return Saves()


def test_what_was_taken_and_not_handled_is_handled_by_the_next(queue: Saves) -> None:
    killed, handler = Recorder(), Recorder()
    worker = Worker(queue, killed)
    bring(queue, 1, 2, 3)
    worker.read()
    assert killed.numbers == []
    worker.offsets.commit()
    again = Worker(queue, handler)
    bring(queue, 4)
    again.read()
    again.work()
    assert handler.numbers == [1, 2, 3, 4]


def test_what_came_before_a_first_save_is_not_missed_either(queue: Saves) -> None:
    Worker(queue, Recorder())
    bring(queue, 1, 2)
    handler = Recorder()
    again = Worker(queue, handler)
    again.read()
    again.work()
    assert handler.numbers == [1, 2]


def test_what_was_saved_as_handled_does_not_come_again(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    bring(queue, 1, 2)
    worker.read()
    worker.work()
    worker.offsets.commit()
    bring(queue, 3)
    handler = Recorder()
    again = Worker(queue, handler)
    again.read()
    again.work()
    assert handler.numbers == [3]


def test_a_worker_of_another_name_begins_with_what_comes(queue: Saves) -> None:
    Worker(queue, Recorder())
    bring(queue, 1)
    handler = Recorder()
    other = Worker(queue, handler, name="two")
    bring(queue, 2)
    other.read()
    other.work()
    assert handler.numbers == [2]


def test_a_batch_counts_when_it_has_been_flushed(queue: Saves) -> None:
    class Watching(Recorder):
        seen: list[str] = []  # noqa: RUF012 (one test, one list)

        def __call__(self, src: str, data: Any) -> None:
            super().__call__(src, data)
            self.seen.append(worker.lanes[0].done_until(worker.reader.position))

        def flush(self) -> None:
            super().flush()
            self.seen.append(worker.lanes[0].done_until(worker.reader.position))

    handler = Watching()
    worker = Worker(queue, handler)
    bring(queue, 1, 2)
    worker.read()
    before = worker.lanes[0].done_until(worker.reader.position)
    worker.work()
    assert handler.seen == [before] * 3
    assert worker.lanes[0].done_until(worker.reader.position) == worker.reader.position


def test_a_lane_to_which_nothing_comes_moves_on_with_the_reader(queue: Saves) -> None:
    worker = Worker(queue, Recorder(), OtherRecorder())
    bring(queue, 1, 2)
    worker.read()
    worker.offsets.commit()
    places = queue.committed_offsets("one", ["number", "other"])
    assert places["other"] == worker.reader.position
    assert order_of(places["number"]) < order_of(queue.read(START, 1, 0)[0].id)


def test_a_lane_that_is_behind_saves_what_it_has_done_itself(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    bring(queue, *range(10))
    worker.read()
    worker.lanes[0].work()
    assert worker.lanes[0].is_behind
    worker.offsets.commit()
    handler = Recorder()
    again = Worker(queue, handler)
    again.work()
    assert handler.numbers == list(range(4, 10))


def test_nothing_is_saved_twice(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    assert queue.saves == [{"number": START, "": START}]
    worker.offsets.commit()
    assert len(queue.saves) == 1
    bring(queue, 1)
    worker.read()
    worker.work()
    worker.offsets.commit()
    worker.offsets.commit()
    assert queue.saves[1:] == [{"number": worker.reader.position, "": worker.reader.position}]


def test_a_handler_that_knows_where_it_begins_has_no_position(queue: Saves) -> None:
    handler = ReplayingRecorder()
    bring(queue, 1)
    worker = Worker(queue, handler)
    worker.offsets.commit()
    assert queue.saves == [{"": queue.newest_id()}]
    worker.work()
    assert handler.numbers == [1]


def test_a_message_that_could_not_be_handled_counts_when_it_has_been_buried(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    bring(queue, "no number")
    worker.read()
    worker.work()
    worker.offsets.commit()
    assert queue.committed_offsets("one", ["number"]) == {"number": START}
    worker.bury()
    worker.offsets.commit()
    assert queue.committed_offsets("one", ["number"]) == {"number": worker.reader.position}


def test_a_flood_of_bad_messages_does_not_keep_positions_back_for_good(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    bring(queue, 1)
    worker.read()
    worker.work()
    first = worker.reader.position
    for _ in range(3):
        bring(queue, "no number")
        worker.read()
        worker.work()
        worker.offsets.commit()
        worker.bury()
    worker.offsets.commit()
    assert order_of(queue.committed_offsets("one", ["number"])["number"]) > order_of(first)


def test_the_end_saves_everything_that_is_done(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    bring(queue, "no number")
    worker.read()
    worker.work()
    worker.offsets.commit()
    bring(queue, 2)
    worker.read()
    worker.work()
    worker.bury()
    worker.offsets.finish()
    assert queue.committed_offsets("one", ["number"]) == {"number": worker.reader.position}


def test_letters_that_stay_unburied_at_the_end_stay_undone(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    bring(queue, "no number")
    worker.read()
    worker.work()
    worker.offsets.finish()
    handler = Recorder()
    again = Worker(queue, handler)
    again.work()
    assert [letter.reason for letter in again.dead_letters.peek(9)] == ["bad_data"]


def test_what_was_trimmed_while_the_worker_was_away_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    queue = Saves(bus_length=5)
    worker = Worker(queue, Recorder())
    bring(queue, 0)
    worker.read()
    worker.work()
    worker.offsets.finish()
    bring(queue, *range(1, 10))
    handler = Recorder()
    again = Worker(queue, handler)
    again.work()
    assert handler.numbers == [5, 6, 7, 8, 9]
    assert again.lanes[0].lost == 4
    assert "4 entries were trimmed" in caplog.text


def test_positions_on_a_bus_that_is_lost_make_no_lane_deaf(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    bring(queue, *range(9))
    worker.read()
    worker.work()
    worker.offsets.finish()
    anew = Saves(now=lambda: 1000.0)  # whose clock was set back, too
    anew.commit_offsets("one", queue.committed_offsets("one", ["number"]))
    bring(anew, 1, 2)
    handler = Recorder()
    again = Worker(anew, handler)
    bring(anew, 3)
    again.read()
    again.work()
    assert handler.numbers == [1, 2, 3]
    again.offsets.commit()
    assert anew.committed_offsets("one", ["number"]) == {"number": again.reader.position}


def test_a_queue_that_has_no_room_for_positions_lets_a_known_worker_begin(queue: Saves) -> None:
    Worker(queue, Recorder())
    bring(queue, 1)

    def refuse(worker: str, offsets: Any) -> None:
        raise QueueRefusedError("memory:", "OOM")

    queue.commit_offsets = refuse  # type: ignore[method-assign]
    handler = Recorder()
    again = Worker(queue, handler)
    again.work()
    assert handler.numbers == [1]


def test_what_went_to_no_lane_and_was_not_buried_is_buried_by_the_next(queue: Saves) -> None:
    worker = Worker(queue, Recorder())
    queue.put([b"no json"])
    bring(queue, 1, msg_type="nobody's")
    bring(queue, 2)
    worker.read()
    again = Worker(queue, Recorder())
    assert [letter.reason for letter in again.dead_letters.peek(10)] == ["bad_json", "unknown_type"]
    again.bury()
    again.offsets.finish()
    assert len(Worker(queue, Recorder()).dead_letters) == 0


def test_what_was_trimmed_before_it_could_be_looked_at_again_is_counted() -> None:
    queue = Saves(bus_length=2)
    worker = Worker(queue, Recorder())
    bring(queue, 1)
    worker.read()
    worker.work()
    worker.offsets.finish()
    bring(queue, 2, 3, 4, 5)
    again = Worker(queue, Recorder())
    assert again.reader.lost == 2
    assert Worker(Saves(bus_length=2), Recorder()).reader.lost == 0


def test_a_bus_that_began_anew_is_looked_at_from_its_start(queue: Saves) -> None:
    queue.commit_offsets("one", {"": "9999999999999-7"})
    queue.put([b"no json"])
    queue.intake(0)
    assert len(Worker(queue, Recorder()).dead_letters) == 1


def test_places_are_saved_sooner_while_more_is_read_than_the_bus_may_keep() -> None:
    queue = Saves()
    worker = Worker(queue, Recorder())
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if sum(pauses) > 2.5:
            raise StopIteration
        queue.put([encode("number", "test", 1) + b" " * 1_000])
        queue.intake(0)
        worker.read()
        worker.work()

    def seconds_for_a_save() -> float:
        pauses.clear()
        own = CommittedOffsets(
            "one", worker.lanes, queue, QueueLink(pause), worker.reader, dead_letters=worker.dead_letters, pause=pause
        )
        queue.saves.clear()
        with pytest.raises(StopIteration):
            own.run()
        return sum(pauses) / max(1, len(queue.saves))

    queue.bus_bytes = 0
    lazy = seconds_for_a_save()
    queue.bus_bytes = 8_000
    eager = seconds_for_a_save()
    assert lazy >= 1.0
    assert eager <= 0.3
