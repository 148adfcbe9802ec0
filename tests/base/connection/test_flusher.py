"""Moments of flushes, on a loop whose clock stands still until the test moves it."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush

import pytest

from rtserver.base.connection.flusher import SHORTEST_WINDOW, WINDOW_PART, Flusher

WINDOW = 0.25
ROUND = 0.5
PART = WINDOW_PART * ROUND


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

    def call_at(self, when: float, callback: Callable[[], object], *_args: object, **_kwargs: object) -> None:
        heappush(self._later, (when, len(self._later), callback))

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
    """Notes when it was flushed. Each flush takes ``seconds``."""

    file = -1

    def __init__(self, loop: HandLoop, seconds: float = 0.0) -> None:
        self._loop = loop
        self._seconds = seconds
        self.flushes: list[float] = []

    def take(self) -> list[bytes]:
        return []

    def write_rest(self, data: bytes, written: int) -> None:
        raise NotImplementedError

    def flush(self) -> None:
        self.flushes.append(self._loop.now)
        self._loop.now += self._seconds

    def abort(self) -> None:
        raise NotImplementedError


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


def test_what_comes_within_a_window_leaves_together_at_its_end(loop: HandLoop, flusher: Flusher) -> None:
    first, second, third = Connection(loop, ROUND), Connection(loop), Connection(loop)
    flusher.add(first)
    loop.turn()
    begun = loop.now
    flusher.add(second)
    loop.turn(PART / 2)
    flusher.add(third)
    assert second.flushes == third.flushes == []
    loop.turn(PART / 2)
    assert second.flushes == third.flushes == [begun + PART]
    assert loop.wakeups == 2


def test_behind_a_window_nobody_waits(loop: HandLoop, flusher: Flusher) -> None:
    first, second = Connection(loop, ROUND), Connection(loop)
    flusher.add(first)
    loop.turn()
    loop.turn(PART)
    flusher.add(second)
    loop.turn()
    assert second.flushes == [loop.now]


@pytest.mark.parametrize("seconds", [0.0, 0.9 * SHORTEST_WINDOW / WINDOW_PART])
def test_behind_a_short_round_nobody_waits(loop: HandLoop, flusher: Flusher, seconds: float) -> None:
    first, second = Connection(loop, seconds), Connection(loop)
    flusher.add(first)
    loop.turn()
    flusher.add(second)
    loop.turn()
    assert second.flushes == [100.0 + seconds]


def test_no_window_is_longer_than_the_configured_one(loop: HandLoop, flusher: Flusher) -> None:
    first, second = Connection(loop, 8 * WINDOW / WINDOW_PART), Connection(loop)
    flusher.add(first)
    loop.turn()
    flusher.add(second)
    loop.turn(WINDOW)
    assert second.flushes == [loop.now]


def test_what_a_flush_adds_leaves_with_the_next_one(loop: HandLoop, flusher: Flusher) -> None:
    answer = Connection(loop)

    class Asking(Connection):
        def flush(self) -> None:
            super().flush()
            flusher.add(answer)

    flusher.add(Asking(loop, ROUND))
    loop.turn()
    assert answer.flushes == []
    loop.turn(PART)
    assert answer.flushes == [loop.now]


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
