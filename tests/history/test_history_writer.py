"""Writing history: who writes, what is saved and when, and that a worker that starts again goes on where it was."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rtserver.base.queue.port import QueueAwayError
from rtserver.history.history_writer import PIECE, HistoryWriter, WriteRule
from rtserver.history.memory_history import MemoryHistory, MemoryStates
from rtserver.history.port import HistoryRange, QuoteStates, StateChange
from rtserver.history.saved_state import StateError, pack_state, pack_ticks, unpack_state, unpack_ticks
from tests.history.bar_maker import MONDAY, QUOTE, minute_bar, minute_bars
from tests.history.fake_book import FakeBook, FakeBooks

OTHER = "A:B"


class Clock:
    """Time that passes when a loop pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Turn:
    """A lease that is ours while ``held`` is true."""

    held = True
    left = False

    def is_ours(self) -> bool:
        return self.held

    def leave(self) -> None:
        self.left = True


def call(operation: Callable[..., Any], *args: object) -> Any:
    return operation(*args)


class Worker:
    """A worker with its books; workers of one ``history`` share what is stored."""

    def __init__(self, history: MemoryHistory, states: QuoteStates, lease: Any = None) -> None:
        self.clock = Clock()
        self.books = FakeBooks()
        self.turn = lease or Turn()
        self.history, self.states = history, states
        self.writer = HistoryWriter(
            states, self.books, self.turn, call, now=self.clock, pause=self.clock.pause, rule=WriteRule(("1m",), 5)
        )

    def take(self, quote: str, ticks: int, minutes: int, stamp: str) -> FakeBook:
        """Take so many ticks, after which the book has so many minutes, the last one growing."""
        book = self.books.setdefault(quote, FakeBook(begin=minute_bar(MONDAY, 0).label))
        book.seq += ticks
        book.bars["1m"] = minute_bars(MONDAY, range(minutes - 1))
        self.books.stamp = stamp
        self.writer.touch([quote])
        self.writer.done(stamp)
        return book


@pytest.fixture
def worker() -> Worker:
    history = MemoryHistory()
    return Worker(history, MemoryStates(history))


def bars_of(worker: Worker, quote: str = QUOTE) -> list[Any]:
    return list(worker.history.read(HistoryRange(quote, "1m")).bars)


def test_a_cycle_saves_state_ticks_and_finished_bars_and_moves_the_position(worker: Worker) -> None:
    assert worker.writer.begin() == "0-0"
    worker.take(QUOTE, 3, 3, "5-7")
    assert worker.writer.position == "0-0"
    worker.writer.write()
    state = worker.states.load([QUOTE])[QUOTE]
    assert (state.stamp, state.seq) == ("5-7", 3)
    assert unpack_state(state.state).book == {"seq": 3}
    assert list(unpack_ticks(worker.states.ticks(QUOTE))) == [1, 2, 3]
    assert bars_of(worker) == minute_bars(MONDAY, range(2))
    assert worker.writer.position == worker.states.stored_until() == "5-7"
    assert (worker.writer.rows, worker.writer.saves, worker.writer.failures) == (2, 1, 0)


def test_only_what_is_new_is_saved(worker: Worker) -> None:
    book = worker.take(QUOTE, 3, 3, "5-7")
    worker.take(OTHER, 1, 1, "5-8")
    worker.writer.write()
    book.kept_from = 3
    worker.take(QUOTE, 2, 4, "5-9")
    worker.writer.write()
    assert worker.writer.rows == 3
    assert worker.writer.saves == 3
    assert list(unpack_ticks(worker.states.ticks(QUOTE))) == [1, 2, 3, 4, 5]
    assert worker.states.load([OTHER])[OTHER].stamp == "5-8"


def test_a_corrected_bar_is_written_again(worker: Worker) -> None:
    book = worker.take(QUOTE, 3, 5, "5-7")
    worker.writer.write()
    worker.take(QUOTE, 1, 6, "5-8")
    book.bars["1m"][1] = minute_bar(MONDAY, 1, 77)
    book.corrected = minute_bar(MONDAY, 1).time
    worker.writer.write()
    assert bars_of(worker) == book.bars["1m"]


def test_a_quiet_bus_moves_the_position_too(worker: Worker) -> None:
    worker.writer.done("5-7")
    assert worker.writer.behind_seconds == pytest.approx(0.005)
    worker.writer.write()
    assert worker.writer.position == "5-7"
    assert worker.writer.behind_seconds == 0


