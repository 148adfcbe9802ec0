"""Pace of work that is asked for again and again."""

from collections.abc import Callable

from rtserver.service.quote.pace import Pace


class Thread:
    """A clock that work moves on, and the timers that were set."""

    def __init__(self) -> None:
        self.time = 100.0
        self.timers: list[tuple[float, Callable[[], object]]] = []
        self.pace = Pace(lambda delay, call: self.timers.append((delay, call)), now=self.now, worked=self.now)
        self.done: list[float] = []

    def now(self) -> float:
        return self.time

    def ask(self, seconds: float) -> None:
        def work() -> None:
            self.done.append(self.time)
            self.time += seconds

        self.pace.do(work, lambda: self.ask(seconds))


def test_short_work_is_done_each_time() -> None:
    thread = Thread()
    for _ in range(3):
        thread.ask(0.001)
    assert len(thread.done) == 3
    assert thread.timers == []
    assert not thread.pace.is_pausing


def test_long_work_pauses_for_as_long_as_it_took_and_is_done_once_then() -> None:
    thread = Thread()
    for _ in range(5):
        thread.ask(0.5)
    ((delay, call),) = thread.timers
    assert thread.pace.is_pausing
    assert (thread.done, delay) == ([100.0], 0.5)

    thread.time += delay
    call()
    assert thread.done == [100.0, 101.0]


def test_a_timer_that_rings_too_early_is_set_again() -> None:
    thread = Thread()
    thread.ask(0.5)
    thread.ask(0.5)
    thread.timers.pop()[1]()
    assert len(thread.done) == len(thread.timers) == 1
