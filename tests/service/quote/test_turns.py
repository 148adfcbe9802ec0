"""Turns of work that is charged to nobody. Time passes by work: a step takes a millisecond."""

from collections.abc import Callable

import pytest

from rtserver.base.limit.steps import Steps
from rtserver.service.quote import turns
from rtserver.service.quote.turns import PAUSE_SECONDS, Turns


class Thread:
    """A thread that works in turns, and the timers that were set."""

    def __init__(self) -> None:
        self.time = 0.0
        self.done: list[str] = []
        self.timers: list[tuple[float, Callable[[], object]]] = []
        self.turns = Turns(lambda delay, call: self.timers.append((delay, call)), None, worked=lambda: self.time)

    def work(self, name: str, steps: int) -> None:
        self.turns.drive(self._steps(name, steps), None)

    def ring(self) -> float:
        """Ring the only timer, and return how long it was set for."""
        ((delay, call),) = self.timers
        self.timers.clear()
        call()
        return delay

    def _steps(self, name: str, steps: int) -> Steps[None]:
        for _ in range(steps):
            self.time += 0.001
            self.done.append(name)
            yield


@pytest.fixture(autouse=True)
def _slices_of_three_steps(_slices_have_no_end: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", 0.0025)


def test_short_work_is_done_at_once() -> None:
    thread = Thread()
    thread.work("a", 2)
    thread.work("b", 2)
    assert (thread.done, thread.timers) == (["a", "a", "b", "b"], [])


def test_long_work_pauses_for_as_long_as_a_slice_took() -> None:
    thread = Thread()
    thread.work("a", 7)
    assert thread.done == ["a"] * 3
    assert thread.ring() == pytest.approx(0.003)
    assert thread.done == ["a"] * 6
    thread.ring()
    assert (thread.done, thread.timers) == (["a"] * 7, [])


def test_work_that_comes_during_a_pause_waits_and_then_takes_turns() -> None:
    thread = Thread()
    thread.work("a", 6)
    thread.work("b", 2)
    assert thread.done == ["a"] * 3
    thread.ring()
    assert thread.done == ["a"] * 3 + ["a", "b", "a"]


def test_work_may_ask_for_more_work() -> None:
    thread = Thread()

    def asking() -> Steps[None]:
        thread.work("a", 1)
        yield

    thread.turns.drive(asking(), None)
    assert (thread.done, thread.timers) == (["a"], [])


def test_the_websocket_thread_gets_the_interpreter_between_two_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", 0.0)
    thread = Thread()
    thread.turns.drive((None for _ in range(2)), None)
    assert thread.ring() == PAUSE_SECONDS
