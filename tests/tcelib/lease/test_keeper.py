"""One holder's lease, kept by steps, with a clock that is moved."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tcelib.lease.keeper import LEASE_SECONDS, RETRY_SECONDS, LeaseKeeper, Life
from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import (
    SLICE,
    LeasePort,
    NameTakenError,
    Op,
    Registration,
    RegistryAwayError,
    RegistryError,
)


class Partition:
    """A registry that answers only while ``is_open``."""

    def __init__(self, leases: LeasePort) -> None:
        self._leases = leases
        self.is_open = True
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., object]:
        act: Callable[..., object] = getattr(self._leases, name)

        def call(*args: object, **more: object) -> object:
            if not self.is_open:
                raise RegistryAwayError("memory", "no way there")
            self.calls.append(name)
            return act(*args, **more)

        return call


class World:
    """A registry in memory, and holders that keep their leases by one clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.leases = MemoryLeases(lambda: self.now)
        self.lives: dict[str, Life] = {}
        self.started = 0

    def keeper(self, name: str, leases: object = None, **more: object) -> LeaseKeeper:
        self.started += 1
        registration = Registration("worker", name, since=self.started, holds=("user",), process=name)
        return LeaseKeeper(
            leases or self.leases,  # type: ignore[arg-type]
            registration,
            clock=lambda: self.now,
            look_at=lambda process: self.lives.get(process, Life.UNKNOWN),
            **more,  # type: ignore[arg-type]
        )

    def run(self, *keepers: LeaseKeeper, seconds: float = 0.0) -> None:
        """Let time pass, and each keeper do what is due."""
        end = self.now + seconds
        while True:
            for keeper in keepers:
                while keeper.step() == 0:
                    pass
            if self.now >= end:
                return
            self.now = min(end, self.now + 0.5)


@pytest.fixture
def world() -> World:
    return World()


def test_a_holder_joins_and_keeps_its_lease(world: World) -> None:
    keeper = world.keeper("a", load=lambda: {"connections": 7})
    assert not keeper.is_held
    world.run(keeper, seconds=100.0)
    assert keeper.is_held
    [holder] = world.leases.holders()
    assert (holder.number, holder.load) == (keeper.number, {"connections": 7})


def test_an_idle_holder_asks_three_times_in_a_lease(world: World) -> None:
    counted = Partition(world.leases)
    keeper = world.keeper("a", counted)
    world.run(keeper)
    counted.calls.clear()
    world.run(keeper, seconds=10 * LEASE_SECONDS)
    assert set(counted.calls) == {"renew"}
    assert 25 <= len(counted.calls) <= 31


def test_items_are_told_in_slices_and_the_last_state_counts(world: World) -> None:
    counted = Partition(world.leases)
    keeper = world.keeper("a", counted)
    world.run(keeper)
    counted.calls.clear()
    for item in range(2 * SLICE + 1):
        keeper.holding.hold("user", f"{item}")
    for item in range(2 * SLICE):
        keeper.holding.drop("user", f"{item}")
    keeper.holding.hold("user", "0")
    world.run(keeper)
    assert sorted(counted.calls) == ["drop", "drop", "hold"]
    assert world.leases.holders()[0].counts == {"user": 2}
    assert keeper.holding.count("user") == 2


def test_a_holder_that_was_frozen_knows_before_it_asks_and_joins_again_with_all_that_it_holds(world: World) -> None:
    keeper, witness = world.keeper("a"), world.keeper("b")
    keeper.holding.hold("user", "1")
    world.run(keeper, witness)
    before = keeper.number
    world.run(witness, seconds=LEASE_SECONDS + 1)
    assert not keeper.is_held
    assert world.leases.where("user", ["1"]) == {}
    keeper.holding.hold("user", "2")
    world.run(keeper)
    assert keeper.is_held
    assert keeper.number > before
    assert world.leases.where("user", ["1", "2"]) == {"1": (keeper.number,), "2": (keeper.number,)}


def test_a_holder_never_believes_longer_than_the_registry_does(world: World) -> None:
    keeper = world.keeper("a")
    world.run(keeper)
    for _ in range(40):
        world.now += 0.3
        is_there = bool(world.leases.holders())
        assert is_there or not keeper.is_held


def test_a_registry_that_is_away_is_asked_again_and_told_what_came_meanwhile(world: World) -> None:
    way = Partition(world.leases)
    keeper = world.keeper("a", way)
    way.is_open = False
    assert keeper.step() == RETRY_SECONDS
    assert isinstance(keeper.error, RegistryAwayError)
    keeper.holding.hold("user", "1")
    world.run(keeper, seconds=30.0)
    way.is_open = True
    world.run(keeper, seconds=2.0)
    assert keeper.error is None
    assert world.leases.where("user", ["1"]) == {"1": (keeper.number,)}
    way.is_open = False
    world.run(keeper, seconds=4.0)
    assert keeper.is_held
    world.run(keeper, seconds=LEASE_SECONDS)
    assert not keeper.is_held


