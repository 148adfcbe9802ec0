"""Moments of flushes, on a loop whose clock stands still until the test moves it."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush

import pytest

from rtserver.base.connection.flusher import SLICE, SLICE_PART, SLICED_BYTES, Flusher

WINDOW = 0.25
ROUND = 0.5
MANY = 2 * SLICE
LONG = 2 * SLICE * SLICE_PART


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
    return Flusher(loop)


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


@pytest.mark.parametrize(("length", "count"), [(MANY, SLICE), (LONG, LONG // SLICE_PART)])
def test_a_turn_writes_a_slice_of_a_long_queue(loop: HandLoop, flusher: Flusher, length: int, count: int) -> None:
    connections = [Connection(loop) for _ in range(length)]
    flusher.add_all(connections, 0)
    loop.turn()
    assert [len(connection.flushes) for connection in connections] == [1] * count + [0] * (length - count)
    while not connections[-1].flushes:
        loop.turn()
    assert [len(connection.flushes) for connection in connections] == [1] * length


def test_who_is_added_between_two_slices_is_written_behind_those_who_wait(loop: HandLoop, flusher: Flusher) -> None:
    connections = [Connection(loop) for _ in range(MANY)]
    flusher.add_all(connections, 0)
    loop.turn()
    flusher.add_all(connections[:SLICE], 0)  # as a message for everyone does: the others are in the queue
    loop.turn()
    assert [len(connection.flushes) for connection in connections] == [1] * MANY
    loop.turn()
    assert [len(connection.flushes) for connection in connections] == [2] * SLICE + [1] * (MANY - SLICE)


@pytest.mark.parametrize(("size", "is_sliced"), [(SLICED_BYTES, True), (SLICED_BYTES + 1, False)])
def test_a_turn_writes_all_when_much_waits(loop: HandLoop, flusher: Flusher, size: int, is_sliced: bool) -> None:
    connections = [Connection(loop) for _ in range(MANY)]
    flusher.add_all(connections, size * MANY)
    loop.turn()
    assert (not connections[-1].flushes) is is_sliced


def test_what_comes_in_each_turn_is_written_in_one_before_it_is_much(loop: HandLoop, flusher: Flusher) -> None:
    connections = [Connection(loop) for _ in range(MANY)]
    due, turns = connections, 0
    while not connections[-1].flushes:
        flusher.add_all(due, SLICED_BYTES * MANY)
        before = [len(connection.flushes) for connection in connections]
        loop.turn()
        due = [one for one, count in zip(connections, before, strict=True) if len(one.flushes) > count]
        turns += 1
    assert turns == 2
    assert [len(connection.flushes) for connection in connections] == [2] * SLICE + [1] * (MANY - SLICE)


def test_what_comes_within_a_window_leaves_together_at_its_end(loop: HandLoop) -> None:
    flusher = Flusher(loop, WINDOW)
    first, second, third = Connection(loop, ROUND), Connection(loop), Connection(loop)
    flusher.add(first)
    loop.turn()
    begun = loop.now
    flusher.add(second)
    loop.turn(WINDOW / 2)
    flusher.add(third)
    assert second.flushes == third.flushes == []
    loop.turn(WINDOW / 2)
    assert second.flushes == third.flushes == [begun + WINDOW]
    assert loop.wakeups == 2


def test_behind_a_window_nobody_waits(loop: HandLoop) -> None:
    flusher = Flusher(loop, WINDOW)
    first, second = Connection(loop, ROUND), Connection(loop)
    flusher.add(first)
    loop.turn()
    loop.turn(WINDOW)
    flusher.add(second)
    loop.turn()
    assert second.flushes == [loop.now]


def test_no_window_is_between_two_slices(loop: HandLoop) -> None:
    flusher = Flusher(loop, WINDOW)
    connections = [Connection(loop) for _ in range(MANY)]
    flusher.add_all(connections, 0)
    loop.turn()
    loop.turn()
    assert connections[-1].flushes == [100.0]


def test_without_a_window_nobody_waits(loop: HandLoop, flusher: Flusher) -> None:
    first, second = Connection(loop, ROUND), Connection(loop)
    flusher.add(first)
    loop.turn()
    flusher.add(second)
    loop.turn()
    assert second.flushes == [100.0 + ROUND]


def test_what_a_flush_adds_leaves_with_the_next_one(loop: HandLoop, flusher: Flusher) -> None:
    answer = Connection(loop)

    class Asking(Connection):
        def flush(self) -> None:
            super().flush()
            flusher.add(answer)

    flusher.add(Asking(loop, ROUND))
    loop.turn()
    assert answer.flushes == []
    loop.turn()
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
