"""Refusing new connections and giving up slow ones, by numbers alone."""

from tcelib.limit.memory_guard import MemoryBounds, MemoryGuard

MB = 1 << 20


def test_without_bounds_there_is_always_room() -> None:
    guard = MemoryGuard(MemoryBounds())
    assert guard.look(10**15, 10**15) == 0
    assert not guard.is_full
    assert guard.reason == ""


def test_beyond_the_limit_new_connections_are_refused_and_nobody_has_to_go_at_first() -> None:
    guard = MemoryGuard(MemoryBounds(resident=100 * MB))
    assert guard.look(100 * MB, 50 * MB) == 0
    assert not guard.is_full
    assert guard.look(101 * MB, 50 * MB) == 0
    assert guard.is_full
    assert "no memory" in guard.reason


def test_they_come_in_again_when_there_is_some_room_and_not_just_below_the_limit() -> None:
    guard = MemoryGuard(MemoryBounds(resident=100 * MB))
    states = []
    for resident in (101, 99, 96, 94, 99, 101):
        guard.look(resident * MB, 0)
        states.append(guard.is_full)
    assert states == [True, True, True, False, False, True]


def test_when_it_grows_on_as_much_has_to_go_as_is_too_much() -> None:
    guard = MemoryGuard(MemoryBounds(resident=100 * MB))
    guard.look(110 * MB, 50 * MB)
    assert guard.look(120 * MB, 50 * MB) == 20 * MB
    assert guard.look(119 * MB, 50 * MB) == 0
    assert guard.look(200 * MB, 50 * MB) == 50 * MB


def test_memory_that_grows_without_clients_to_blame_costs_none() -> None:
    guard = MemoryGuard(MemoryBounds(resident=100 * MB))
    guard.look(110 * MB, 0)
    assert guard.look(120 * MB, 0) == 0


def test_what_waits_for_all_clients_has_a_bound_of_its_own() -> None:
    guard = MemoryGuard(MemoryBounds(outboxes=10 * MB))
    assert guard.look(999 * MB, 10 * MB) == 0
    assert not guard.is_full
    assert guard.look(999 * MB, 13 * MB) == 3 * MB
    assert guard.is_full
    assert guard.look(999 * MB, 9 * MB) == 0
    assert not guard.is_full


def test_operators_read_megabytes() -> None:
    guard = MemoryGuard(MemoryBounds(resident=100 * MB))
    guard.look(70 * MB, 3 * MB)
    assert guard.detail == "70 of 100 MB, 3 MB of it wait for clients"


def test_what_waits_is_worth_counting_again_soon_when_it_is_much_or_nobody_comes_in() -> None:
    guard = MemoryGuard(MemoryBounds(resident=1000, outboxes=500))
    assert not guard.is_near
    guard.look(100, 50)
    assert not guard.is_near
    guard.look(100, 51)
    assert guard.is_near
    guard.look(1001, 0)
    assert guard.is_near