def test_ticks_that_are_not_kept_any_more_are_left_out(worker: Worker) -> None:
    book = worker.take(QUOTE, 3, 3, "5-7")
    worker.writer.write()
    book.kept_from = 8
    worker.take(QUOTE, 10, 3, "5-9")
    worker.writer.write()
    assert list(unpack_ticks(worker.states.ticks(QUOTE))) == [9, 10, 11, 12, 13]


def test_a_worker_without_the_lease_writes_nothing_and_follows_who_does(worker: Worker) -> None:
    follower = Worker(worker.history, worker.states)
    follower.turn.held = False
    for each in (worker, follower):
        each.take(QUOTE, 3, 3, "5-7")
    follower.writer.write()
    assert follower.states.load([QUOTE]) == {}
    worker.writer.write()
    follower.writer.write()
    assert (follower.writer.position, follower.writer.saves, follower.writer.is_leading) == ("5-7", 0, False)


def test_a_worker_that_gets_the_lease_saves_what_nobody_has_saved(worker: Worker) -> None:
    """The first writer dies; the second one has the same ticks, and some more."""
    heir = Worker(worker.history, worker.states)
    heir.turn.held = False
    worker.take(QUOTE, 3, 3, "5-7")
    worker.writer.write()
    heir.take(QUOTE, 3, 3, "5-7")
    heir.take(OTHER, 2, 4, "5-8")
    heir.writer.write()
    heir.take(QUOTE, 4, 6, "5-9")
    heir.turn.held = True
    heir.writer.write()
    assert list(unpack_ticks(heir.states.ticks(QUOTE))) == [1, 2, 3, 4, 5, 6, 7]
    assert bars_of(heir) == minute_bars(MONDAY, range(5))
    assert bars_of(heir, OTHER) == minute_bars(MONDAY, range(3))
    assert heir.writer.rows == 6  # three of each: the first two of QUOTE were stored


def test_two_writers_at_a_time_do_no_harm(worker: Worker) -> None:
    other = Worker(worker.history, worker.states)
    for stamp, ticks in (("5-1", 3), ("5-2", 2), ("5-3", 4)):
        for each in (worker, other):
            each.take(QUOTE, ticks, int(stamp[-1]) + 1, stamp)
            each.writer.write()
    assert list(unpack_ticks(worker.states.ticks(QUOTE))) == [4, 5, 6, 7, 8, 9]  # at least the newest five
    assert bars_of(worker) == minute_bars(MONDAY, range(3))
    assert (worker.writer.failures, other.writer.failures) == (0, 0)


def test_a_lease_that_ends_within_a_cycle_leaves_the_position(worker: Worker) -> None:
    for number in range(200):
        worker.take(f"A:{number}", 1, 1, "5-7")
    looks = iter([True, True, False])
    worker.turn.is_ours = lambda: next(looks)
    worker.writer.write()
    assert 0 < worker.writer.saves < 200
    assert worker.states.stored_until() == "0-0"


def test_a_quote_that_cannot_be_stored_is_counted_and_does_not_hold_the_others(worker: Worker) -> None:
    save = worker.states.save
    worker.states.save = lambda changes: [-1 if each.quote == OTHER else save([each])[0] for each in changes]  # type: ignore[method-assign]
    worker.take(QUOTE, 1, 1, "5-7")
    worker.take(OTHER, 1, 1, "5-7")
    worker.writer.write()
    assert (worker.writer.saves, worker.writer.failures, worker.writer.position) == (1, 1, "5-7")


