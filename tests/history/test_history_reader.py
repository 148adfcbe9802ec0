"""Reading history: no gap and no double where book, store and source meet, one read for many, and failures."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gevent
import gevent.event
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.queue.port import QueueAwayError
from rtserver.history.history_reader import HistoryReader
from rtserver.history.memory_history import MemoryHistory
from rtserver.history.port import HistoryError, HistoryPart, HistoryRange
from rtserver.market.market_bar import Bar
from tests.history.bar_maker import DAY, MINUTE, MONDAY, QUOTE, minute_bar, minute_bars
from tests.history.fake_book import FakeBook

MINUTES = 40


class Waiting:
    """A source that answers when it is told to, and counts how often it is asked."""

    def __init__(self, answer: Callable[[HistoryRange], HistoryPart]) -> None:
        self.asked: list[HistoryRange] = []
        self.go_on = gevent.event.Event()
        self._answer = answer

    def read(self, wanted: HistoryRange) -> HistoryPart:
        self.asked.append(wanted)
        self.go_on.wait()
        return self._answer(wanted)


def store_of(bars: list[Bar]) -> MemoryHistory:
    store = MemoryHistory()
    store.write(QUOTE, "1m", bars)
    return store


def reader_of(store: Any, source: Any = None) -> HistoryReader:
    return HistoryReader(store, source, event=gevent.event.Event)


def at(minute: int) -> int:
    return MONDAY * DAY + minute * MINUTE


minute = st.integers(0, MINUTES)
limits = st.none() | st.integers(1, MINUTES)


@given(st.tuples(minute, minute, minute, minute), st.none() | minute, st.none() | minute, limits)
def test_parts_are_merged_without_a_gap_and_without_a_double(
    ends: tuple[int, int, int, int], start: int | None, end: int | None, limit: int | None
) -> None:
    """The three may have anything in common. A bar that two of them have is the newer part's."""
    source_end, store_begin, store_end, book_begin = ends
    store_begin = min(store_begin, source_end, book_begin)
    store_end = max(store_end, book_begin)
    source = store_of([minute_bar(MONDAY, n, 1) for n in range(source_end)])
    store = store_of([minute_bar(MONDAY, n, 2) for n in range(store_begin, store_end)])
    book = FakeBook([minute_bar(MONDAY, n, 3) for n in range(book_begin, MINUTES)], at(book_begin))
    whole = [minute_bar(MONDAY, n, 3 if n >= book_begin else 2 if n >= store_begin else 1) for n in range(MINUTES)]
    first, last = (None if n is None else at(n) for n in (start, end))
    wanted = HistoryRange(QUOTE, "1m", first, last, limit)
    part = reader_of(store, source).read(wanted, book)
    inside = [bar for n, bar in enumerate(whole) if (start or 0) <= n and (end is None or n < end)]
    expected = inside if limit is None else inside[len(inside) - limit :] if limit < len(inside) else inside
    assert list(part.bars) == expected
    oldest = whole.index(expected[0]) if expected else min(n for n in (start, end, MINUTES) if n is not None)
    if expected or start is None:
        assert part.has_older == (oldest > 0)


def test_a_quote_without_a_book_is_read_from_the_store_alone() -> None:
    bars = minute_bars(MONDAY, range(5))
    assert reader_of(store_of(bars)).read(HistoryRange(QUOTE, "1m")) == HistoryPart(bars)
    assert reader_of(store_of(bars)).read(HistoryRange(QUOTE, "1m"), FakeBook()) == HistoryPart(bars)


def test_a_range_that_the_book_more_than_fills_asks_nobody_else() -> None:
    bars = minute_bars(MONDAY, range(5))
    part = reader_of(None).read(HistoryRange(QUOTE, "1m", limit=4), FakeBook(bars))
    assert part == HistoryPart(bars[1:], has_older=True)


def test_what_was_pruned_is_cut_unless_a_source_has_it() -> None:
    store = store_of(minute_bars(MONDAY, range(2)) + minute_bars(MONDAY + 1, range(2)))
    store.prune(QUOTE, "1m", at(0) + DAY)
    assert reader_of(store).read(HistoryRange(QUOTE, "1m")).is_cut
    assert reader_of(store, MemoryHistory()).read(HistoryRange(QUOTE, "1m")).is_cut
    whole = reader_of(store, store_of(minute_bars(MONDAY, range(2)))).read(HistoryRange(QUOTE, "1m"))
    assert (len(whole.bars), whole.is_cut) == (4, False)


def test_readers_of_one_range_share_one_read() -> None:
    waiting = Waiting(lambda _wanted: HistoryPart(minute_bars(MONDAY, range(3))))
    reader = reader_of(waiting)
    readers = [gevent.spawn(reader.read, HistoryRange(QUOTE, "1m", limit=3)) for _ in range(5)]
    other = gevent.spawn(reader.read, HistoryRange(QUOTE, "1m", limit=2))
    gevent.idle()
    waiting.go_on.set()
    parts = [each.get(timeout=10) for each in (*readers, other)]
    assert [wanted.limit for wanted in waiting.asked] == [3, 2]
    assert parts[:5] == [HistoryPart(minute_bars(MONDAY, range(3)))] * 5
    assert reader.read(HistoryRange(QUOTE, "1m", limit=3)) == parts[0]
    assert len(waiting.asked) == 3


def failing(error: Exception) -> Callable[[HistoryRange], HistoryPart]:
    def answer(_wanted: HistoryRange) -> HistoryPart:
        raise error

    return answer


@pytest.fixture
def readers() -> Iterator[list[gevent.Greenlet]]:
    spawned: list[gevent.Greenlet] = []
    yield spawned
    gevent.killall(spawned)


def test_a_failure_is_an_error_of_each_who_waits(readers: list[gevent.Greenlet]) -> None:
    waiting = Waiting(failing(QueueAwayError("redis:6379", "timed out")))
    reader = reader_of(waiting)
    readers += [gevent.spawn(reader.read, HistoryRange(QUOTE, "1m")) for _ in range(3)]
    gevent.idle()
    waiting.go_on.set()
    for each in readers:
        with pytest.raises(HistoryError, match=r"\(1m\): the store does not answer: redis:6379: timed out"):
            each.get(timeout=10)
    assert (reader.reads, reader.failures) == (1, 1)


def test_those_who_wait_for_a_reader_that_is_ended_get_an_error(readers: list[gevent.Greenlet]) -> None:
    waiting = Waiting(lambda _wanted: HistoryPart([]))
    reader = reader_of(waiting)
    readers += [gevent.spawn(reader.read, HistoryRange(QUOTE, "1m")) for _ in range(2)]
    gevent.idle()
    readers[0].kill()
    with pytest.raises(HistoryError, match="the read was given up"):
        readers[1].get(timeout=10)


def test_no_more_bars_of_a_book_are_read_than_are_wanted() -> None:
    """But for one, which tells that there are older ones."""
    limits: list[int | None] = []

    class Book(FakeBook):
        def finished(self, base: str, start_ms: int, end_ms: int | None, limit: int | None = None) -> Sequence[Bar]:
            limits.append(limit)
            return super().finished(base, start_ms, end_ms, limit)

    book = Book(minute_bars(MONDAY, range(MINUTES)))
    part = reader_of(MemoryHistory()).read(HistoryRange(QUOTE, "1m", limit=5), book)
    assert (list(part.bars), part.has_older) == (minute_bars(MONDAY, range(MINUTES - 5, MINUTES)), True)
    assert limits == [6]
