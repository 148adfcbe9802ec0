"""The timer wheel, against a list of deadlines. Ticks are powers of two, so that sums of them are exact."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.connection.timer_wheel import Timer, TimerWheel

TICK = 0.25
START = 1000.0


@pytest.fixture
def fired() -> list[str]:
    return []


def run(wheel: TimerWheel, now: float) -> None:
    for callback in wheel.advance(now):
        callback()


def test_a_timer_fires_once_when_its_time_has_come(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK)
    wheel.arm(START, 1.0, lambda: fired.append("a"))
    run(wheel, START + 0.9)
    assert fired == []
    assert len(wheel) == 1
    run(wheel, START + 1.0)
    run(wheel, START + 2.0)
    assert fired == ["a"]
    assert len(wheel) == 0


def test_timers_fire_in_the_order_of_their_ticks(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK)
    for name, delay in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        wheel.arm(START, delay, lambda name=name: fired.append(name))
    run(wheel, START + 10)
    assert fired == ["a", "b", "c"]


def test_a_cancelled_timer_never_fires_and_is_forgotten(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK)
    timer = wheel.arm(START, 1.0, lambda: fired.append("a"))
    timer.cancel()
    timer.cancel()
    assert len(wheel) == 0
    run(wheel, START + 5)
    assert fired == []


def test_a_timer_that_another_one_of_its_turn_cancels_does_not_fire(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK)
    later = wheel.arm(START, 1.0, lambda: fired.append("later"))
    wheel.arm(START, 0.5, later.cancel)
    run(wheel, START + 2)
    assert fired == []
    assert len(wheel) == 0


def test_cancelling_after_it_fired_is_harmless(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK)
    timer = wheel.arm(START, 0.5, lambda: fired.append("a"))
    run(wheel, START + 1)
    timer.cancel()
    wheel.arm(START + 1, 0.5, lambda: fired.append("b"))
    run(wheel, START + 2)
    assert fired == ["a", "b"]


@pytest.mark.parametrize("delay", [0.0, -1.0, 0.001])
def test_what_is_due_at_once_fires_at_the_next_tick(delay: float, fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK)
    run(wheel, START + 10)
    wheel.arm(START + 10, delay, lambda: fired.append("a"))
    run(wheel, START + 10)
    assert fired == []
    run(wheel, START + 10 + TICK)
    assert fired == ["a"]


def test_a_deadline_of_many_laps_is_met_in_its_own(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK, slots=4)
    wheel.arm(START, 10.0, lambda: fired.append("a"))
    for tick in range(1, 40):
        run(wheel, START + tick * TICK)
    assert fired == []
    run(wheel, START + 10.0)
    assert fired == ["a"]


def test_after_a_pause_of_many_laps_all_that_is_due_fires_once_and_nothing_else(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK, slots=4)
    for name, delay in (("a", 0.3), ("b", 1.1), ("c", 50.0), ("later", 101.0)):
        wheel.arm(START, delay, lambda name=name: fired.append(name))
    run(wheel, START + 100)
    assert fired == ["a", "b", "c"]
    run(wheel, START + 101)
    assert fired == ["a", "b", "c", "later"]


def test_a_clock_that_goes_back_fires_nothing_twice(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK)
    wheel.arm(START, 1.0, lambda: fired.append("a"))
    run(wheel, START + 2)
    run(wheel, START + 1)
    run(wheel, START + 2)
    assert fired == ["a"]


def test_a_timer_may_be_armed_by_one_that_fires(fired: list[str]) -> None:
    wheel = TimerWheel(START, TICK)

    def again() -> None:
        fired.append("a")
        if len(fired) < 3:
            wheel.arm(START + len(fired), 1.0, again)

    wheel.arm(START, 1.0, again)
    for second in range(1, 6):
        run(wheel, START + second)
    assert fired == ["a", "a", "a"]


# An action is (kind, eighths of a second, which timer): the halves of ticks matter, exactness too.
actions = st.lists(st.tuples(st.sampled_from(["arm", "cancel", "advance"]), st.integers(0, 80), st.integers(0, 9)))


@given(actions, st.integers(1, 9))
def test_it_fires_in_order_never_early_and_at_most_a_tick_late(steps: list[tuple[str, int, int]], slots: int) -> None:
    tick, now = Fraction(TICK), Fraction(START)
    wheel = TimerWheel(START, TICK, slots)
    timers: list[Timer] = []
    fired: list[int] = []
    waiting: dict[int, tuple[int, Fraction]] = {}  # number: tick and deadline
    for kind, eighths, which in steps:
        span = Fraction(eighths, 8)
        if kind == "arm":
            number = len(timers)
            next_tick = (now - Fraction(START)) // tick + 1
            waiting[number] = (max(ceil((now + span - Fraction(START)) / tick), next_tick), now + span)
            timers.append(wheel.arm(float(now), float(span), lambda number=number: fired.append(number)))
        elif kind == "cancel" and which < len(timers):
            timers[which].cancel()
            waiting.pop(which, None)
        elif kind == "advance":
            now += span
            fired.clear()
            run(wheel, float(now))
            gone = [waiting.pop(number) for number in fired]
            assert [due for due, _ in gone] == sorted(due for due, _ in gone)
            assert all(deadline <= now for _, deadline in gone)
            assert all(now < deadline + tick for _, deadline in waiting.values())
    assert len(wheel) == len(waiting)
