"""The contract of every registry of leases: one suite for that in Redis and for its twin."""

import time
from typing import Any

import pytest

from tcelib.lease.port import (
    NOWHERE,
    SLICE,
    Change,
    LeaseEndedError,
    NameTakenError,
    Op,
    Registration,
    RegistryRefusedError,
)
from tests.tcelib.lease.moved_clock import MovedLeases

TEN = 10.0


def worker(name: str, **more: Any) -> Registration:
    return Registration("worker", name, **{"holds": ("user", "device"), **more})


def told(registry: MovedLeases, after: str) -> list[tuple[object, ...]]:
    changes = registry.leases.changes(after, 1_000)
    assert changes is not None
    return [(change.op, change.number, change.what, *sorted(change.items)) for change in changes]


def bury_all(registry: MovedLeases) -> int:
    slices = 1
    while registry.leases.bury():
        slices += 1
    return slices


def test_nobody_is_there_at_first(registry: MovedLeases) -> None:
    assert registry.leases.holders() == []
    assert registry.leases.where("user", ["1"]) == {}
    assert registry.leases.position() == NOWHERE
    assert not registry.leases.bury()


def test_a_holder_is_there_as_it_described_itself(registry: MovedLeases) -> None:
    told = worker("wörk er/1#x", version="1.2", since=1_700_000_000.25, reads=("quote", 'q"'), process="p")
    number = registry.leases.join(told, TEN)
    [holder] = registry.leases.holders()
    assert (holder.number, holder.registration) == (number, told)
    assert 9.0 < holder.seconds_left <= TEN
    assert (holder.load, holder.counts) == ({}, {"user": 0, "device": 0})


def test_holders_of_one_kind_can_be_asked_for(registry: MovedLeases) -> None:
    registry.leases.join(worker("a"), TEN)
    gateway = registry.leases.join(Registration("gateway", "a"), TEN)
    assert [holder.number for holder in registry.leases.holders("gateway")] == [gateway]
    assert len(registry.leases.holders()) == 2


def test_numbers_only_grow(registry: MovedLeases) -> None:
    numbers = [registry.leases.join(worker(f"{name}"), TEN) for name in range(5)]
    registry.leases.leave(numbers[-1])
    numbers.append(registry.leases.join(worker("4"), TEN))
    assert numbers == sorted(set(numbers))


def test_a_lease_ends_unless_it_is_renewed(registry: MovedLeases) -> None:
    renewed, silent = (registry.leases.join(worker(name), TEN) for name in "ab")
    registry.wait(6.0)
    registry.leases.renew(renewed, TEN)
    registry.wait(6.0)
    assert [holder.number for holder in registry.leases.holders()] == [renewed]
    assert registry.leases.where("user", ["1"]) == {}
    with pytest.raises(LeaseEndedError, match=f"{silent}"):
        registry.leases.renew(silent, TEN)


