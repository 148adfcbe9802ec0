"""Base bars beyond what a batch shows: bars of longer periods, finished ones, and clocks that jump back."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.market.book.quote_book import BookRules, QuoteBook
from rtserver.market.book.tick import BadTime, Tick
from rtserver.market.book.tick_tail import TickTail
from rtserver.market.calendar.calendar import CONTINUOUS
from rtserver.market.day import DAY_MS
from rtserver.market.period import parse_period
from tests.market.book.feed_day import Sent, answers, batch, counted, feeds, play, rounded
from tests.market.book.ticks import MINUTE, MONDAY, NOON, bar, price, take


@given(feeds(NOON), st.sampled_from(["5m", "1h", "4h", "1d", "1w", "1M"]), st.integers(0, 60))
@settings(deadline=None)
def test_a_bar_of_a_longer_period_grows_out_of_base_bars(sent: list[Sent], name: str, ahead: int) -> None:
    """It goes on with the newest ticks as if it had seen all of them."""
    sent = [Sent(tick, int(tick.time)) for tick in counted(sent)]
    period = parse_period(name)
    assert period.base is not None
    book = QuoteBook()
    play(book, sent[: max(1, ahead)])
    span = period.bar_at(CONTINUOUS, book.tail[-1].time)
    growing = book.bars.grow(period.base, span)
    assert growing is not None

    for tick, _ in sent[max(1, ahead) :]:
        if tick.time >= span.end_ms:
            break
        growing.add(tick)

    expected = {row[0]: row for row in batch(sent, period)}
    each = growing.bar
    row = (each.label, each.open, each.close, each.low, each.high, each.volume, each.turnover)
    assert rounded(row) == expected[float(span.label)]


def test_minutes_that_nothing_may_change_any_more_are_finished() -> None:
    book = QuoteBook()

    take(book, *(price(NOON + number * MINUTE, number) for number in range(5)))

    assert [each.open for each in book.bars.finished("1m").read()] == [0, 1, 2]
    assert [each.open for each in book.bars.growing("1m")] == [3, 4]
    assert [each.high for each in book.bars.growing("1d")] == [4]


def test_a_day_is_finished_with_its_last_minute() -> None:
    book = QuoteBook()
    midnight = (MONDAY + 1) * DAY_MS
    late, early = midnight - 30_000, midnight + 10_000

    take(book, price(late, 1, 1), price(early, 2, 2), price(late + 1_000, 5, 1))
    assert len(book.bars.finished("1d")) == 0
    take(book, price(midnight + 5 * MINUTE, 3, 4))

    (monday,) = book.bars.finished("1d").read()
    assert (monday.label, monday.close, monday.high, monday.volume) == (MONDAY * DAY_MS, 5, 5, 2)
    assert [each.volume for each in book.bars.growing("1d")] == [6]


def clock(label: str, value: float, volume: int = 1) -> Tick:
    return price(label, value, volume)


def test_a_clock_that_jumps_back_corrects_finished_bars() -> None:
    book = QuoteBook(day=MONDAY)
    now = {"now_ms": NOON}
    take(book, *(clock(f"10:{minute:02}:00", minute) for minute in range(10)), **now)

    with pytest.raises(BadTime):
        book.check(clock("10:02:30", 50), NOON)
    assert take(book, clock("10:02:31", 60), **now) == [NOON - 120 * MINUTE + 151_000]
    take(book, *(clock(f"10:{minute:02}:10", minute) for minute in range(10, 15)), **now)

    minutes = book.bars.read("1m")
    assert [each.high for each in minutes] == [0, 1, 60, *range(3, 15)]
    assert [each.volume for each in minutes] == [1, 1, 2] + 12 * [1]
    assert [(each.high, each.volume) for each in book.bars.read("1d")] == [(60, 16)]


def test_a_clock_that_jumps_back_before_what_is_in_memory_is_refused() -> None:
    first, book = QuoteBook(day=MONDAY), QuoteBook(day=MONDAY)
    take(first, *(clock(f"10:{minute:02}:00", minute) for minute in range(10)), now_ms=NOON)

    book.restore(first.state, first.tail.state, (), (), is_cut=True)

    for second in ("30", "31", "32"):
        with pytest.raises(BadTime):
            book.check(clock(f"10:02:{second}", 50), NOON)
    take(book, clock("10:10:00", 10), now_ms=NOON)
    assert [each.open for each in book.bars.read("1m")] == [8, 9, 10]


def test_finished_minutes_may_be_dropped_and_the_days_stay() -> None:
    book = QuoteBook()
    take(book, *(price(NOON + number * MINUTE, number, 1) for number in range(300)))

    book.bars.finished("1m").drop_before(NOON + 200 * MINUTE)
    take(book, price(NOON + 300 * MINUTE, 1, 1))

    assert book.bars.finished("1m").first_label == NOON + 192 * MINUTE
    assert [each.volume for each in book.bars.read("1d")] == [301]


def test_a_bar_that_comes_again_when_its_minute_has_left_the_tail_changes_it_by_the_difference() -> None:
    book = QuoteBook(rules=BookRules(tail_ticks=3))

    take(book, price(NOON, 5, 1), bar(NOON, 5, 5, 5, 5, 10), price(NOON + 1, 5, 1), price(NOON + 2, 5, 1))
    take(book, price(NOON + 3, 5, 1))
    take(book, bar(NOON + 3, 5, 6, 5, 6, 7), price(NOON + 4, 5, 1), bar(NOON + 3, 5, 6, 5, 6, 9))

    assert [each.volume for each in book.bars.read("1m")] == [1 + 10 + 1 + 1 + 1 + 9 + 1]


def test_many_corrections_of_a_full_minute_cost_as_much_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[tuple[int, ...]] = []
    ticks = TickTail.ticks

    def counted_ticks(tail: TickTail, *bounds: int) -> Iterator[Tick]:
        reads.append(bounds)
        return ticks(tail, *bounds)

    monkeypatch.setattr(TickTail, "ticks", counted_ticks)
    book = QuoteBook()
    prices = [price(NOON + 1 + number, 5, 1) for number in range(100)]
    take(book, bar(NOON, 5, 5, 1, 9, 1), *prices, *(bar(NOON, 5, 5, 4, 6, number) for number in range(100)))
    assert reads == []
    assert [(each.volume, each.low, each.high) for each in book.bars.read("1m")] == [(199, 4, 6)]
    assert len(reads) == 1


@given(feeds(NOON), st.integers(4, 30))
@settings(deadline=None)
def test_minutes_are_the_same_whoever_reads_them_and_when(sent: list[Sent], tail_ticks: int) -> None:
    read, unread = (QuoteBook(rules=BookRules(tail_ticks)) for _ in range(2))
    for each in sent:
        said = [answers(book, [each]) for book in (read, unread)]
        assert said[0] == said[1]
        read.bars.read("1m")
    assert read.bars.read("1m") == unread.bars.read("1m")


def test_texts_that_are_no_times_make_no_base_bars() -> None:
    book = QuoteBook()

    assert take(book, price("open", 1), price("open", 2), price("close", 3)) == [None, None, None]
    assert (book.seq, len(book.tail), book.bars.read("1m"), book.settled_ms) == (3, 3, [], None)


def test_sums_beyond_what_a_state_can_hold_are_floats() -> None:
    book = QuoteBook()
    take(book, *(price(NOON + number, 10**15, 10**15) for number in range(20)), price(NOON + MINUTE, 10**15, 10**15))
    take(book, bar(NOON + MINUTE + 1, 10**15, 10**15, 10**15, 10**15, 10**15))

    msgspec.msgpack.encode(book.state)
    assert [each.volume for each in book.bars.read("1d")] == [22 * 10**15]
    assert book.bars.read("1d")[0].turnover == pytest.approx(22e30)
    assert isinstance(book.bars.read("1d")[0].volume, float)
