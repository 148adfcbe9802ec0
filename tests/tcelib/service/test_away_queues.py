"""Queues on which certainly nobody answers, by the leases of their services."""

import pytest

from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import Change, Registration, RegistryAwayError, RegistryError
from tcelib.service.away_queues import AwayQueues
from tcelib.service.service_lease import SERVICE

TEN = 10.0


class Leases(MemoryLeases):
    """A registry that may be away."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.is_away = False
        super().__init__(lambda: self.time)

    def changes(self, after: str, count: int) -> list[Change] | None:
        if self.is_away:
            raise RegistryAwayError("memory", "no answer")
        return super().changes(after, count)


class World:
    """Two queues of a gateway, and a set that has a name of somebody else's."""

    def __init__(self) -> None:
        self.leases = Leases()
        self.away = {"other"}
        queues = {"orders": "key of orders", "mails": "mails"}
        self.queues = AwayQueues(self.leases, queues, self.away, clock=lambda: self.leases.time)

    def join(self, *keys: str, kind: str = SERVICE) -> int:
        return self.leases.join(Registration(kind, f"{keys}", reads=keys), TEN)

    def look(self) -> set[str]:
        self.queues.look()
        return self.away - {"other"}


@pytest.fixture
def world() -> World:
    return World()


def test_a_queue_that_no_service_ever_read_is_away(world: World) -> None:
    world.join("orders")  # which is an endpoint's name and no key
    world.join("key of orders", kind="gateway")
    assert world.look() == {"orders", "mails"}


def test_a_queue_is_back_as_soon_as_a_service_has_a_lease_and_away_when_it_is_given_back(world: World) -> None:
    world.look()
    number = world.join("key of orders")
    assert world.look() == {"mails"}
    world.leases.leave(number)
    assert world.look() == {"orders", "mails"}
    assert "other" in world.away


def test_a_service_that_is_silent_may_come_back_for_thirty_seconds(world: World) -> None:
    world.join("key of orders")
    world.look()
    world.leases.time += TEN
    while world.leases.bury():
        pass
    assert world.look() == {"mails"}
    world.leases.time += 19.9
    assert world.look() == {"mails"}
    world.leases.time += 0.1
    assert world.look() == {"orders", "mails"}


def test_a_registry_that_is_away_tells_nothing_so_no_queue_is(world: World) -> None:
    world.look()
    world.leases.is_away = True
    with pytest.raises(RegistryError):
        world.queues.look()
    assert world.away == {"other"}
    world.leases.is_away = False
    assert world.look() == {"orders", "mails"}