def test_a_quote_that_cannot_be_stored_is_told_once_until_it_is_stored_again(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    save = worker.states.save

    def write(is_broken: bool) -> list[str]:
        caplog.clear()
        worker.states.save = (lambda changes: [-1] * len(changes)) if is_broken else save  # type: ignore[method-assign]
        worker.take(QUOTE, 1, 1, "5-7")
        worker.writer.write()
        return list(caplog.messages)

    told = [f"! {QUOTE} cannot be stored: others show what is stored, this server alone what is new"]
    assert [write(is_broken) for is_broken in (True, True, False, True)] == [told, [], [], told]
    assert worker.writer.failures == 3


def test_a_quote_that_cannot_be_packed_is_counted_and_does_not_hold_the_others(worker: Worker) -> None:
    worker.take(QUOTE, 1, 2, "1-0").extra = {"too large for 64 bits": 10**30}
    worker.take(OTHER, 1, 2, "2-0")
    worker.writer.write()
    assert worker.writer.failures == 1
    assert set(worker.states.load([QUOTE, OTHER])) == {OTHER}


def test_a_cycle_that_dies_is_done_again(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.take(QUOTE, 1, 2, "1-0")
    with monkeypatch.context() as patch:
        patch.setattr(worker.states, "save", lambda changes: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            worker.writer.write()
    worker.writer.write()
    assert worker.states.load([QUOTE])[QUOTE].seq == 1


def slow_down(worker: Worker, seconds: float) -> None:
    """Let the state of each book take so long."""
    state = FakeBook.state

    def slow_state(book: FakeBook) -> object:
        worker.clock.now += seconds
        return state(book)

    for book in worker.books.values():
        book.state = slow_state.__get__(book)  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("milliseconds", "pauses"),
    [
        (1, [2.0, 2.0, 1.0]),  # fifty times as long as it took
        (10, [4.0, 4.0, 2.0]),  # all in ten seconds
        (100, [8.0, 8.0, 4.0]),  # never more than a third of the thread
    ],
)
def test_the_thread_rests_between_slices(worker: Worker, milliseconds: int, pauses: list[float]) -> None:
    for number in range(100):
        worker.take(f"A:{number}", 1, 1, "5-7")
    slow_down(worker, milliseconds / 1000)
    worker.writer.write()
    assert [round(seconds, 3) for seconds in worker.clock.pauses if seconds] == pauses


def watch_pieces(worker: Worker, go_on: Callable[[], object]) -> list[int]:
    """Return a list that gets the ticks made since the last pause, at each pause; then ``go_on`` is called."""
    pieces, made = [], 0

    def pause(seconds: float) -> None:
        nonlocal made
        before, made = made, sum(book.made for book in worker.books.values())
        pieces.append(made - before)
        worker.clock.pause(seconds)
        go_on()

    worker.writer._pause = worker.writer._rest = pause
    return pieces


@pytest.mark.parametrize(("quotes", "ticks"), [(1, 20_000), (40, 499), (7, 3_001)])
def test_the_other_loops_go_on_after_each_piece_of_the_ticks(worker: Worker, quotes: int, ticks: int) -> None:
    for number in range(quotes):
        worker.take(f"A:{number}", ticks, 1, "5-7")
    pieces = watch_pieces(worker, lambda: None)
    worker.writer.write()
    assert max(pieces) == PIECE
    assert sum(pieces) == quotes * ticks
    assert all(list(unpack_ticks(worker.states.ticks(quote)))[-1] == ticks for quote in worker.books)


def test_a_round_trip_has_no_more_ticks_than_one_quote_with_many(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    save = worker.states.save

    def saved(changes: list[StateChange]) -> list[int]:
        sizes.append([change.seq for change in changes])
        return save(changes)

    monkeypatch.setattr(worker.states, "save", saved)
    for number, ticks in enumerate((10, 20_000, 10, 4_000, 2_000)):
        worker.take(f"A:{number}", ticks, 1, "5-7")
    watch_pieces(worker, lambda: None)
    worker.writer.touch(list(worker.books))
    worker.writer._save_all(list(worker.books))
    assert sizes == [[10], [20_000], [10, 4_000], [2_000]]


def test_what_comes_during_a_pause_belongs_to_the_next_save(worker: Worker) -> None:
    worker.writer.write()
    worker.take(QUOTE, 2 * PIECE, 2, "5-7")
    pieces = watch_pieces(worker, lambda: worker.take(QUOTE, 1, 2, "5-8") if len(pieces) == 1 else None)
    worker.writer.write()
    state = worker.states.load([QUOTE])[QUOTE]
    assert (state.stamp, state.seq, unpack_state(state.state).book) == ("5-7", 2 * PIECE, {"seq": 2 * PIECE})
    worker.writer.write()
    assert worker.states.load([QUOTE])[QUOTE].seq == 2 * PIECE + 1
    assert list(unpack_ticks(worker.states.ticks(QUOTE))) == list(range(1, 2 * PIECE + 2))


def test_the_pauses_within_a_slice_are_part_of_its_rest(worker: Worker) -> None:
    worker.take(QUOTE, 2 * PIECE, 1, "5-7")
    slow_down(worker, 0.010)
    worker.writer.write()
    assert [round(seconds, 3) for seconds in worker.clock.pauses if seconds] == [0.02, 0.48]


def test_a_writer_that_the_bus_waits_for_rests_a_third_of_the_time_and_begins_anew_at_once(worker: Worker) -> None:
    over = iter([False, False, True])
    woken: list[float] = []
    worker.writer.on_hurry = lambda: woken.append(worker.clock.now)
    worker.writer.write()
    for number in range(100):
        worker.take(f"A:{number}", 1, 1, "5-7")
    slow_down(worker, 0.001)
    worker.writer.hurry()
    worker.writer.hurry()
    worker.writer.run(lambda: next(over))
    assert [round(seconds, 3) for seconds in worker.clock.pauses if seconds] == [0.08, 0.08, 0.04, 1.0]
    worker.writer.hurry()
    assert len(woken) == 1, "once for a cycle, and not when all is stored"


def test_whoever_waits_for_the_writer_does_not_take_its_rest(worker: Worker) -> None:
    rests: list[float] = []
    writer = HistoryWriter(
        worker.states, worker.books, worker.turn, call, now=worker.clock, pause=worker.clock.pause, rest=rests.append
    )
    writer.wait("9-9")
    assert worker.clock.pauses
    assert not rests
    over = iter([False, True])
    writer.run(lambda: next(over))
    assert rests == [WriteRule().seconds]


def test_a_worker_that_does_not_write_is_not_hurried(worker: Worker) -> None:
    worker.turn.held = False
    worker.take(QUOTE, 1, 1, "5-7")
    worker.writer.on_hurry = lambda: pytest.fail("it has nothing to write")
    worker.writer.hurry()


def test_a_server_that_ends_does_not_rest(worker: Worker) -> None:
    worker.writer.write()
    worker.take(QUOTE, 1, 1, "5-7")
    slow_down(worker, 0.1)
    worker.writer.leave()
    assert not any(worker.clock.pauses)


def test_a_chore_is_begun_once_a_day_and_done_a_few_steps_a_cycle(worker: Worker) -> None:
    begun: list[float] = []
    done: list[int] = []

    def upkeep() -> Iterator[object]:
        begun.append(worker.clock.now)
        for number in range(50):
            done.append(number)
            yield number

    writer = HistoryWriter(
        worker.states, worker.books, worker.turn, call, now=worker.clock, pause=worker.clock.pause, upkeep=upkeep
    )
    for count in (20, 40, 50, 50):
        writer.write()
        assert len(done) == count
    worker.clock.now += 86_400
    writer.write()
    assert (len(begun), len(done)) == (2, 70)


@pytest.mark.parametrize(("spent", "pause"), [(0.0, 1.0), (0.3, 0.7), (1.5, 0.0)])
def test_a_cycle_begins_a_second_after_the_last_one_or_behind_it(worker: Worker, spent: float, pause: float) -> None:
    over = iter([False, True])

    def is_ours() -> bool:
        worker.clock.now += spent
        return False

    worker.turn.is_ours = is_ours
    worker.writer.run(lambda: next(over))
    assert worker.clock.pauses == [pytest.approx(pause)]


def test_the_end_of_the_server_is_the_end_of_the_loop(worker: Worker) -> None:
    def away() -> bool:
        raise QueueAwayError("redis", "timed out")

    worker.turn.is_ours = away
    with pytest.raises(QueueAwayError):
        worker.writer.run(lambda: False)


def test_a_server_that_ends_saves_what_is_new_and_gives_up_the_lease(worker: Worker) -> None:
    worker.writer.write()
    worker.take(QUOTE, 3, 3, "5-7")
    worker.writer.leave()
    assert worker.states.load([QUOTE])[QUOTE].seq == 3
    assert worker.turn.left


def test_states_and_ticks_are_plain_data() -> None:
    saved = unpack_state(pack_state({"a": [1, 2.5, None, "x"]}, {"1m": 5}))
    assert (saved.book, saved.finished) == ({"a": [1, 2.5, None, "x"]}, {"1m": 5})
    assert list(unpack_ticks([pack_ticks([[1, 2.5], "x"]), pack_ticks([3])])) == [[1, 2.5], "x", 3]
    for rubbish in (b"", b"rubbish", b"\x93\x01"):
        with pytest.raises(StateError):
            unpack_state(rubbish)
        with pytest.raises(StateError):
            list(unpack_ticks([rubbish]))