def test_a_registry_that_refuses_is_logged_and_costs_no_lease(world: World, caplog: pytest.LogCaptureFixture) -> None:
    keeper = world.keeper("a")
    world.run(keeper)
    keeper.holding.hold("area", "1")
    world.run(keeper, seconds=3 * LEASE_SECONDS)
    [record] = [record for record in caplog.records if "refuses" in record.getMessage()]
    assert "holds no 'area'" in record.getMessage()
    assert keeper.is_held, "what is refused puts off no renewal"


def test_whoever_sees_an_ended_lease_buries_it(world: World) -> None:
    dead, keeper = world.keeper("a"), world.keeper("b")
    for item in range(2 * SLICE):
        dead.holding.hold("user", f"{item}")
    world.run(dead)
    world.run(keeper, seconds=2 * LEASE_SECONDS)
    assert not world.leases.bury()
    assert [holder.number for holder in world.leases.holders()] == [keeper.number]


def test_a_holder_that_leaves_takes_all_along(world: World) -> None:
    keeper = world.keeper("a")
    keeper.holding.hold("user", "1")
    world.run(keeper)
    keeper.leave()
    assert not keeper.is_held
    assert world.leases.holders() == []
    assert not world.leases.bury()
    keeper.leave()


def test_a_second_holder_of_a_name_is_refused_at_once_if_the_first_one_is_known_to_live(world: World) -> None:
    first, second = world.keeper("a"), world.keeper("a")
    world.run(first)
    world.lives["a"] = Life.ALIVE
    with pytest.raises(NameTakenError):
        second.step()


def test_a_second_holder_of_a_name_is_refused_when_the_first_one_renews(world: World) -> None:
    first, second = world.keeper("a"), world.keeper("a")
    world.run(first)
    assert second.step() > 0
    with pytest.raises(NameTakenError):
        world.run(first, second, seconds=LEASE_SECONDS / 2)


def test_a_holder_that_comes_back_after_a_crash_replaces_itself(world: World) -> None:
    first = world.keeper("a")
    world.run(first)
    world.lives["a"] = Life.DEAD
    second = world.keeper("a")
    world.run(second)
    assert [holder.number for holder in world.leases.holders()] == [second.number]


def test_a_name_whose_holder_does_not_renew_is_free_when_its_lease_ends(world: World) -> None:
    first, second = world.keeper("a"), world.keeper("a")
    world.run(first)
    world.run(second, seconds=LEASE_SECONDS - 0.5)
    assert not second.is_held
    world.run(second, seconds=2.0)
    assert second.is_held


def test_a_holder_whose_name_was_taken_while_it_was_frozen_is_told(world: World) -> None:
    first, second = world.keeper("a"), world.keeper("a")
    world.run(first)
    world.run(second, seconds=LEASE_SECONDS + 2)
    world.lives["a"] = Life.ALIVE
    with pytest.raises(NameTakenError):
        world.run(first)
    assert not first.is_held
    assert second.is_held


def test_a_holder_does_not_stand_in_its_own_way_when_the_answer_to_its_join_was_lost(world: World) -> None:
    class LostAnswer(Partition):
        def join(self, *args: object, **more: object) -> int:
            super().__getattr__("join")(*args, **more)
            del LostAnswer.join
            raise RegistryAwayError("memory", "no answer")

    keeper = world.keeper("a", LostAnswer(world.leases))
    world.lives["a"] = Life.ALIVE
    world.run(keeper, seconds=2.0)
    assert [holder.number for holder in world.leases.holders()] == [keeper.number]


def test_leaving_a_registry_that_is_away_is_an_error(world: World) -> None:
    way = Partition(world.leases)
    keeper = world.keeper("a", way)
    world.run(keeper)
    way.is_open = False
    with pytest.raises(RegistryError):
        keeper.leave()


def test_a_holder_exchanges_its_lease_and_is_never_without_one(world: World) -> None:
    partition = Partition(world.leases)
    keeper = world.keeper("a", partition)
    keeper.holding.hold("user", "1")
    world.run(keeper)
    [before] = world.leases.holders()
    position = world.leases.position()
    partition.is_open = False
    keeper.exchange(replace(keeper.registration, reads=("queue",)))
    world.run(keeper, seconds=2.0)
    assert world.leases.holders()[0].number == before.number
    partition.is_open = True
    world.run(keeper, seconds=2.0)
    [after] = world.leases.holders()
    assert after.number > before.number
    assert after.registration.reads == ("queue",)
    assert world.leases.where("user", ["1"]) == {"1": (after.number,)}
    ended, joined, *_ = world.leases.changes(position, 10) or ()
    assert (ended.op, ended.number, joined.op, joined.number) == (Op.ENDED, before.number, Op.JOINED, after.number)
    world.run(keeper, seconds=30.0)
    assert [holder.number for holder in world.leases.holders()] == [after.number]
