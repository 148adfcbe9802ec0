"""Processor time of one user, with a clock that only work and pauses move."""

import gc
from collections.abc import Callable, Iterator

import pytest

from rtserver.base.limit.cpu_quota import (
    REST_SECONDS,
    SLICE_SECONDS,
    UNPAID_SECONDS,
    FairShare,
    FairShares,
    ProcessorClock,
    cpu_rate,
)

SHARE = 0.1
BURST = 10 * SHARE


class Machine:
    """A thread that works or sleeps. ``turns`` counts the timers that it has rung."""

    def __init__(self) -> None:
        self.time = 100.0
        self.cpu = 0.0
        self.turns = 0
        self._timers: list[tuple[float, Callable[[], object]]] = []
        self.limited = 0
        self.clock = ProcessorClock(lambda: self.time, lambda: self.cpu)
        self.shares = FairShares(cpu_rate(SHARE), self.clock, self.call_later, on_limit=self._on_limit)

    def call_later(self, delay: float, callback: Callable[[], object]) -> None:
        self._timers.append((self.time + delay, callback))

    def work(self, seconds: float, share: FairShare) -> None:
        begun = self.time
        self.time += seconds
        self.cpu += seconds
        share.spend(begun)

    def wait(self, seconds: float, share: FairShare) -> None:
        """Let time pass that looks like work and is none: another thread has the interpreter."""
        begun = self.time
        self.time += seconds
        share.spend(begun)

    def turn(self) -> bool:
        """Sleep until the next timer and ring it; whether there was one."""
        if not self._timers:
            return False
        self._timers.sort(key=lambda timer: timer[0])
        when, callback = self._timers.pop(0)
        self.time = max(self.time, when)
        self.turns += 1
        callback()
        return True

    def run(self) -> None:
        """Until nothing waits."""
        while self.turn():
            pass

    def _on_limit(self) -> None:
        self.limited += 1


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def share(machine: Machine) -> FairShare:
    return machine.shares.of("7")


def test_work_within_a_slice_makes_nobody_wait(machine: Machine, share: FairShare) -> None:
    machine.work(SLICE_SECONDS * 0.9, share)
    assert not share.is_owing


def test_very_short_work_is_added_up(machine: Machine, share: FairShare) -> None:
    pieces = 0
    while not share.is_owing:
        machine.work(UNPAID_SECONDS / 20, share)
        pieces += 1
    assert SLICE_SECONDS <= pieces * UNPAID_SECONDS / 20 < 3 * SLICE_SECONDS


def test_past_the_slice_pieces_come_one_at_a_time_in_their_order(machine: Machine, share: FairShare) -> None:
    machine.work(2 * SLICE_SECONDS, share)
    done: list[int] = []
    for number in range(5):
        share.wait_turn(lambda number=number: (done.append(number), machine.work(0.001, share)))
    while machine.turn():
        assert len(done) <= machine.turns
    assert done == [0, 1, 2, 3, 4]
    assert not share.is_owing


def test_in_the_long_run_a_user_gets_his_quota_and_no_more(machine: Machine, share: FairShare) -> None:
    begun, worked = machine.time, 0.0

    def piece() -> None:
        nonlocal worked
        worked += 0.001
        machine.work(0.001, share)
        if machine.time < begun + 100:
            share.wait_turn(piece)

    machine.work(2 * SLICE_SECONDS, share)
    share.wait_turn(piece)
    machine.run()
    assert worked == pytest.approx(BURST + 100 * SHARE, rel=0.01)
    assert machine.limited > 1000


def test_within_the_quota_a_user_has_half_of_the_thread_at_most(machine: Machine, share: FairShare) -> None:
    begun, worked = machine.time, 0.0

    def piece() -> None:
        nonlocal worked
        worked += 0.001
        machine.work(0.001, share)
        if machine.time < begun + 1:
            share.wait_turn(piece)

    machine.work(2 * SLICE_SECONDS, share)
    share.wait_turn(piece)
    machine.run()
    assert worked == pytest.approx(0.5, rel=0.02)


def test_one_user_does_not_make_another_wait(machine: Machine, share: FairShare) -> None:
    machine.work(5.0, share)
    assert share.is_owing
    assert not machine.shares.of("8").is_owing


def test_waiting_for_the_interpreter_is_no_work(machine: Machine, share: FairShare) -> None:
    for _ in range(1000):
        machine.wait(0.005, share)
    assert not share.is_owing


def test_work_beside_a_wait_counts(machine: Machine, share: FairShare) -> None:
    machine.clock.worked(0)
    machine.cpu += 2 * SLICE_SECONDS
    machine.wait(0.1, share)
    assert share.is_owing


def test_a_quota_that_is_used_up_comes_back_with_rest(machine: Machine, share: FairShare) -> None:
    machine.work(BURST + 1, share)
    machine.run()
    assert machine.time < share.strict_until
    machine.time += REST_SECONDS
    assert machine.time >= share.strict_until
    machine.work(2 * SLICE_SECONDS, share)
    assert machine.time < share.strict_until
    machine.time += 10
    machine.work(2 * SLICE_SECONDS, share)
    assert machine.time >= share.strict_until


def test_a_user_who_comes_back_finds_what_he_owes(machine: Machine) -> None:
    machine.work(BURST, machine.shares.of("7"))
    gc.collect()
    assert machine.shares.of("7").is_owing


def test_a_user_who_has_gone_long_ago_is_forgotten(machine: Machine) -> None:
    for number in range(100):
        machine.work(0.001, machine.shares.of(str(number)))
    for _ in range(2):
        machine.time += 11
        machine.work(0.001, machine.shares.of("x"))
    gc.collect()
    assert len(machine.shares) == 1


def steps(machine: Machine, done: list[int], count: int) -> Iterator[None]:
    for number in range(count):
        machine.time += 0.001
        machine.cpu += 0.001
        done.append(number)
        yield


def test_steps_within_a_slice_are_taken_at_once(machine: Machine, share: FairShare) -> None:
    done: list[int] = []
    share.drive(steps(machine, done, 1))
    assert done == [0]
    assert len(share) == 0


def test_steps_past_the_slice_are_taken_in_turns(machine: Machine, share: FairShare) -> None:
    done: list[int] = []
    share.drive(steps(machine, done, 10))
    at_once = len(done)
    assert at_once < 5
    while machine.turn():
        assert len(done) <= at_once + machine.turns
    assert done == list(range(10))
    assert not share.is_owing
