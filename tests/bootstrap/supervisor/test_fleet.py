"""Decisions about workers: events and a clock in, actions out."""

import signal
from collections.abc import Iterator

import pytest

from rtserver.bootstrap.supervisor.fleet import Action, Fleet, Leave, Send, Start
from rtserver.bootstrap.supervisor.worker import Worker


class Play:
    """A fleet whose starts are done at once, and the time."""

    def __init__(self, size: int) -> None:
        self.fleet = Fleet(size, end_seconds=20.0)
        self.now = 0.0
        self.pids: Iterator[int] = iter(range(100, 1000))
        self.started: list[Worker] = []
        self.tick()

    def tick(self, seconds: float = 0.0) -> list[Action]:
        """Let time pass; return what was decided."""
        self.now += seconds
        actions = self.fleet.tick(self.now)
        for action in actions:
            if isinstance(action, Start):
                worker = Worker(next(self.pids), action.position, heard=self.now)
                self.started.append(worker)
                self.fleet.on_started(action.position, worker)
        return actions

    def make_ready(self, *workers: Worker) -> None:
        for worker in workers:
            self.fleet.on_up(worker, self.now, port=1, version="1")
            self.fleet.on_beat(worker, self.now, is_ready=True, connections=0)

    def end(self, worker: Worker, code: int = 1) -> None:
        self.fleet.on_exit(worker, code, self.now)


@pytest.fixture
def play() -> Play:
    """Three workers, ready."""
    play = Play(3)
    play.make_ready(*play.started)
    return play


def test_all_positions_are_filled_at_once_and_no_more() -> None:
    play = Play(3)
    assert [worker.position for worker in play.started] == [1, 2, 3]
    assert play.tick(100.0) == []


def test_a_fleet_is_up_when_all_accept_and_ready_when_a_message_came_through_all() -> None:
    play = Play(2)
    first, second = play.started
    for worker in play.started:
        assert not play.fleet.is_up
        play.fleet.on_up(worker, 1.0, port=1, version="1")
    assert play.fleet.is_up
    play.make_ready(first)
    assert not play.fleet.is_ready
    play.make_ready(second)
    assert play.fleet.is_ready


def test_a_worker_that_dies_is_replaced_at_its_position_after_a_wait(play: Play) -> None:
    play.end(play.started[1], -9)
    assert play.tick(0.9) == []
    assert play.tick(0.2) == [Start(2)]
    assert not play.fleet.failure


def test_three_deaths_before_it_is_ready_stop_the_parent() -> None:
    play = Play(1)
    for wait in (1.0, 2.0, 4.0):
        assert not play.fleet.failure
        play.end(play.started[-1], 3)
        play.tick(wait)
    assert "worker 1 ended 3 times before it was ready" in play.fleet.failure
    assert "with 3" in play.fleet.failure


def test_a_reason_that_a_first_worker_gives_stops_the_parent_at_once() -> None:
    play = Play(2)
    play.started[1].failure = "no such plug-in"
    play.end(play.started[1])
    assert play.fleet.failure == "no such plug-in"


def test_while_others_serve_a_position_that_cannot_be_filled_is_tried_again_and_again(play: Play) -> None:
    play.end(play.started[1], -9)
    for _ in range(8):
        play.tick(31.0)
        for worker in play.fleet:
            worker.heard = play.now
        play.end(play.started[-1])
    assert not play.fleet.failure
    assert play.tick(31.0)[-1] == Start(2)


def test_a_start_that_the_system_refuses_is_tried_again() -> None:
    fleet = Fleet(1, 20.0)
    assert fleet.tick(0.0) == [Start(1)]
    fleet.on_not_started(1, "no memory", 0.0)
    assert fleet.tick(0.5) == []
    assert fleet.tick(1.0) == [Start(1)]


