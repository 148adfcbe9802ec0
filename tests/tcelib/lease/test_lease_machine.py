"""Holders that join, hold, freeze, lose their way to the registry, die and come back, in any order.

At any time a holder that believes in its lease is right, no name is there twice, and a watcher's copy is what the
registry says. In the end, when nothing more happens, the registry is the truth: exactly the holders that live, each
with exactly what it has.
"""

import logging
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tcelib.lease.keeper import LEASE_SECONDS, LeaseKeeper, Life
from tcelib.lease.port import LeasePort, NameTakenError, Registration, RegistryAwayError
from tcelib.lease.watcher import Watcher
from tests.tcelib.lease.moved_clock import MovedLeases

NAMES = st.sampled_from(["one", "two", "three"])
ITEMS = st.sampled_from([f"user {number}" for number in range(6)])
SECONDS = st.sampled_from([0.5, 2.0, 4.0, 11.0])


class FaultyWay:
    """The way of one holder to the registry: cut, or broken before or after the next command was done."""

    def __init__(self, leases: LeasePort) -> None:
        self._leases = leases
        self.is_cut = False
        self.fault = ""
        self.has_answered = True

    def __getattr__(self, name: str) -> Callable[..., object]:
        act: Callable[..., object] = getattr(self._leases, name)

        def call(*args: object, **more: object) -> object:
            fault, self.fault = self.fault, ""
            if self.is_cut or fault == "before":
                raise RegistryAwayError("test", "cut")
            result = act(*args, **more)
            self.has_answered = self.has_answered or name in ("join", "renew", "hold", "drop")
            if fault == "after":
                raise RegistryAwayError("test", "cut")
            return result

        return call


class Process:
    """One life of a holder: what it has is the truth, whatever the registry says."""

    def __init__(self, name: str, life: int, leases: LeasePort, clock: Callable[[], float], look_at: object) -> None:
        self.way = FaultyWay(leases)
        self.items: set[str] = set()
        self.is_frozen = False
        self.id = f"{name}/{life}"
        registration = Registration("worker", name, holds=("user",), process=self.id)
        self.keeper = LeaseKeeper(
            self.way,  # type: ignore[arg-type]
            registration,
            clock=clock,
            look_at=look_at,  # type: ignore[arg-type]
        )