def test_a_holder_that_was_frozen_hears_of_it_whatever_it_does(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    registry.wait(11.0)
    for act in (registry.leases.hold, registry.leases.drop):
        with pytest.raises(LeaseEndedError):
            act(number, "user", ["1"])
    registry.leases.leave(number)
    bury_all(registry)
    with pytest.raises(LeaseEndedError):
        registry.leases.renew(number, TEN)
    with pytest.raises(LeaseEndedError):
        registry.leases.renew(1, TEN)


def test_renewing_tells_the_figures_and_whether_somebody_has_to_be_buried(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    assert not registry.leases.renew(number, TEN, {"connections": 3}).is_anything_over
    assert not registry.leases.renew(number, TEN).is_anything_over
    assert registry.leases.holders()[0].load == {"connections": 3}
    registry.leases.join(worker("b"), 1.0)
    registry.wait(2.0)
    assert registry.leases.renew(number, TEN, {"slots": 1}).is_anything_over
    assert registry.leases.holders()[0].load == {"slots": 1}
    bury_all(registry)
    assert not registry.leases.renew(number, TEN).is_anything_over


def test_it_is_counted_how_often_a_holder_has_told_something(registry: MovedLeases) -> None:
    one, two = (registry.leases.join(worker(name), TEN) for name in "ab")
    assert registry.leases.renew(one, TEN).told == 0
    assert registry.leases.hold(one, "user", ["1"]) == 1
    assert registry.leases.drop(one, "device", ["1"]) == 2
    assert registry.leases.hold(two, "user", ["1"]) == 1
    assert registry.leases.renew(one, TEN).told == 2


def test_a_name_is_taken_while_its_holder_has_a_lease(registry: MovedLeases) -> None:
    first = registry.leases.join(worker("a"), TEN)
    with pytest.raises(NameTakenError, match="a worker of the name 'a'") as raised:
        registry.leases.join(worker("a"), TEN)
    assert raised.value.holder.number == first
    registry.leases.join(Registration("gateway", "a"), TEN)
    registry.wait(11.0)
    assert registry.leases.join(worker("a"), TEN) > first


def test_a_dead_holder_is_replaced_at_once_and_nobody_else_is(registry: MovedLeases) -> None:
    dead = registry.leases.join(worker("a"), TEN)
    other = registry.leases.join(worker("b"), TEN)
    with pytest.raises(NameTakenError):
        registry.leases.join(worker("a"), TEN, replaces=other)
    after = registry.leases.position()
    number = registry.leases.join(worker("a"), TEN, replaces=dead)
    assert {holder.number for holder in registry.leases.holders()} == {other, number}
    assert told(registry, after) == [(Op.ENDED, dead, ""), (Op.JOINED, number, "")]
    with pytest.raises(LeaseEndedError):
        registry.leases.renew(dead, TEN)


def test_holders_that_share_a_name_are_there_side_by_side(registry: MovedLeases) -> None:
    numbers = [registry.leases.join(worker("a", sharing="host:1"), TEN) for _ in range(2)]
    assert [holder.number for holder in registry.leases.holders()] == numbers
    for sharing in ("", "host:2"):
        with pytest.raises(NameTakenError):
            registry.leases.join(worker("a", sharing=sharing), TEN)


def test_items_are_where_they_are_held(registry: MovedLeases) -> None:
    one, two = (registry.leases.join(worker(name), TEN) for name in "ab")
    registry.leases.hold(one, "user", ["1", "2", "ü/\n"])
    registry.leases.hold(two, "user", ["2"])
    registry.leases.hold(two, "device", ["1"])
    assert registry.leases.where("user", ["1", "2", "3", "ü/\n"]) == {"1": (one,), "2": (one, two), "ü/\n": (one,)}
    assert registry.leases.where("device", ["1", "2"]) == {"1": (two,)}
    registry.leases.drop(one, "user", ["2", "9"])
    assert registry.leases.where("user", ["2"]) == {"2": (two,)}
    assert [holder.counts for holder in registry.leases.holders()] == [
        {"user": 2, "device": 0},
        {"user": 1, "device": 1},
    ]


def test_many_items_are_looked_up_at_once(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    registry.leases.hold(number, "user", [f"{item}" for item in range(SLICE)])
    found = registry.leases.where("user", [f"{item}" for item in range(3 * SLICE)])
    assert found == {f"{item}": (number,) for item in range(SLICE)}
    assert registry.leases.where("user", []) == {}


def test_an_item_of_a_kind_that_was_not_named_is_refused(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    for act in (registry.leases.hold, registry.leases.drop):
        with pytest.raises(RegistryRefusedError, match="'area'"):
            act(number, "area", ["1"])


def test_only_the_first_and_the_last_are_changes(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    after = registry.leases.position()
    registry.leases.hold(number, "user", ["1", "2", "2"])
    registry.leases.hold(number, "user", ["2", "3"])
    registry.leases.hold(number, "user", ["3"])
    registry.leases.drop(number, "user", ["9", "1", "1"])
    registry.leases.drop(number, "user", ["1"])
    assert told(registry, after) == [
        (Op.HELD, number, "user", "1", "2"),
        (Op.HELD, number, "user", "3"),
        (Op.DROPPED, number, "user", "1"),
    ]


def test_what_a_holder_held_is_nowhere_from_the_moment_when_its_lease_ends(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    registry.leases.hold(number, "user", ["1"])
    registry.wait(11.0)
    assert registry.leases.where("user", ["1"]) == {}
    other = registry.leases.join(worker("b"), TEN)
    registry.leases.hold(other, "user", ["1"])
    registry.leases.leave(other)
    assert registry.leases.where("user", ["1"]) == {}


def test_a_lease_is_buried_once_in_slices_that_another_one_goes_on_with(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    items = {f"{item}" for item in range(2 * SLICE + 500)}
    for start in range(0, len(items), SLICE):
        registry.leases.hold(number, "user", sorted(items)[start : start + SLICE])
    registry.leases.hold(number, "device", ["d"])
    registry.wait(11.0)
    after = registry.leases.position()
    assert registry.leases.bury()
    changes = registry.leases.changes(after, 100)
    assert changes is not None
    assert [(change.op, len(change.items)) for change in changes] == [(Op.ENDED, 0), (Op.DROPPED, SLICE)]
    bury_all(registry)
    bury_all(registry)
    changes = registry.leases.changes(after, 100)
    assert changes is not None
    assert [change.op for change in changes].count(Op.ENDED) == 1
    dropped = [item for change in changes for item in change.items if change.what == "user"]
    assert len(dropped) == len(items)
    assert set(dropped) == items
    assert max(len(change.items) for change in changes) == SLICE
    assert [change.items for change in changes if change.what == "device"] == [("d",)]


def test_all_that_waits_is_buried(registry: MovedLeases) -> None:
    for name in "abc":
        number = registry.leases.join(worker(name), TEN)
        registry.leases.hold(number, "user", [name])
    registry.leases.leave(number)
    registry.wait(11.0)
    after = registry.leases.position()
    bury_all(registry)
    changes = registry.leases.changes(after, 100)
    assert changes is not None
    assert {item for change in changes for item in change.items} == {"a", "b", "c"}


def test_changes_tell_who_came_and_how_they_went(registry: MovedLeases) -> None:
    first = registry.leases.join(worker("zero"), TEN)
    after = registry.leases.position()
    left = registry.leases.join(worker("a", reads=("x",)), TEN)
    registry.leases.leave(left)
    registry.leases.leave(left)
    registry.wait(11.0)
    bury_all(registry)
    changes = registry.leases.changes(after, 100)
    assert changes is not None
    assert [change[1:3] for change in changes] == [(Op.JOINED, left), (Op.LEFT, left), (Op.ENDED, first)]
    assert changes[0].registration == worker("a", reads=("x",))
    assert registry.leases.changes(changes[0].position, 1) == [changes[1]]
    assert registry.leases.changes(registry.leases.position(), 100) == []


@pytest.mark.parametrize("position", [NOWHERE, "999999999999999-0", "nonsense"])
def test_changes_behind_an_unknown_position_may_be_incomplete(registry: MovedLeases, position: str) -> None:
    registry.leases.join(worker("a"), TEN)
    assert registry.leases.changes(position, 100) is None


def test_the_items_of_a_holder_come_in_pages(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    items = [f"{item}" for item in range(2 * SLICE)]
    for start in (0, SLICE):
        registry.leases.hold(number, "user", items[start : start + SLICE])
    found: set[str] = set()
    page = registry.leases.held(number, "user")
    found.update(page.items)
    while page.cursor:
        page = registry.leases.held(number, "user", page.cursor)
        found.update(page.items)
    assert found == set(items)
    assert registry.leases.held(1, "user").items == ()


def test_a_change_may_be_made_again_after_no_answer(registry: MovedLeases) -> None:
    number = registry.leases.join(worker("a"), TEN)
    after = registry.leases.position()
    for _ in range(2):
        registry.leases.hold(number, "user", ["1"])
        registry.leases.renew(number, TEN)
    for _ in range(2):
        registry.leases.drop(number, "user", ["1"])
    changes: list[Change] | None = registry.leases.changes(after, 10)
    assert changes is not None
    assert [change.op for change in changes] == [Op.HELD, Op.DROPPED]


def test_items_and_names_are_any_text(registry: MovedLeases) -> None:
    odd = ["", "\x00", "\ud800", "a b", "{*}", "1.0", "[", '"', "\\", "\u4f60\u597d", "x" * 10_000]
    number = registry.leases.join(worker("\udcff\x00"), TEN)
    before = registry.leases.position()
    registry.leases.hold(number, "user", odd)
    assert registry.leases.where("user", odd) == dict.fromkeys(odd, (number,))
    assert sorted(registry.leases.held(number, "user").items) == sorted(odd)
    assert told(registry, before) == [(Op.HELD, number, "user", *sorted(odd))]
    assert [holder.registration for holder in registry.leases.holders()] == [worker("\udcff\x00")]


def test_a_change_has_its_moment_and_the_recent_ones_can_be_had(registry: MovedLeases) -> None:
    leases = registry.leases
    before = leases.now_ms()
    number = leases.join(worker("a"), TEN)
    leases.hold(number, "user", ["1"])
    changes = leases.recent(before)
    assert [change.op for change in changes] == [Op.JOINED, Op.HELD]
    assert all(before <= change.at_ms <= leases.now_ms() for change in changes)
    assert leases.recent(leases.now_ms() + 1_000) == []


def test_a_wait_ends_with_a_change_that_is_there(registry: MovedLeases) -> None:
    leases = registry.leases
    leases.wait("", 0.01)
    number = leases.join(worker("a"), TEN)
    position = leases.position()
    leases.hold(number, "user", ["1"])
    begun = time.monotonic()
    leases.wait(position, 1.0)
    leases.wait("", 1.0)
    assert time.monotonic() - begun < 0.9
