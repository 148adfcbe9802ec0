"""Claims of a service: messages of those whose leases have ended, and of nobody who lives."""

import pytest

from tcelib.queue.memory import MemoryStreamQueue, memory_stream
from tcelib.queue.message import DeadLetter, Message
from tcelib.queue.port import LEASED
from tcelib.service.service_lease import LeaseClaim

SILENCE = 30.0


class World:
    """A queue of three messages, each in the hands of one reader, and a clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.live: frozenset[str] | None = frozenset()
        self.looks = 0
        self.queue: MemoryStreamQueue[DeadLetter] = memory_stream("queue", [], now=lambda: self.now)
        self.claim = LeaseClaim(self.queue, self.look)
        self.queue.put([Message(b"1"), Message(b"2"), Message(b"3")])
        for reader in (f"{LEASED}one", f"{LEASED}me", "plain"):
            self.queue.take(reader, 1, 0)

    def look(self) -> frozenset[str] | None:
        self.looks += 1
        return self.live

    def claimed(self, count: int = 10) -> list[bytes]:
        return [delivery.body for delivery in self.claim(f"{LEASED}me", count, SILENCE)]


@pytest.fixture
def world() -> World:
    return World()


def test_messages_of_a_service_whose_lease_has_ended_are_claimed_at_once(world: World) -> None:
    assert world.claimed() == [b"1"]
    assert world.claimed() == []


def test_messages_of_a_service_that_lives_are_never_claimed(world: World) -> None:
    world.live = frozenset({"one", "me"})
    world.now += 1_000_000
    assert world.claimed() == [b"3"]
    assert world.claimed() == []


def test_nothing_is_claimed_by_leases_that_nobody_can_read(world: World) -> None:
    world.live = None
    assert world.claimed() == []


def test_a_reader_without_a_lease_goes_by_its_silence(world: World) -> None:
    world.live = frozenset({"one", "me"})
    world.now += SILENCE - 1
    assert world.claimed() == []
    world.now += 1
    assert world.claimed() == [b"3"]


def test_leases_are_looked_at_only_where_others_hold_messages(world: World) -> None:
    world.queue.acknowledge([*world.queue.held(f"{LEASED}one", 1)])
    world.claimed()
    assert world.looks == 0