class LeaseMachine(RuleBasedStateMachine):
    """``alive`` has the processes that have not died, frozen ones included."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.registry = self.make_registry()
        self.alive: dict[str, Process] = {}
        self.lives = 0
        self.numbers: list[int] = []
        self.in_the_way: list[tuple[str, str]] = []
        self.watcher = Watcher(self.registry.leases, ["user"])
        self.is_same_machine = True

    def make_registry(self) -> MovedLeases:
        """An empty one."""
        raise NotImplementedError

    def look_at(self, process: str) -> Life:
        if not self.is_same_machine:
            return Life.UNKNOWN
        return Life.ALIVE if process in {one.id for one in self.alive.values()} else Life.DEAD

    @initialize(is_same_machine=st.booleans(), names=st.lists(NAMES, unique=True))
    def begin(self, is_same_machine: bool, names: list[str]) -> None:
        self.is_same_machine = is_same_machine
        for name in names:
            self.start(name, "")

    @rule(name=NAMES, fault=st.sampled_from(["", "", "before", "after"]))
    def start(self, name: str, fault: str) -> None:
        if name not in self.alive:
            self.lives += 1
            process = Process(name, self.lives, self.registry.leases, lambda: self.now, self.look_at)
            process.way.fault = fault
            self.alive[name] = process

    @rule(name=NAMES, come=st.lists(ITEMS, max_size=4), go=st.lists(ITEMS, max_size=2), steps=st.integers(0, 3))
    def change(self, name: str, come: list[str], go: list[str], steps: int) -> None:
        process = self.turning(name)
        if process is None:
            return
        for item in come:
            process.items.add(item)
            process.keeper.holding.hold("user", item)
        for item in go:
            process.items.discard(item)
            process.keeper.holding.drop("user", item)
        for _ in range(steps):
            self.step(name, process)

    @rule(names=st.permutations(["one", "two", "three"]), steps=st.integers(1, 3))
    def work(self, names: list[str], steps: int) -> None:
        for name in names:
            process = self.turning(name)
            for _ in range(steps if process else 0):
                assert process is not None
                self.step(name, process)

    @rule(name=NAMES, how=st.sampled_from(["freeze", "thaw", "cut", "mend", "before", "after"]))
    def disturb(self, name: str, how: str) -> None:
        process = self.alive.get(name)
        if process is None:
            return
        if how in ("freeze", "thaw"):
            process.is_frozen = how == "freeze"
        elif how in ("cut", "mend"):
            process.way.is_cut = how == "cut"
        else:
            process.way.fault = how

    @rule(name=NAMES, is_in_order=st.booleans())
    def end(self, name: str, is_in_order: bool) -> None:
        process = self.turning(name)
        if process is not None and is_in_order and not process.way.is_cut:
            process.way.fault = ""
            process.keeper.leave()
        self.alive.pop(name, None)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.registry.wait(seconds)

    @rule()
    def keep(self) -> None:
        self.registry.keep()

    @rule()
    def fail_over(self) -> None:
        """To a replica that lagged. Until each holder has asked, it believes what the old primary said."""
        self.registry.fail_over()
        for process in self.alive.values():
            process.way.has_answered = False

    @rule()
    def bury(self) -> None:
        self.registry.leases.bury()

    @rule()
    def watch(self) -> None:
        self.watcher.look()
        holders = {holder.number for holder in self.registry.leases.holders()}
        seen = self.watcher.view.holders.keys()
        # A lease that has run out is told when somebody has seen it.
        assert seen >= holders
        for number in holders:
            page = self.registry.leases.held(number, "user")
            assert self.watcher.view.held(number, "user") == frozenset(page.items)

    @invariant()
    def whoever_believes_in_a_lease_has_it(self) -> None:
        holders = {holder.number: holder.registration for holder in self.registry.leases.holders()}
        for process in self.alive.values():
            if process.keeper.is_held and process.way.has_answered:
                assert holders[process.keeper.number] == process.keeper.registration
        assert all(own != other for own, other in self.in_the_way), "nobody stands in its own way"
        names = [registration.name for registration in holders.values()]
        assert len(names) == len(set(names))

    def turning(self, name: str) -> Process | None:
        process = self.alive.get(name)
        return None if process is None or process.is_frozen else process

    def step(self, name: str, process: Process) -> float:
        """Let a keeper do one thing. A process whose name was taken ends, as a server does."""
        before = process.keeper.number
        try:
            pause = process.keeper.step()
        except NameTakenError as taken:
            self.in_the_way.append((process.id, taken.holder.registration.process))
            self.alive.pop(name, None)
            return 1.0
        number = process.keeper.number
        if number not in (0, before):
            assert not self.numbers or number > self.numbers[-1], "fencing numbers only grow"
            self.numbers.append(number)
        return pause

    def teardown(self) -> None:
        for process in self.alive.values():
            process.is_frozen = process.way.is_cut = False
            process.way.fault = ""
        for _ in range(int(3 * LEASE_SECONDS)):
            for name, process in list(self.alive.items()):
                while self.step(name, process) == 0:
                    pass
            self.wait(1.0)
        while self.registry.leases.bury():
            pass
        leases = self.registry.leases
        found = {
            holder.registration.name: set(leases.held(holder.number, "user").items) for holder in leases.holders()
        }
        self.whoever_believes_in_a_lease_has_it()
        assert found == {name: process.items for name, process in self.alive.items()}
        everywhere = {item for items in found.values() for item in items}
        assert leases.where("user", everywhere | {"nobody"}).keys() == everywhere
        self.watcher.look()
        assert self.watcher.view.all_held("user") == everywhere
        assert len(self.watcher.view.holders) == len(self.alive)


def test_any_order_ends_with_the_truth(
    make_registry: Callable[[], MovedLeases], example_count: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    machine = type("Machine", (LeaseMachine,), {"make_registry": lambda self: make_registry()})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=example_count,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