def test_a_renewal_goes_one_by_one_and_the_new_one_is_ready_before_the_old_one_leaves(play: Play) -> None:
    old = list(play.started)
    play.fleet.renew()
    for number, predecessor in enumerate(old, 1):
        assert play.tick(0.1) == [Start(number)]
        assert play.tick(0.1) == [], "it waits for the successor"
        play.make_ready(play.started[-1])
        assert play.tick(0.1) == [Leave(predecessor, closes_port=False)]
        assert play.tick(0.1) == [], "it waits for the predecessor's end"
        play.end(predecessor, 0)
    assert play.tick(0.1) == []
    assert not play.fleet.is_renewing
    assert [worker.pid for worker in play.fleet.serving()] == [worker.pid for worker in play.started[3:]]
    assert not play.fleet.has_failed


def test_a_renewal_whose_workers_cannot_start_is_given_up_and_the_old_ones_stay(play: Play) -> None:
    old = play.fleet.serving()
    play.fleet.renew()
    for wait in (0.0, 1.0, 2.0):
        assert play.tick(wait) == [Start(1)]
        play.end(play.started[-1])
    assert play.tick(60.0 - 33.0) == []
    assert play.fleet.serving() == old
    assert not play.fleet.is_renewing
    assert not play.fleet.failure


def test_a_reason_against_a_renewal_is_enough_once(play: Play) -> None:
    play.fleet.renew()
    play.tick()
    play.started[-1].failure = "a bad value"
    play.end(play.started[-1])
    assert play.tick(10.0) == []
    assert not play.fleet.is_renewing


def test_a_worker_that_dies_while_it_is_renewed_is_followed_by_its_successor(play: Play) -> None:
    play.fleet.renew()
    play.tick()
    successor = play.started[-1]
    play.end(play.started[0], -9)
    assert successor in play.fleet.serving()
    play.make_ready(successor)
    assert play.tick() == [Start(2)], "the next position"


def test_who_asks_for_a_second_renewal_meanwhile_gets_all_workers_anew(play: Play) -> None:
    play.fleet.renew()
    play.tick()
    play.fleet.renew()
    started = len(play.started)
    for _ in range(20):
        play.make_ready(play.started[-1])
        for action in play.tick(0.1):
            if isinstance(action, Leave):
                play.end(action.worker, 0)
    assert len(play.started) == started + 3
    assert not play.fleet.is_renewing


def test_the_fleet_grows_and_shrinks_at_its_end(play: Play) -> None:
    play.fleet.grow()
    assert play.tick() == [Start(4)]
    fourth = play.started[-1]
    play.make_ready(fourth)
    play.fleet.shrink()
    assert play.tick() == [Leave(fourth, closes_port=True)]
    assert play.fleet.size == 3
    play.end(fourth, 0)
    assert play.tick(5.0) == []


def test_one_worker_stays() -> None:
    play = Play(1)
    play.fleet.shrink()
    assert play.tick() == []
    assert play.fleet.size == 1


def test_a_stop_ends_all_at_once_and_nobody_is_replaced(play: Play) -> None:
    play.fleet.stop()
    assert play.tick() == [Send(worker, signal.SIGTERM) for worker in play.started]
    for worker in play.started:
        play.end(worker, 0)
    assert play.tick(100.0) == []
    assert list(play.fleet) == []
    assert not play.fleet.has_failed


def test_who_does_not_end_in_time_is_killed_and_that_is_a_failure(play: Play) -> None:
    play.fleet.stop()
    play.tick()
    for worker in play.started:
        worker.heard = 25.0
    assert play.tick(21.9) == []
    assert play.tick(0.2) == [Send(worker, signal.SIGKILL) for worker in play.started]
    play.end(play.started[0], -9)
    assert play.fleet.has_failed


def test_a_second_stop_ends_them_where_they_stand(play: Play) -> None:
    play.fleet.stop()
    play.tick()
    play.fleet.stop()
    assert play.tick() == [Send(worker, signal.SIGTERM) for worker in play.started]


def test_a_worker_that_is_silent_is_aborted_and_replaced(play: Play) -> None:
    for worker in play.started[1:]:
        worker.heard = 31.0
    assert play.tick(31.0) == [Send(play.started[0], signal.SIGABRT)]
    play.end(play.started[0], -6)
    assert play.tick(1.0) == [Start(1)]


def test_a_worker_that_leaves_and_fails_is_no_reason_to_start_another(play: Play) -> None:
    play.fleet.shrink()
    play.tick()
    play.end(play.started[2], 1)
    assert play.tick(10.0) == []
