"""A loop that dies and is begun anew: a clock that is moved, and no greenlets."""

from collections.abc import Callable

import pytest

from rtserver.base.failure.containment import StopRequest
from rtserver.base.queue.port import QueueAwayError
from rtserver.service.thread.kept_loop import KeptLoop
from rtserver.service.thread.restart_policy import CALM_SECONDS, LONGEST_PAUSE, RestartPolicy


class World:
    """One loop whose lives are scripted: each is None for an orderly end, or what it dies of."""

    def __init__(self, *lives: BaseException | None, lasting: float = 0.0) -> None:
        self.lives = list(lives)
        self.lasting = lasting
        self.time = 100.0
        self.is_ending = False
        self.pauses: list[float] = []
        self.prepared = 0
        self.on_pause: Callable[[], None] = lambda: None
        self.loop = KeptLoop(
            "one",
            self.live,
            self.prepare,
            pause=self.pause,
            is_ending=lambda: self.is_ending,
            now=lambda: self.time,
        )

    def live(self) -> None:
        self.time += self.lasting
        end = self.lives.pop(0)
        if end is not None:
            raise end

    def prepare(self) -> None:
        self.prepared += 1

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds
        self.on_pause()


@pytest.mark.parametrize(
    "error", [KeyError("one"), SystemExit(0), KeyboardInterrupt(), QueueAwayError("here", "gone")]
)
def test_a_loop_that_dies_of_anything_is_told_counted_and_begun_anew(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(error, None)
    world.loop.run()
    assert (world.prepared, world.loop.policy.restarts) == (1, 1)
    assert "the loop of one died" in caplog.text
    assert "Traceback" in caplog.text


def test_the_pauses_grow_while_it_keeps_dying() -> None:
    world = World(*[KeyError()] * 20, None)
    world.loop.run()
    assert [round(pause, 6) for pause in world.pauses[:4]] == [0.1, 0.2, 0.4, 0.8]
    assert world.pauses[-1] == LONGEST_PAUSE
    assert world.loop.policy.restarts == 20


def test_one_that_has_lived_for_long_begins_anew_at_once() -> None:
    world = World(*[KeyError()] * 5, None, lasting=CALM_SECONDS + 1)
    world.loop.run()
    assert {round(pause, 6) for pause in world.pauses} == {0.1}


def test_our_own_stop_is_no_death() -> None:
    world = World(StopRequest())
    with pytest.raises(StopRequest):
        world.loop.run()
    assert not world.loop.policy.is_down


def test_one_that_dies_while_the_thread_ends_is_over() -> None:
    world = World(QueueAwayError("here", "gone"))
    world.is_ending = True
    world.loop.run()
    assert (world.lives, world.pauses) == ([], [])


def test_one_that_pauses_when_the_thread_ends_finishes_its_work() -> None:
    world = World(KeyError(), None)

    def end() -> None:
        world.is_ending = True
        world.time -= 0.05  # it was woken before its time

    world.on_pause = end
    world.loop.run()
    assert world.lives == []


def test_a_timeout_that_rings_in_the_pause_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    world = World(KeyError(), None)

    def ring() -> None:
        world.on_pause = lambda: None
        world.time -= 0.05
        raise SystemExit

    world.on_pause = ring
    world.loop.run()
    assert [round(pause, 6) for pause in world.pauses] == [0.1, 0.05]
    assert world.loop.policy.restarts == 1


def test_a_preparation_that_fails_is_a_death_too() -> None:
    world = World(KeyError(), None)
    failures: list[BaseException] = [OSError()]

    def prepare() -> None:
        if failures:
            raise failures.pop()

    world.loop._begin_anew = prepare
    world.loop.run()
    assert (len(world.pauses), world.loop.policy.restarts, world.lives) == (2, 1, [])


def test_a_loop_fails_while_it_is_dead_and_while_it_keeps_dying() -> None:
    policy = RestartPolicy()
    assert not policy.is_failing(0.0)
    policy.on_death(0.0)
    assert policy.is_failing(0.0)
    policy.on_restart()
    assert not policy.is_failing(0.0)
    for now in (1.0, 2.0):
        policy.on_death(now)
        policy.on_restart()
    assert policy.is_failing(2.0 + CALM_SECONDS)
    assert not policy.is_failing(2.1 + CALM_SECONDS)
