"""The watchdog: what it finds, told by beats that are moved, and what it logs of a real thread."""

import ctypes
import logging
import threading
import time

import pytest

from rtserver.watch.beat import Beat
from rtserver.watch.stall import LEAST_SECONDS, StallChange, StallJudge
from rtserver.watch.watchdog import NAME, Watchdog
from tests.until import until

DEADLINE = 20.0


def test_a_thread_that_beats_is_not_spoken_of() -> None:
    beat = Beat("t", 100.0, 0.25)
    judge = StallJudge(beat)
    for moment in range(20):
        beat.beat(100 + moment / 10)
        assert judge.look(100.05 + moment / 10) is None


def test_a_stall_is_told_once_and_so_is_its_end() -> None:
    beat = Beat("t", 100.0, 0.25)
    judge = StallJudge(beat)
    looks = [judge.look(100 + tenths / 10) for tenths in range(1, 6)]
    assert looks == [None, None, StallChange.STANDS, None, None]
    beat.beat(100.55)
    assert judge.look(100.6) is StallChange.GOES_ON
    assert judge.look(100.65) is None


def test_the_next_stall_is_another_one() -> None:
    beat = Beat("t", 100.0, 0.25)
    judge = StallJudge(beat)
    assert judge.look(100.3) is StallChange.STANDS
    beat.beat(100.4)
    assert judge.look(101.0) is StallChange.GOES_ON
    assert judge.look(101.05) is StallChange.STANDS


def test_it_looks_when_a_stall_would_be_one_and_soon_while_there_is_one() -> None:
    beat = Beat("t", 100.0, 0.25)
    judge = StallJudge(beat)
    assert judge.next_look(100.0) == 0.25
    beat.beat(100.1)
    assert round(judge.next_look(100.25), 6) == 0.1
    assert judge.next_look(101.0) == LEAST_SECONDS
    assert judge.look(101.0) is StallChange.STANDS
    assert judge.next_look(101.0) == beat.interval


def test_a_stall_that_was_over_before_anybody_looked_is_counted_and_not_told() -> None:
    beat = Beat("t", 100.0, 0.25)
    judge = StallJudge(beat)
    beat.beat(105.0)
    assert judge.look(105.01) is None
    assert beat.stalls == 1


class Blocked:
    """A thread that beats once and then sits in ``sit`` until it may go."""

    def __init__(self) -> None:
        self.now = 100.0
        self.beat = Beat("blocked", self.now, 0.25)
        self.may_go = threading.Event()
        self.is_there = threading.Event()
        self.thread = threading.Thread(target=self.sit)
        self.thread.start()
        assert self.is_there.wait(DEADLINE)
        self.failures: list[BaseException] = []
        self.dog = Watchdog({self.thread.ident or 0: self.beat}, self.failures.append, lambda: self.now)

    def sit(self) -> None:
        self.is_there.set()
        self.may_go.wait(DEADLINE)

    def end(self) -> None:
        self.may_go.set()
        self.thread.join()


def test_the_stack_of_what_blocks_is_logged_and_at_the_end_for_how_long(caplog: pytest.LogCaptureFixture) -> None:
    blocked = Blocked()
    blocked.now += 0.3
    blocked.dog.look()
    blocked.now += 0.2
    blocked.dog.look()
    blocked.beat.beat(blocked.now)
    blocked.dog.look()
    blocked.end()
    stands, goes_on = caplog.records
    assert stands.getMessage() == "! the blocked thread has not turned for 0.30 s; it is here:"
    assert "in sit" in (stands.stack_info or "")
    assert goes_on.getMessage() == "= the blocked thread turns again, after 0.50 s"


def test_a_thread_that_has_ended_does_not_stand_still(caplog: pytest.LogCaptureFixture) -> None:
    blocked = Blocked()
    blocked.end()
    blocked.now += 10
    blocked.dog.look()
    assert not caplog.records


def test_it_looks_by_itself_until_it_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    beat = Beat("this", time.monotonic(), 0.01)
    dog = Watchdog({threading.get_ident(): beat}, lambda error: None)
    dog.start()
    until(lambda: caplog.records, "it says something")
    dog.stop()
    assert NAME not in {thread.name for thread in threading.enumerate()}
    assert "test_it_looks_by_itself" in (caplog.records[0].stack_info or "")


def test_where_nothing_is_to_be_watched_it_does_not_run() -> None:
    dog = Watchdog({1: Beat("t", 0.0)}, lambda error: None)
    dog.start()
    assert NAME not in {thread.name for thread in threading.enumerate()}
    dog.stop()


def test_its_own_death_is_told(caplog: pytest.LogCaptureFixture) -> None:
    failures: list[BaseException] = []
    died = threading.Event()

    def note(error: BaseException) -> None:
        failures.append(error)
        died.set()

    dog = Watchdog({threading.get_ident(): Beat("t", time.monotonic(), 0.05)}, note)
    dog.start()
    thread = next(thread for thread in threading.enumerate() if thread.name == NAME)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
    assert died.wait(DEADLINE)
    dog.stop()
    assert isinstance(failures[0], SystemExit)
    assert caplog.records[-1].levelno == logging.CRITICAL
