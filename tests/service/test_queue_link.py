import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest

from rtserver.base.queue.port import QueueAwayError, QueueError, QueueRefusedError
from rtserver.service.queue_link import LONGEST_DELAY, REFUSING_SECONDS, QueueLink

T = TypeVar("T")
AWAY = QueueAwayError("redis://h:1/0", "Connection refused")
REFUSED = QueueRefusedError("redis://h:1/0", "OOM")


class World:
    """Time that passes only while the link pauses."""

    def __init__(self, jitter: float = 1.0) -> None:
        self.time = 100.0
        self.pauses: list[float] = []
        self.link = QueueLink(self.pause, now=lambda: self.time, jitter=lambda: jitter)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


def after(errors: list[QueueError], result: T) -> Callable[[], T]:
    """An operation that fails with these errors, one per call, and then succeeds."""
    left = list(errors)

    def operation() -> T:
        if left:
            raise left.pop(0)
        return result

    return operation


def test_an_operation_is_tried_until_it_is_done() -> None:
    world = World()
    assert world.link.call(after([AWAY] * 3, "done")) == "done"
    assert world.pauses == [0.1, 0.2, 0.4]


def test_arguments_go_to_the_operation() -> None:
    assert World().link.call(divmod, 7, 2) == (3, 1)


def test_pauses_grow_to_a_limit_and_are_spread_by_chance() -> None:
    world = World(jitter=0.5)
    world.link.call(after([AWAY] * 2000, None))
    assert world.pauses[0] == 0.05
    assert max(world.pauses) == world.pauses[-1] == LONGEST_DELAY / 2


def test_an_outage_is_said_once_with_the_address_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.link.call(after([], None))
    assert caplog.messages == []
    world.link.call(after([AWAY] * 5, None))
    assert len(caplog.messages) == 2
    assert "redis://h:1/0: Connection refused" in caplog.messages[0]
    assert caplog.messages[1] == "= 3.1 s later: the queue answers again"


def test_a_queue_that_is_absent_at_the_start_is_said_like_any_outage(caplog: pytest.LogCaptureFixture) -> None:
    World().link.call(after([AWAY] * 5, None))
    assert "redis://h:1/0" in caplog.text
    assert len(caplog.messages) == 1


def test_whether_it_is_connected_and_since_when_can_be_read() -> None:
    world = World()
    link = world.link
    assert (link.is_connected, link.since, link.outages) == (False, 100.0, 0)
    link.call(after([], None))
    assert link.is_connected
    world.time = 200.0
    seen = []
    errors: list[QueueError] = [AWAY, AWAY]

    def operation() -> None:
        seen.append((link.is_connected, link.since, link.outages))
        if errors:
            raise errors.pop()

    link.call(operation)
    assert seen == [(True, 100.0, 0), (False, 200.0, 1), (False, 200.0, 1)]
    assert (link.is_connected, link.outages) == (True, 1)
    assert link.since == pytest.approx(200.3)


def test_what_the_queue_refuses_is_known_as_long_as_it_refuses() -> None:
    world = World()
    assert world.link.refusal == ""
    world.link.call(after([REFUSED], None))
    assert world.link.refusal == "redis://h:1/0: OOM"
    world.time += REFUSING_SECONDS
    assert world.link.refusal == ""


def test_a_refusal_is_no_outage_and_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.link.call(after([], None))
    world.link.call(after([REFUSED] * 8, None))
    assert (world.link.is_connected, world.link.outages) == (True, 0)
    assert len(caplog.messages) == 1
    assert "OOM" in caplog.text
    assert world.time < 160.0
    world.link.call(after([REFUSED] * 40, None))
    assert world.time > 160.0
    assert len(caplog.messages) == 2


def test_a_queue_that_refuses_says_so_until_it_has_done_everything_for_a_while() -> None:
    world = World()
    assert not world.link.is_refusing
    world.link.call(after([REFUSED], None))
    world.link.call(after([], None))  # somebody else's call is answered meanwhile
    assert world.link.is_refusing
    world.time += 10
    assert not world.link.is_refusing


@pytest.mark.parametrize("half", ["start", "wait"])
def test_an_operation_in_two_halves_is_started_anew_whichever_fails(half: str) -> None:
    steps: list[str] = []
    errors = {half: [QueueAwayError("redis", "gone")] * 2}

    def take(step: str) -> str:
        steps.append(step)
        if errors.get(step):
            raise errors[step].pop()
        return step

    def start() -> Callable[[], str]:
        take("start")
        return partial(take, "wait")

    link = QueueLink(lambda seconds: None)
    end = link.begin(start)
    assert steps == ["start"]
    assert end() == "wait"
    assert steps == (["start"] * 3 + ["wait"] if half == "start" else ["start", "wait"] * 3)
    assert link.is_connected


def test_when_the_thread_ends_an_error_is_raised_instead_of_waited_for() -> None:
    world = World()
    world.link.is_ending = True
    assert world.link.call(after([], 1)) == 1
    with pytest.raises(QueueAwayError):
        world.link.call(after([AWAY], 1))
    assert world.pauses == []
