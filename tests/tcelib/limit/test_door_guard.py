"""Limits of the doors of a gateway, with a clock that the test moves."""

import pytest

from tcelib.limit.door_guard import DoorGuard
from tcelib.limit.door_limits import DoorLimits
from tcelib.limit.too_many import TooMany

HERE, THERE = "192.0.2.1", "192.0.2.2"
OFF = DoorLimits(connections_per_ip=0, handshakes=0, handshakes_per_ip=0, pending=0, pending_per_ip=0)


def guard_of(**limits: int) -> DoorGuard[str]:
    return DoorGuard(DoorLimits(**limits))


def come(guard: DoorGuard[str], name: str, ip: str = HERE, now: float = 0.0) -> str | None:
    guard.check(ip, 5, now)
    return guard.enter(name, ip)


def refusal(guard: DoorGuard[str], ip: str = HERE, now: float = 0.0) -> str:
    with pytest.raises(TooMany) as caught:
        come(guard, "one too many", ip, now)
    return caught.value.limit


def test_there_are_so_many_connections_of_all_and_one_that_leaves_makes_room() -> None:
    guard = guard_of(connections=2)
    come(guard, "a", HERE)
    come(guard, "b", THERE)
    assert refusal(guard, "192.0.2.3") == "connections"
    guard.leave("a")
    guard.leave("a")
    come(guard, "c")
    assert len(guard) == 2
    assert guard.counted.counts["connections"] == 1


def test_there_are_so_many_connections_of_one_address() -> None:
    guard = guard_of(connections_per_ip=2)
    come(guard, "a")
    come(guard, "b")
    assert refusal(guard) == "connections_per_ip"
    come(guard, "c", THERE)
    guard.leave("b")
    come(guard, "d")


def test_handshakes_that_do_not_end_leave_room_for_others() -> None:
    guard = guard_of(pending=2)
    assert come(guard, "slow") is None
    assert come(guard, "fast") is None
    guard.shaken("fast")
    assert come(guard, "other", THERE) is None
    assert come(guard, "last", THERE) == "slow"
    assert len(guard) == 4  # the displaced one leaves when its socket is closed
    guard.leave("slow")
    assert len(guard) == 3


def test_an_address_has_so_many_handshakes_under_way_and_a_refused_one_is_not_counted() -> None:
    guard = guard_of(pending_per_ip=1, connections_per_ip=3)
    come(guard, "a")
    for _ in range(5):
        assert refusal(guard) == "pending_per_ip"
    guard.shaken("a")
    come(guard, "b")
    guard.shaken("b")
    come(guard, "c")
    guard.shaken("c")
    assert refusal(guard) == "connections_per_ip"


def test_connections_come_at_a_rate() -> None:
    guard = guard_of(handshakes_per_ip=1, pending_per_ip=0)
    for number in range(10):
        come(guard, str(number))
    assert refusal(guard) == "handshakes_per_ip"
    come(guard, "later", now=1.01)


def test_open_files_are_kept_back() -> None:
    guard: DoorGuard[str] = DoorGuard(DoorLimits(), files=100)
    guard.check(HERE, 100, 0.0)
    with pytest.raises(TooMany):
        guard.check(HERE, 101, 0.0)


def test_what_was_checked_and_did_not_enter_is_not_counted() -> None:
    guard = guard_of(connections_per_ip=1)
    guard.check(HERE, 5, 0.0)
    guard.refuse(HERE)
    come(guard, "a")


def test_the_client_for_which_most_waits_is_given_up_when_too_much_waits_for_all() -> None:
    guard = guard_of(unsent_total_bytes=100)
    for name in "abc":
        come(guard, name)
    assert guard.note_unsent("a", 30) is None
    assert guard.note_unsent("b", 60) is None
    assert guard.note_unsent("a", 40) is None
    assert guard.note_unsent("c", 1) == "b"
    guard.leave("b")
    assert guard.unsent == 41
    assert guard.note_unsent("b", 1_000) is None  # it is gone
    assert guard.note_unsent("a", 0) is None
    assert guard.note_unsent("c", 0) is None
    assert guard.unsent == 0


def test_without_limits_everybody_comes_in_and_nothing_is_slow() -> None:
    guard = guard_of(**dict.fromkeys(("connections", "unsent_total_bytes", "calls", "bytes"), 0))
    for number in range(1_000):
        come(guard, str(number), f"192.0.2.{number % 250}")
    assert guard.note_unsent("1", 10**12) is None
    assert guard.rate() is None
    assert DoorGuard(OFF).rate() is not None
