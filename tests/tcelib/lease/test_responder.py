"""Responders of a queue: "no" only where that is certain."""

import pytest

from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import Change, Registration, RegistryAwayError
from tcelib.lease.responder import SILENT_MS
from tcelib.lease.responder_watcher import ResponderWatcher
from tests.tcelib.lease.moved_clock import MovedLeases, MovedMemory

TEN = 10.0
KIND = "service"


def service(name: str = "a", *reads: str) -> Registration:
    return Registration(KIND, name, reads=reads or ("orders",))


class World:
    """A registry whose time passes for the watcher as well. ``has`` looks first."""

    def __init__(self, moved: MovedMemory) -> None:
        self._moved = moved
        self.leases = moved.leases
        self.watcher = self.start()

    def start(self) -> ResponderWatcher:
        """A watcher that has just begun."""
        self.watcher = ResponderWatcher(self.leases, KIND, clock=lambda: self._moved.now)
        return self.watcher

    def has(self, queue: str = "orders") -> bool:
        self.watcher.look()
        return self.watcher.has(queue)

    def end_leases(self) -> None:
        """Let all leases end, and somebody see it."""
        self._moved.wait(TEN)
        while self.leases.bury():
            pass

    def wait(self, seconds: float) -> None:
        self._moved.wait(seconds)


@pytest.fixture
def world() -> World:
    return World(MovedMemory())


def test_nobody_answers_where_no_lease_ever_was(world: World) -> None:
    assert not world.has()
    world.leases.join(service("a", "others"), TEN)
    world.leases.join(Registration("gateway", "g", reads=("orders",)), TEN)
    assert not world.has()
    assert world.has("others")


def test_a_watcher_that_has_not_looked_yet_does_not_say_no(world: World) -> None:
    assert world.watcher.has("orders")


def test_a_service_answers_from_the_moment_when_it_joins_to_the_one_when_it_leaves(world: World) -> None:
    world.has()
    number = world.leases.join(service(), TEN)
    assert world.has()
    world.leases.leave(number)
    assert not world.has()


def test_a_service_whose_lease_ended_may_come_back_for_30_seconds_of_silence(world: World) -> None:
    world.leases.join(service(), TEN)
    assert world.has()
    world.end_leases()
    assert world.has()
    world.wait(SILENT_MS / 1000 - 0.001)
    assert world.has()
    world.wait(0.001)
    assert not world.has()


def test_a_service_that_exchanges_its_lease_for_one_that_reads_nothing_answers_no_more(world: World) -> None:
    number = world.leases.join(service(), TEN)
    assert world.has()
    world.leases.join(Registration(KIND, "a"), TEN, replaces=number)
    assert not world.has()


def test_a_service_that_came_back_and_left_in_good_order_answers_no_more(world: World) -> None:
    world.leases.join(service(), TEN)
    world.has()
    world.end_leases()
    world.leases.leave(world.leases.join(service(), TEN))
    assert not world.has()


def test_one_of_two_that_leaves_does_not_speak_for_the_other(world: World) -> None:
    number = world.leases.join(service("a"), TEN)
    world.leases.join(service("b"), TEN)
    world.has()
    world.leases.leave(number)
    assert world.has()


def test_a_watcher_that_begins_knows_who_has_left_and_who_may_come_back(world: World) -> None:
    world.leases.leave(world.leases.join(service("a", "left"), TEN))
    number = world.leases.join(service("b", "exchanged"), TEN)
    world.leases.leave(world.leases.join(Registration(KIND, "b"), TEN, replaces=number))
    world.leases.join(service("c", "ended"), TEN)
    world.end_leases()
    world.start()
    assert [world.has(queue) for queue in ("left", "exchanged", "ended", "never")] == [False, False, True, False]
    world.wait(SILENT_MS / 1000)
    assert not world.has("ended")


def test_the_end_of_a_lease_of_which_nothing_else_is_known_is_a_doubt(world: World) -> None:
    world.leases.join(service(), 60.0)
    world.wait(60.0)
    while world.leases.bury():
        pass
    world.start()
    assert world.has()
    assert world.has("anything")
    world.wait(SILENT_MS / 1000)
    assert not world.has()


def test_who_was_here_and_is_missing_in_a_new_snapshot_may_come_back(world: World) -> None:
    world.leases.join(service(), TEN)
    world.has()
    world.wait(TEN)
    for number in range(600):  # more changes than the registry keeps
        world.leases.leave(world.leases.join(service(f"{number}", "others"), TEN))
    assert world.has()


def test_it_is_the_same_with_a_real_registry(registry: MovedLeases) -> None:
    watcher = ResponderWatcher(registry.leases, KIND, clock=lambda: 0.0)
    watcher.look()
    assert not watcher.has("orders")
    number = registry.leases.join(service(), TEN)
    watcher.look()
    assert watcher.has("orders")
    registry.leases.leave(number)
    watcher.look()
    assert not watcher.has("orders")


class FailingLeases(MemoryLeases):
    """A registry that does not answer once when it is asked for ``fails``, the name of a method."""

    def __init__(self) -> None:
        super().__init__(lambda: 1_000.0)
        self.fails = ""

    def position(self) -> str:
        """See ``LeasePort``."""
        self._fail_once("position")
        return super().position()

    def recent(self, since_ms: int) -> list[Change]:
        """See ``LeasePort``."""
        self._fail_once("recent")
        return super().recent(since_ms)

    def now_ms(self) -> int:
        """See ``LeasePort``."""
        self._fail_once("now_ms")
        return super().now_ms()

    def _fail_once(self, name: str) -> None:
        if name == self.fails:
            self.fails = ""
            raise RegistryAwayError("memory", "no answer")


@pytest.fixture
def leases() -> FailingLeases:
    return FailingLeases()


def look_twice(watcher: ResponderWatcher) -> None:
    """Look again after an error."""
    with pytest.raises(RegistryAwayError):
        watcher.look()
    watcher.look()


@pytest.mark.parametrize("fails", ["now_ms", "recent", "position"])
def test_a_watcher_whose_first_look_fails_begins_with_the_next(leases: FailingLeases, fails: str) -> None:
    leases.join(service(), TEN)
    watcher = ResponderWatcher(leases, KIND, clock=lambda: 0.0)
    leases.fails = fails
    look_twice(watcher)
    assert [watcher.has(queue) for queue in ("orders", "others")] == [True, False]


def test_a_service_that_joins_while_the_registry_fails_is_known_after_it(leases: FailingLeases) -> None:
    watcher = ResponderWatcher(leases, KIND, clock=lambda: 0.0)
    watcher.look()
    leases.join(service("b", "others"), TEN)
    watcher.look()
    leases.join(service(), TEN)
    leases.fails = "now_ms"
    look_twice(watcher)
    assert watcher.has("orders")


def test_a_watcher_that_has_to_begin_anew_does_so_after_an_error(leases: FailingLeases) -> None:
    watcher = ResponderWatcher(leases, KIND, clock=lambda: 0.0)
    number = leases.join(service("gone", "gone"), TEN)
    watcher.look()
    leases.leave(number)
    leases.join(service(), TEN)
    for name in range(600):  # more changes than the registry keeps
        leases.leave(leases.join(service(f"{name}", "others"), TEN))
    leases.fails = "recent"
    look_twice(watcher)
    assert watcher.has("orders")
