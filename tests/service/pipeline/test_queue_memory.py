import logging

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Memory, QueueAwayError
from rtserver.service.pipeline import queue_memory
from rtserver.service.pipeline.queue_memory import QueueMemory, would_help

MOST = 1_000_000


class World:
    """A queue whose messages take all the memory there is, and a clock."""

    def __init__(self, most: int = MOST, bus_bytes: int = 0) -> None:
        self.now = 10_000.0
        self.queue = MemoryQueue(now=lambda: self.now)
        self.queue.most_memory = most
        self.watch = QueueMemory(self.queue, bus_bytes, pause=lambda seconds: None, now=lambda: self.now)

    def fill(self, count: int, size: int = 1_000) -> str:
        self.queue.put([b"x" * size] * count)
        while self.queue.waiting():
            self.queue.intake(0)
        return self.queue.newest_id()

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.watch.look()
            self.now += queue_memory.LOOK_SECONDS

    @property
    def length(self) -> int:
        return len(self.queue.range(START, self.queue.newest_id(), 1_000_000))


@pytest.fixture
def world() -> World:
    return World()


def test_the_bus_may_have_what_is_set_or_a_quarter_of_what_redis_may_use_or_a_gigabyte() -> None:
    bounds = (
        (World(), MOST // 4),
        (World(bus_bytes=700), 700),
        (World(most=0), 1_073_741_824),
        (World(most=0, bus_bytes=700), 700),
    )
    for world, most in bounds:
        world.look()
        assert world.queue.bus_bytes == most


def test_as_long_as_there_is_room_nothing_is_trimmed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.queue.commit_offsets("one", {"a": world.fill(890)})
    world.look(10)
    assert (world.length, world.watch.is_short, world.watch.is_full, world.watch.cause) == (890, False, False, "")
    assert world.watch.detail == "0.8 MB of 1.0 MB used (noeviction)"
    assert not caplog.records


def test_where_redis_is_nearly_full_what_all_have_had_goes_and_no_more_than_is_needed(world: World) -> None:
    world.queue.commit_offsets("one", {"a": world.fill(950)})
    world.look()
    assert world.length == 750
    assert (world.watch.trimmed, world.watch.unread, world.watch.is_short) == (200, 0, False)


def test_what_somebody_has_not_had_goes_when_nothing_else_helps_and_is_counted_and_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.queue.commit_offsets("one", {"a": START})
    world.fill(1_100)
    world.look(3)
    assert (world.length, world.watch.is_full) == (1_100, True)
    assert "Redis has no memory left: 1.0 MB of 1.0 MB used" in world.watch.cause
    assert "bus 1.0 MB" in world.watch.cause
    world.look(3)
    assert (world.length, world.watch.unread, world.watch.is_full) == (750, 350, False)
    assert "350 of which a server or a handler had not had" in caplog.text


def test_a_redis_that_drops_keys_instead_of_refusing_is_left_alone(world: World) -> None:
    world.queue.memory_policy = "allkeys-lru"
    world.queue.commit_offsets("one", {"a": world.fill(1_100)})
    world.look(20)
    assert (world.length, world.watch.is_short, world.watch.is_full) == (1_100, False, False)
    assert world.watch.detail == "1.0 MB of 1.0 MB used (allkeys-lru)"


def test_who_is_away_for_longer_than_an_hour_holds_nothing(world: World) -> None:
    world.queue.commit_offsets("gone", {"a": START})
    newest = world.fill(950)
    world.now += queue_memory.COUNTED_SECONDS
    world.queue.commit_offsets("one", {"a": newest})
    world.look()
    assert (world.length, world.watch.unread) == (750, 0)


def test_what_is_not_derived_yet_is_held(world: World) -> None:
    newest = world.fill(950)
    world.queue.commit_offsets("one", {"a": newest})
    world.queue.keep("users", world.queue.range(START, newest, 10)[-1].id, [])
    world.look()
    assert world.watch.trimmed == 10


def test_messages_are_given_up_only_where_that_lets_producers_in_again(world: World) -> None:
    world.queue.commit_offsets("one", {"a": START})
    world.fill(200)
    world.queue.put([b"x" * 1_000] * 1_000)  # the backlog alone is too much
    world.look(20)
    assert world.length == 200
    assert would_help(Memory(1_000, 1_000, "", 50))
    assert would_help(Memory(980, 1_000, "", 100))
    assert not would_help(Memory(960, 1_000, "", 960))
    assert not would_help(Memory(1_100, 1_000, "", 100))


def test_the_log_hears_of_it_once_a_minute_and_when_it_is_over(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.queue.put([b"x" * 1_000] * 1_000)
    world.look(20)
    assert len(caplog.records) == 1
    assert "Redis is short of memory: 1.0 MB of 1.0 MB used (noeviction); largest: list 1.0 MB" in caplog.text
    world.queue.commit_offsets("one", {"a": world.fill(0)})
    world.look(2)
    assert "Redis has memory again" in caplog.text


def test_a_queue_that_is_away_is_looked_at_again() -> None:
    looks = []

    class Away(MemoryQueue):
        def memory(self) -> Memory:
            looks.append(1)
            raise QueueAwayError("away:", "gone")

    def pause(_seconds: float) -> None:
        if len(looks) == 3:
            raise StopIteration

    with pytest.raises(StopIteration):
        QueueMemory(Away(), 0, pause=pause).run()
