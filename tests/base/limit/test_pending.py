"""Those who have not said yet what they want."""

import pytest

from rtserver.base.limit.admission import Gate
from rtserver.base.limit.pending import WaitingRoom
from rtserver.base.limit.table import GateLimits
from rtserver.base.limit.too_many import TooMany


def test_without_limits_everybody_may_wait():
    room = WaitingRoom(Gate())
    assert [room.enter(number, "192.0.2.1") for number in range(1000)] == [None] * 1000
    assert list(room) == list(range(1000))


def test_one_address_may_not_fill_it():
    gate = Gate(GateLimits(pending_per_ip=2))
    room = WaitingRoom(gate)
    room.enter("a", "192.0.2.1")
    room.enter("b", "::ffff:192.0.2.1")
    with pytest.raises(TooMany) as caught:
        room.enter("c", "192.0.2.1")
    assert (caught.value.limit, caught.value.retry_seconds) == ("pending_per_ip", 10)
    assert gate.counted.counts["pending_per_ip"] == 1
    room.enter("d", "192.0.2.2")
    assert list(room) == ["a", "b", "d"]


def test_a_proxys_connections_are_bounded_by_the_room_alone():
    room = WaitingRoom(Gate(GateLimits(pending_per_ip=1, pending=3)))
    assert [room.enter(number, None) for number in range(4)] == [None, None, None, 0]


def test_who_has_left_makes_room_and_may_leave_again():
    room = WaitingRoom(Gate(GateLimits(pending_per_ip=1)))
    room.enter("a", "192.0.2.1")
    room.leave("a")
    room.leave("a")
    room.enter("b", "192.0.2.1")
    assert list(room) == ["b"]


def test_when_it_is_full_the_one_who_has_been_here_longest_goes():
    gate = Gate(GateLimits(pending=2))
    room = WaitingRoom(gate)
    room.enter("a", "192.0.2.1")
    room.enter("b", "192.0.2.2")
    assert room.enter("c", "192.0.2.3") == "a"
    assert list(room) == ["b", "c"]
    assert gate.counted.counts["pending"] == 1


def test_the_one_who_goes_may_be_of_the_newcomers_own_address():
    room = WaitingRoom(Gate(GateLimits(pending=1, pending_per_ip=5)))
    for number in range(10):
        assert room.enter(number, "192.0.2.1") == (number - 1 if number else None)
    room.leave(9)
    assert not room._by_ip
    assert len(room) == 0


def test_it_may_be_emptied_while_it_is_looked_at():
    room = WaitingRoom(Gate())
    for name in "abc":
        room.enter(name, "192.0.2.1")
    for guest in room:
        room.leave(guest)
    assert len(room) == 0
