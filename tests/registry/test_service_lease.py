"""The lease of what one of several workers does, on leases in memory with a clock that the test moves."""

from rtserver.registry.service_lease import HISTORY, PUSHES, ServiceLease
from tcelib.lease.memory import MemoryLeases


class Clock:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_of_several_workers_has_the_lease_until_it_ends() -> None:
    clock = Clock()
    leases = MemoryLeases(clock)
    one, two = (ServiceLease(leases, HISTORY, name, clock=clock) for name in ("one", "two"))
    assert (one.is_ours(), two.is_ours()) == (True, False)
    for _ in range(20):
        clock.now += 1
        assert (one.is_ours(), two.is_ours()) == (True, False)
    for _ in range(12):  # the first one is frozen
        clock.now += 1
        two.is_ours()
    assert (two.is_ours(), one.is_ours()) == (True, False)
    two.leave()
    clock.now += 1
    assert one.is_ours()


def test_leases_of_different_names_are_independent() -> None:
    clock = Clock()
    leases = MemoryLeases(clock)
    one, two = ServiceLease(leases, HISTORY, "one", clock=clock), ServiceLease(leases, PUSHES, "two", clock=clock)
    assert one.is_ours()
    assert two.is_ours()
