"""Verdicts on a worker by the time since it was heard of."""

import signal

import pytest

from rtserver.bootstrap.supervisor.worker import Stage, Worker


@pytest.mark.parametrize("stage", [Stage.UP, Stage.READY, Stage.LEAVING])
def test_a_worker_that_is_silent_for_half_a_minute_is_asked_for_its_stacks_and_then_killed(stage: Stage) -> None:
    worker = Worker(7, 1, heard=0.0, stage=stage)
    found = [(now, worker.overdue_signal(now)) for now in (29.0, 30.5, 31.0, 35.0, 35.6, 60.0)]
    assert [each for each in found if each[1]] == [(30.5, signal.SIGABRT), (35.6, signal.SIGKILL)]


def test_a_worker_that_speaks_is_left_alone() -> None:
    worker = Worker(7, 1, heard=0.0, stage=Stage.READY)
    for now in range(0, 600, 29):
        assert worker.overdue_signal(now) is None
        worker.heard = now


def test_a_start_may_take_its_time_and_not_for_ever() -> None:
    worker = Worker(7, 1, heard=0.0)
    assert worker.overdue_signal(299.0) is None
    assert worker.overdue_signal(301.0) is signal.SIGABRT


def test_a_worker_that_does_not_end_in_time_is_killed_once() -> None:
    worker = Worker(7, 1, heard=10.0, stage=Stage.LEAVING, end_by=20.0)
    assert [worker.overdue_signal(now) for now in (19.0, 21.0, 22.0)] == [None, signal.SIGKILL, None]


@pytest.mark.parametrize(
    ("stage", "now", "takes"),
    [
        (Stage.STARTING, 0.5, False),
        (Stage.UP, 0.5, True),
        (Stage.READY, 1.9, True),
        (Stage.READY, 2.1, False),
        (Stage.LEAVING, 0.5, False),
    ],
)
def test_newcomers_are_led_to_workers_that_turn(stage: Stage, now: float, takes: bool) -> None:
    assert Worker(7, 1, heard=0.0, stage=stage).takes_newcomers(now) is takes


def test_a_worker_that_tells_its_connections_shows_how_fast_they_grow() -> None:
    worker = Worker(1, 1, heard=0.0)
    worker.count(100, 10.0)
    worker.count(350, 10.5)
    assert (worker.connections, worker.counted, worker.growth) == (350, 10.5, 500.0)
    worker.count(200, 11.0)
    assert worker.growth == 0.0
