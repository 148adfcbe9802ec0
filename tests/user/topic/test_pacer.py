"""The pacer: the times at which it releases classes, and the number of its timers."""

from collections.abc import Callable, Hashable

import pytest

from rtserver.base.bridge.message import Update
from rtserver.base.wire.frame import text_frame
from rtserver.user.topic.pacer import TICK_SECONDS, Pacer
from rtserver.user.topic.rate_class import RateClass
from rtserver.user.topic.subscriber import Subscribers
from tests.user_side import StillTime


class Listener:
    framing = staticmethod(text_frame)

    @property
    def connection(self) -> "Listener":
        return self

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        raise AssertionError("nothing is drawn")


class Stage:
    """A pacer whose classes note when they were sent."""

    def __init__(self) -> None:
        self.time = StillTime()
        self.begin = self.time.now
        self.sent: list[tuple[Hashable, float]] = []
        self.pacer = Pacer(self.time, self.send)
        self.on_send: Callable[[RateClass], object] = lambda rate_class: None

    def send(self, rate_class: RateClass) -> None:
        self.sent.append((rate_class.key, round(self.time.now - self.begin, 6)))
        rate_class.take()
        self.on_send(rate_class)

    def rate_class(self, key: Hashable, rate: float) -> RateClass:
        rate_class = RateClass(Subscribers(key, lambda update: b""), rate, self.pacer)
        rate_class.add(Listener())
        return rate_class


@pytest.fixture
def stage() -> Stage:
    return Stage()


def tick(rate_class: RateClass, number: int = 1) -> None:
    rate_class.hold(Update("t", number, ((number, 0),)))


def test_a_lone_update_leaves_at_once_and_leaves_no_timer(stage: Stage) -> None:
    rate_class = stage.rate_class("a", 1.0)
    for _ in range(3):
        tick(rate_class)
        assert stage.time.alarms == []
        stage.time.pass_by(1.0)
    assert stage.sent == [("a", 0), ("a", 1), ("a", 2)]


def test_those_behind_it_wait_together_for_their_time(stage: Stage) -> None:
    rate_class = stage.rate_class("a", 2.0)
    for number in range(10):
        tick(rate_class, number)
    assert (len(stage.pacer), len(stage.time.alarms)) == (1, 1)
    stage.time.pass_by(0.49)
    assert stage.sent == [("a", 0)]
    stage.time.pass_by(0.01)
    assert stage.sent == [("a", 0), ("a", 0.5)]
    assert (len(stage.pacer), stage.time.alarms) == (0, [])


@pytest.mark.parametrize("rate", [0.1, 1, 10, 50])
def test_under_a_flood_each_rate_is_kept_exactly(stage: Stage, rate: float) -> None:
    rate_class = stage.rate_class("a", rate)
    seconds = 100 / rate
    for number in range(10_000):
        tick(rate_class, number)
        stage.time.pass_by(seconds / 10_000)
    assert len(stage.sent) == pytest.approx(seconds * rate, abs=2)


def test_however_many_classes_there_are_they_share_one_timer_that_rings_a_hundred_times_a_second(
    stage: Stage,
) -> None:
    classes = [stage.rate_class(number, 50.0) for number in range(200)]
    rings = 0
    for step in range(1000):
        for rate_class in classes[step % 10 :: 10]:
            tick(rate_class, step)
        assert len(stage.time.alarms) <= 1
        before = len(stage.time.alarms)
        stage.time.pass_by(0.001)
        rings += before and not stage.time.alarms
    assert rings <= 1 / TICK_SECONDS + 1
    assert len(stage.sent) == pytest.approx(200 * 50, rel=0.05)


