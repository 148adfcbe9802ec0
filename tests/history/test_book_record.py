"""A book that is saved now and then, and made again from what was stored: the same from there on."""

import gevent.event
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.history.book_record import MOST_NOTED, BookRecord, restored_record
from rtserver.history.history_reader import HistoryReader
from rtserver.history.history_writer import HistoryWriter, WriteRule
from rtserver.history.memory_history import MemoryHistory, MemoryStates
from rtserver.history.port import HistoryRange, QuoteState
from rtserver.history.retention import Pruned
from rtserver.history.saved_state import StateError, pack_state, pack_ticks
from rtserver.history.state_retention import StateRetention
from rtserver.market.book.quote_book import BookRules, QuoteBook
from rtserver.market.book.tick import BadTime, Tick
from rtserver.market.calendar.calendar import CONTINUOUS
from rtserver.market.market_bar import Bar
from rtserver.market.period import Base
from tests.history.bar_maker import DAY, MONDAY, QUOTE
from tests.history.test_history_writer import Clock, Turn, call

BEGIN = MONDAY * DAY + 9 * 3_600_000
RULES = BookRules(tail_ticks=50)
BASES: tuple[Base, Base] = ("1m", "1d")

step = st.integers(-50_000, 200_000) | st.integers(0, 20_000) | st.just(20 * 3_600_000)
price = st.tuples(step, st.integers(1, 999).map(lambda cents: cents / 4), st.none() | st.integers(0, 50), st.just(0))
bar = st.tuples(step, st.integers(1, 99), st.integers(0, 50), st.just(1))
clock = st.tuples(step, st.integers(1, 99), st.none(), st.just(2))
save = st.just("save")


class Books(dict[str, BookRecord]):
    """The books of one worker."""

    stamp = "0-0"
    is_partial = False

    def gather(self) -> None:
        """See ``Books``. They are always whole."""

    def scatter(self) -> None:
        """See ``Books``."""

    def quotes(self) -> list[str]:
        return list(self)

    def book(self, quote: str) -> BookRecord | None:
        return self.get(quote)


class Worker:
    """A worker that takes ticks and saves when it is told to."""

    def __init__(self, history: MemoryHistory, states: MemoryStates) -> None:
        self.history, self.states = history, states
        self.books = Books()
        pause = Clock()
        rule = WriteRule(most_ticks=RULES.tail_ticks)
        self.writer = HistoryWriter(states, self.books, Turn(), call, now=pause, pause=pause.pause, rule=rule)
        stored = states.load([QUOTE]).get(QUOTE)
        book = QuoteBook(rules=RULES)
        record = BookRecord(book)
        if stored is not None:
            record = restored_record(book, stored, states.ticks(QUOTE), RULES.tail_ticks)
        self.record = self.books[QUOTE] = record

    def take(self, tick: Tick, now_ms: int) -> None:
        try:
            checked = self.record.book.check(tick, now_ms)
        except BadTime:
            return
        if checked is not None:
            self.record.book.take(checked)
            self.record.note(checked)
            self.writer.touch([QUOTE])

    def save(self) -> None:
        self.writer.write()

    def whole(self, base: Base) -> list[Bar]:
        """All bars: what is stored, what is in memory, and the growing ones."""
        reader = HistoryReader(self.history, event=gevent.event.Event)
        finished = reader.read(HistoryRange(QUOTE, base), self.record).bars
        return [*finished, *self.record.book.bars.growing(base)]


def tick_of(at: int, price: float, volume: int | None, kind: int) -> Tick:
    if kind == 2:
        seconds = at // 1000 % 86_400
        label = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return Tick(label, price, price, price, price, volume)
    low, high = (price - 1, price + 1) if kind else (price, price)
    return Tick(at, price, price, low, high, volume, bool(kind), at)


@given(st.lists(price | bar | clock | save, max_size=80), st.lists(price | bar | clock, max_size=30))
def test_a_book_made_again_goes_on_as_if_it_had_never_stopped(
    before: list[tuple[int, float, int | None, int] | str], after: list[tuple[int, float, int | None, int]]
) -> None:
    history = MemoryHistory()
    states = MemoryStates(history)
    worker, at = Worker(history, states), BEGIN
    for each in before:
        if isinstance(each, str):
            worker.save()
        else:
            at += each[0]
            worker.take(tick_of(at, *each[1:]), at)
    worker.save()
    if not worker.record.seq:
        return
    again = Worker(history, states)
    for each in after:
        at += each[0]
        for one in (worker, again):
            one.take(tick_of(at, *each[1:]), at)
    assert again.record.seq == worker.record.seq
    assert again.record.book.state == worker.record.book.state
    assert [again.whole(base) for base in BASES] == [worker.whole(base) for base in BASES]
    count = RULES.tail_ticks
    assert list(again.record.book.tail.ticks())[-count:] == list(worker.record.book.tail.ticks())[-count:]


