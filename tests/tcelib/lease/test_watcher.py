"""A watcher's copy of a registry: the snapshot, the changes behind it, and a new snapshot where some are missing."""

from tcelib.lease.port import CHANGES, SLICE, Op, Registration
from tcelib.lease.watcher import Watcher
from tests.tcelib.lease.moved_clock import MovedLeases

USER = Registration("worker", "a", holds=("user", "device"))
TEN = 10.0


def test_a_watcher_begins_with_what_is_there_and_hears_of_each_change(registry: MovedLeases) -> None:
    leases = registry.leases
    number = leases.join(USER, TEN)
    leases.hold(number, "user", [f"{item}" for item in range(SLICE)])
    watcher = Watcher(leases, ["user"])
    assert watcher.look() is None
    assert watcher.view.holders == {number: USER}
    assert len(watcher.view.held(number, "user")) == SLICE
    leases.hold(number, "user", ["new"])
    leases.hold(number, "device", ["of no interest"])
    changes = watcher.look()
    assert changes is not None
    assert [(change.op, change.items) for change in changes] == [(Op.HELD, ("new",))]
    assert "new" in watcher.view.all_held("user")
    assert watcher.view.all_held("device") == frozenset()
    assert watcher.look() == []


def test_what_a_dead_holder_had_is_gone_before_it_is_buried(registry: MovedLeases) -> None:
    leases = registry.leases
    number = leases.join(USER, TEN)
    leases.hold(number, "user", ["1"])
    watcher = Watcher(leases, ["user"])
    watcher.look()
    leases.leave(number)
    watcher.look()
    assert watcher.view.holders == {}
    assert watcher.view.all_held("user") == frozenset()
    while leases.bury():
        pass
    watcher.look()
    assert watcher.view.all_held("user") == frozenset()


def test_a_watcher_that_is_too_far_behind_begins_anew(registry: MovedLeases) -> None:
    leases = registry.leases
    number = leases.join(USER, 1_000.0)
    watcher = Watcher(leases, ["user"])
    watcher.look()
    for item in range(2 * CHANGES):
        leases.hold(number, "user", [f"{item}"])
    assert watcher.look() is None
    assert len(watcher.view.held(number, "user")) == 2 * CHANGES
    assert watcher.look() == []


def test_a_watcher_of_an_empty_registry_waits_for_the_first_one(registry: MovedLeases) -> None:
    watcher = Watcher(registry.leases)
    assert watcher.look() is None
    assert watcher.look() is None
    registry.leases.join(USER, TEN)
    assert watcher.look() is None
    assert len(watcher.view.holders) == 1
    assert watcher.look() == []
