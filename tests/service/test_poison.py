"""Messages that kill their process: lives of one worker, each with the marks and the positions of the last."""

import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtserver.base.failure.containment import StopRequest
from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import Mark
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, QueuePort
from rtserver.service.message import encode
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.bus_reader import BusReader
from rtserver.service.pipeline.committed_offset import CommittedOffsets
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.dispatcher import ServiceMessageDispatcher
from rtserver.service.pipeline.lane import Lane
from rtserver.service.pipeline.lane_worker import LaneWorker
from rtserver.service.queue_link import QueueLink
from tests.service_fakes import Recorder


class Death(StopRequest):
    """The end of a process: nothing of it is caught."""


class Sleeping:
    """An event that nobody waits for: the loop has nothing left to do."""

    def set(self) -> None:
        pass

    def clear(self) -> None:
        pass

    def wait(self) -> None:
        raise StopIteration


class Deadly(Recorder):
    """Dies of some numbers, or when it flushes them."""

    def __init__(self, *deadly: int, at_flush: bool = False) -> None:
        super().__init__()
        self.deadly = deadly
        self.at_flush = at_flush
        self.collected: list[int] = []

    def __call__(self, src: str, data: Any) -> None:
        if data in self.deadly and not self.at_flush:
            raise Death
        self.collected.append(data)
        super().__call__(src, data)

    def flush(self) -> None:
        if self.at_flush and set(self.deadly) & set(self.collected):
            raise Death
        self.collected.clear()
        super().flush()


class Replaying(Deadly):
    replays = True


class Uncleared(MemoryMarks):
    """Marks of processes that do not live to clear them."""

    def mark(self, lane: str) -> Mark:
        mark = super().mark(lane)
        clear = mark.clear
        return cast(
            Mark,
            SimpleNamespace(
                set=mark.set,
                set_range=mark.set_range,
                suspects=mark.suspects,
                forget=mark.forget,
                clear=lambda: None if sys.exc_info()[0] is Death else clear(),
            ),
        )


class Life:
    """One process, from its start on."""

    def __init__(self, queue: QueuePort, marks: Uncleared, handler: ServiceMsgHandler) -> None:
        self.queue = queue
        self.marks = marks
        self.dead_letters = DeadLetters()
        self.lane = Lane(handler, self.dead_letters, mark=marks.mark("number"))
        link = QueueLink(lambda seconds: None)
        dispatcher = ServiceMessageDispatcher([self.lane], self.dead_letters)
        waits: dict[str, Any] = {"must_hold": lambda: False, "pause": self.pause}
        self.reader = BusReader(queue, link, dispatcher, **waits)
        self.offsets = CommittedOffsets(
            "one", [self.lane], queue, link, self.reader, dead_letters=self.dead_letters, pause=self.pause
        )
        self.worker = LaneWorker(self.lane, queue, link, self.reader, Sleeping(), settle=self.offsets.settle, **waits)
        self.offsets.begin()

    def pause(self, seconds: float) -> None:
        """Others have their turn: letters are buried."""
        letters = self.dead_letters.peek(100)
        self.queue.bury(letters)
        self.dead_letters.forget(len(letters))

    def live(self) -> bool:
        """Work until all is done (True) or the process dies (False)."""
        try:
            while self.queue.newest_id() != self.reader.position:
                self.reader.read()
            self.worker.run()
        except StopIteration:
            self.offsets.settle()
            return True
        except Death:
            return False


class World:
    def __init__(self) -> None:
        self.queue = MemoryQueue()
        self.marks = Uncleared()
        self.handlers: list[Deadly] = []

    def bring(self, *numbers: int) -> None:
        self.queue.put([encode("number", "test", number) for number in numbers])
        self.queue.intake(0)

    def live(self, handler: Deadly) -> bool:
        """One life, in which the messages that are there come behind its start, or were there before."""
        marks = Uncleared(self.marks)
        self.marks = marks
        self.handlers.append(handler)
        return Life(self.queue, marks, handler).live()

    def letters(self) -> list[tuple[str, bytes]]:
        return [(letter.reason, letter.raw) for letter in self.queue.dead_letters(START, 100)]


@pytest.fixture
def world() -> World:
    world = World()
    assert world.live(Deadly())
    world.bring(*range(10))
    return world


def test_a_message_that_kills_is_buried_after_three_deaths_and_the_others_are_handled(world: World) -> None:
    lives = [world.live(Deadly(4)) for _ in range(4)]
    assert lives == [False, False, False, True]
    assert world.letters() == [("poison", encode("number", "test", 4))]
    # The first life saved no position. The second one has, before it handed over its suspect.
    assert [handler.numbers for handler in world.handlers[1:]] == [[0, 1, 2, 3], [0, 1, 2, 3], [], [5, 6, 7, 8, 9]]


def test_a_suspect_is_alone_in_its_batch_with_everything_before_it_flushed(world: World) -> None:
    world.live(Deadly(4))
    handler = Deadly()
    assert world.live(handler)
    assert handler.calls == [0, 1, 2, 3, "flush", 4, "flush", 5, 6, 7, 8, 9, "flush"]
    assert world.letters() == []


def test_one_death_costs_a_retry_and_not_the_message_and_is_forgotten_with_its_success(world: World) -> None:
    assert not world.live(Deadly(4))
    assert world.live(Deadly())
    for _ in range(3):
        world.bring(4)
        assert not world.live(Deadly(4))
        assert world.live(Deadly())
    assert world.letters() == []


def test_two_that_kill_are_told_apart(world: World) -> None:
    lives = [world.live(Deadly(4, 5)) for _ in range(7)]
    assert lives == [False] * 6 + [True]
    assert world.letters() == [("poison", encode("number", "test", number)) for number in (4, 5)]


def test_a_flush_that_kills_is_traced_to_one_message_of_its_batch(world: World) -> None:
    lives = [world.live(Deadly(4, at_flush=True)) for _ in range(4)]
    assert lives == [False, False, False, True]
    assert world.letters() == [("poison", encode("number", "test", 4))]
    handled = [number for handler in world.handlers for number in handler.numbers]
    assert set(handled) == set(range(10))


def test_a_handler_that_reads_the_bus_again_at_every_start_comes_by_poison_unharmed(world: World) -> None:
    assert [world.live(Replaying(4)) for _ in range(4)] == [False, False, False, True]
    for _ in range(3):
        handler = Replaying(4)
        assert world.live(handler)
        assert handler.numbers == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert world.letters() == [("poison", encode("number", "test", 4))]


def test_poison_that_was_buried_kills_no_worker_that_has_no_marks_of_it(world: World) -> None:
    for _ in range(4):
        world.live(Deadly(4))
    world.marks = Uncleared()
    handler = Replaying(4)
    assert world.live(handler)
    assert handler.numbers == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert world.letters() == [("poison", encode("number", "test", 4))]


def test_poison_is_known_by_a_process_that_dies_before_its_burial(world: World) -> None:
    for _ in range(3):
        world.live(Deadly(4))
    marks = Uncleared(world.marks)
    life = Life(world.queue, marks, Deadly(4))
    life.lane.begin_anew()  # it has buried nothing, nor saved
    world.marks = marks
    assert world.live(Deadly(4))
    assert world.letters() == [("poison", encode("number", "test", 4))]
