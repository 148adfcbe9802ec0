"""Bounds for connections that have not said what they want."""

import pytest

from tcelib.limit.admission import Admission
from tcelib.limit.pending import PendingConnections
from tcelib.limit.table import AdmissionLimits
from tcelib.limit.too_many import TooMany


def test_without_limits_any_number_may_be_pending() -> None:
    pending: PendingConnections[int] = PendingConnections(Admission())
    assert [pending.enter(number, "192.0.2.1") for number in range(1000)] == [None] * 1000
    assert list(pending) == list(range(1000))


def test_one_address_may_not_fill_the_table() -> None:
    admission = Admission(AdmissionLimits(pending_per_ip=2))
    pending: PendingConnections[str] = PendingConnections(admission)
    pending.enter("a", "192.0.2.1")
    pending.enter("b", "::ffff:192.0.2.1")
    with pytest.raises(TooMany) as caught:
        pending.enter("c", "192.0.2.1")
    assert (caught.value.limit, caught.value.retry_seconds) == ("pending_per_ip", 10)
    assert admission.counted.counts["pending_per_ip"] == 1
    pending.enter("d", "192.0.2.2")
    assert list(pending) == ["a", "b", "d"]


def test_a_proxys_connections_are_bounded_altogether() -> None:
    pending: PendingConnections[int] = PendingConnections(Admission(AdmissionLimits(pending_per_ip=1, pending=3)))
    assert [pending.enter(number, None) for number in range(4)] == [None, None, None, 0]


def test_a_connection_that_has_left_makes_room_and_may_leave_again() -> None:
    pending: PendingConnections[str] = PendingConnections(Admission(AdmissionLimits(pending_per_ip=1)))
    pending.enter("a", "192.0.2.1")
    pending.leave("a")
    pending.leave("a")
    pending.enter("b", "192.0.2.1")
    assert list(pending) == ["b"]


def test_at_the_bound_the_longest_pending_connection_is_displaced() -> None:
    admission = Admission(AdmissionLimits(pending=2))
    pending: PendingConnections[str] = PendingConnections(admission)
    pending.enter("a", "192.0.2.1")
    pending.enter("b", "192.0.2.2")
    assert pending.enter("c", "192.0.2.3") == "a"
    assert list(pending) == ["b", "c"]
    assert admission.counted.counts["pending"] == 1


def test_the_displaced_connection_may_have_the_same_address() -> None:
    pending: PendingConnections[int] = PendingConnections(Admission(AdmissionLimits(pending=1, pending_per_ip=5)))
    for number in range(10):
        assert pending.enter(number, "192.0.2.1") == (number - 1 if number else None)
    pending.leave(9)
    assert not pending._by_ip
    assert len(pending) == 0


def test_connections_may_leave_during_an_iteration() -> None:
    pending: PendingConnections[str] = PendingConnections(Admission())
    for name in "abc":
        pending.enter(name, "192.0.2.1")
    for connection in pending:
        pending.leave(connection)
    assert len(pending) == 0