def test_a_worker_that_does_not_write_keeps_no_ticks_for_a_save() -> None:
    history = MemoryHistory()
    worker = Worker(history, MemoryStates(history))
    for second in range(3):
        worker.take(Tick(BEGIN + second, 1, 1, 1, 1, None, time=BEGIN + second), BEGIN)
    worker.record.let_go()
    assert worker.record.ticks_after(2) is None
    kept = worker.record.ticks_after(0)
    assert kept is not None
    assert list(kept) == [(BEGIN + second, 1, None) for second in range(3)]
    for second in range(MOST_NOTED + 1):
        worker.take(Tick(BEGIN + second, 1, 1, 1, 1, None, time=BEGIN + second), BEGIN)
    assert worker.record.ticks_after(3) is None


@pytest.mark.parametrize("is_saved", [False, True])
def test_ticks_for_a_save_stay_as_they_were_while_the_book_goes_on(is_saved: bool) -> None:
    history = MemoryHistory()
    worker = Worker(history, MemoryStates(history))

    def take(seconds: range) -> None:
        for second in seconds:
            worker.take(Tick(BEGIN + second, 1, 1, 1, 1, None, time=BEGIN + second), BEGIN)

    take(range(3))
    if is_saved:
        worker.save()
    take(range(3, 6))
    ticks = worker.record.ticks_after(3 * is_saved)
    take(range(6, 6 + 2 * RULES.tail_ticks))
    assert ticks is not None
    assert [row[0] - BEGIN for row in ticks] == list(range(3 * is_saved, 6))


def test_the_state_of_a_quote_that_is_silent_for_days_goes_and_its_last_bars_stay() -> None:
    history = MemoryHistory()
    states = MemoryStates(history)
    worker = Worker(history, states)
    for minute in range(5):
        at = BEGIN + minute * 60_000
        worker.take(Tick(at, minute, minute, minute, minute, 1, time=at), at)
    worker.books.stamp = f"{BEGIN}-1"
    worker.save()
    whole = {base: worker.whole(base) for base in BASES}

    def prune(days: int) -> list[Pruned]:
        calendars, now = (lambda _exchange: CONTINUOUS), (lambda: BEGIN + 3 * DAY)
        return list(StateRetention(states, history, days, calendars, now).prune([QUOTE, "A:B"]))

    assert prune(0) == []
    assert prune(4) == [Pruned(QUOTE, 0), Pruned("A:B", 0)]
    assert prune(2) == [Pruned(QUOTE, 1), Pruned("A:B", 0)]
    assert states.load([QUOTE]) == {}
    for base in BASES:
        assert history.read(HistoryRange(QUOTE, base)).bars == whole[base]


def test_a_quote_whose_ticks_are_lost_is_cut() -> None:
    record = BookRecord(QuoteBook(rules=RULES))
    taken(record, BEGIN)
    state = QuoteState("1-1", 1, pack_state(record.state(), {}))
    book = QuoteBook(rules=RULES)
    restored_record(book, state, [], RULES.tail_ticks)
    assert (book.seq, len(book.tail), book.tail.is_cut) == (1, 0, True)


@pytest.mark.parametrize("row", [(BEGIN, "x", 1), (None, 1, 1), (BEGIN, 1, {}), (BEGIN,)])
def test_ticks_that_are_none_make_a_state_unreadable(row: tuple[object, ...]) -> None:
    record = BookRecord(QuoteBook(rules=RULES))
    taken(record, BEGIN)
    state = QuoteState("1-1", 1, pack_state(record.state(), {}))
    with pytest.raises(StateError):
        restored_record(QuoteBook(rules=RULES), state, [pack_ticks([row])], RULES.tail_ticks)


def taken(record: BookRecord, time: int) -> None:
    """Let a book take a price."""
    tick = record.book.check(Tick(time, 1, 1, 1, 1, None, time=time), time)
    assert tick is not None
    record.book.take(tick)