def test_one_that_is_due_earlier_is_not_kept_waiting_by_a_later_one(stage: Stage) -> None:
    slow, quick = stage.rate_class("slow", 0.1), stage.rate_class("quick", 5.0)
    for rate_class in (slow, quick):
        tick(rate_class)
        tick(rate_class)
    assert len(stage.time.alarms) == 1
    stage.time.pass_by(0.2)
    assert stage.sent[2:] == [("quick", 0.2)]
    stage.time.pass_by(9.8)
    assert stage.sent[3:] == [("slow", 10)]


def test_what_is_released_early_waits_a_whole_interval_for_the_next_time(stage: Stage) -> None:
    rate_class = stage.rate_class("a", 1.0)
    tick(rate_class)
    tick(rate_class)
    stage.time.pass_by(0.5)
    rate_class.settle()
    assert (stage.sent[-1], stage.time.alarms) == (("a", 0.5), [])
    tick(rate_class)
    stage.time.pass_by(0.99)
    assert len(stage.sent) == 2
    stage.time.pass_by(0.01)
    assert stage.sent[-1] == ("a", 1.5)


def test_the_last_one_that_is_forgotten_takes_the_timer_along(stage: Stage) -> None:
    classes = [stage.rate_class(number, 1.0) for number in range(3)]
    for rate_class in classes:
        tick(rate_class)
        tick(rate_class)
    for rate_class in classes[:2]:
        rate_class.end()
    assert len(stage.time.alarms) == 1
    classes[2].end()
    assert (stage.time.alarms, len(stage.pacer)) == ([], 0)
    stage.time.pass_by(10)
    assert len(stage.sent) == 3


def test_forgetting_what_does_not_wait_changes_nothing(stage: Stage) -> None:
    rate_class, other = stage.rate_class("a", 1.0), stage.rate_class("b", 1.0)
    tick(other)
    tick(other)
    rate_class.end()
    assert len(stage.pacer) == 1


def test_many_who_come_and_go_leave_no_slots_behind(stage: Stage) -> None:
    stays = stage.rate_class("stays", 0.1)
    tick(stays)
    tick(stays)
    for _ in range(500):
        rate_class = stage.rate_class("goes", 1.0)
        tick(rate_class)
        tick(rate_class)
        rate_class.end()
        stage.time.pass_by(0.002)
    assert len(stage.pacer) == 1
    assert len(stage.pacer._ticks) == len(stage.pacer._slots) <= 1 / TICK_SECONDS + 2


def test_one_may_go_while_it_is_its_turn_or_anothers(stage: Stage) -> None:
    one, other = stage.rate_class("one", 1.0), stage.rate_class("other", 1.0)
    for rate_class in (one, other):
        tick(rate_class)
        tick(rate_class)

    def end_both(rate_class: RateClass) -> None:
        one.end()
        other.end()

    stage.on_send = end_both
    stage.time.pass_by(5)
    assert [key for key, _ in stage.sent] == ["one", "other", "one"]
    assert (len(stage.pacer), stage.time.alarms) == (0, [])


def test_one_that_fails_costs_nobody_else_their_turn(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    one, other = stage.rate_class("one", 1.0), stage.rate_class("other", 1.0)
    for rate_class in (one, other):
        tick(rate_class)
        tick(rate_class)

    def fail(rate_class: RateClass) -> None:
        if rate_class is one:
            raise ZeroDivisionError("no way")

    stage.on_send = fail
    stage.time.pass_by(1)
    assert [key for key, _ in stage.sent[2:]] == ["one", "other"]
    assert "no way" in caplog.text
    stage.on_send = lambda rate_class: None
    tick(one)
    stage.time.pass_by(1)
    assert stage.sent[-1][0] == "one"


def test_a_loop_that_was_held_up_does_not_make_up_for_it_with_a_burst(stage: Stage) -> None:
    rate_class = stage.rate_class("a", 10.0)
    tick(rate_class)
    tick(rate_class)
    stage.time.now += 5  # nothing rings meanwhile
    stage.time.pass_by(0)
    for _ in range(20):
        tick(rate_class)
    stage.time.pass_by(0.05)
    assert len(stage.sent) == 3
