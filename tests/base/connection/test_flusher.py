"""Moments of flushes, on a loop whose clock stands still until the test moves it."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush

import pytest

from rtserver.base.connection.flusher import Flusher

WINDOW = 0.25


class HandLoop(asyncio.AbstractEventLoop):
    """As much of an event loop as a flusher uses, turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.wakeups = 0
        self._ready: list[Callable[[], object]] = []
        self._later: list[tuple[float, int, Callable[[], object]]] = []

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[[], object], *_args: object, **_kwargs: object) -> None:
        self._ready.append(callback)

    def call_later(self, delay: float, callback: Callable[[], object], *_args: object, **_kwargs: object) -> None:
        heappush(self._later, (self.now + delay, len(self._later), callback))

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass, then run what was due when the turn began."""
        self.now += seconds
        while self._later and self._later[0][0] <= self.now:
            self._ready.append(heappop(self._later)[2])
        ready, self._ready = self._ready, []
        for callback in ready:
            self.wakeups += 1
            callback()


class Connection:
    """Notes when it was flushed."""

    def __init__(self, loop: HandLoop) -> None:
        self._loop = loop
        self.flushes: list[float] = []

    def flush(self) -> None:
        self.flushes.append(self._loop.now)


@pytest.fixture
def loop() -> HandLoop:
    return HandLoop()


@pytest.fixture
def flusher(loop: HandLoop) -> Flusher:
    return Flusher(loop, WINDOW)


def test_a_lone_message_leaves_in_the_same_turn(loop: HandLoop, flusher: Flusher) -> None:
    connection = Connection(loop)
    flusher.add(connection)
    assert connection.flushes == []
    loop.turn()
    assert connection.flushes == [100.0]


def test_all_that_is_added_in_one_turn_leaves_by_one_wakeup(loop: HandLoop, flusher: Flusher) -> None:
    connections = [Connection(loop) for _ in range(50)]
    for connection in connections:
        flusher.add(connection)
    loop.turn()
    assert [connection.flushes for connection in connections] == [[100.0]] * 50
    assert loop.wakeups == 1


def test_what_comes_within_the_window_leaves_together_at_its_end(loop: HandLoop, flusher: Flusher) -> None:
    first, second, third = (Connection(loop) for _ in range(3))
    flusher.add(first)
    loop.turn()
    loop.turn(WINDOW / 4)
    flusher.add(second)
    loop.turn(WINDOW / 4)
    flusher.add(third)
    assert second.flushes == third.flushes == []
    loop.turn(WINDOW / 2)
    assert second.flushes == third.flushes == [100.0 + WINDOW]
    assert loop.wakeups == 2


def test_after_a_pause_as_long_as_the_window_nobody_waits(loop: HandLoop, flusher: Flusher) -> None:
    first, second = Connection(loop), Connection(loop)
    flusher.add(first)
    loop.turn()
    loop.turn(WINDOW)
    flusher.add(second)
    loop.turn()
    assert second.flushes == [100.0 + WINDOW]


def test_what_a_flush_adds_leaves_with_the_next_one(loop: HandLoop, flusher: Flusher) -> None:
    answer = Connection(loop)

    class Asking(Connection):
        def flush(self) -> None:
            super().flush()
            flusher.add(answer)

    flusher.add(Asking(loop))
    loop.turn()
    while not answer.flushes:
        loop.turn(WINDOW)
    assert answer.flushes == [100.0 + WINDOW]


def test_a_connection_that_fails_does_not_hold_up_the_others(
    loop: HandLoop, flusher: Flusher, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Connection):
        def flush(self) -> None:
            raise RuntimeError("broken owner")

    before, after = Connection(loop), Connection(loop)
    for connection in (before, Failing(loop), after):
        flusher.add(connection)
    loop.turn()
    assert before.flushes == after.flushes == [100.0]
    assert "broken owner" in caplog.text
