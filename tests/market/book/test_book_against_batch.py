"""Bars that a book builds tick by tick are those of a plain batch computation over all ticks."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.market.book.clock_label import write_clock
from rtserver.market.book.quote_book import BookRules, BookState, QuoteBook
from rtserver.market.book.tick import Tick
from rtserver.market.book.tick_tail import TailState
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS
from tests.market.book.feed_day import BASES, Sent, answers, append, batch, counted, feeds, made, play, prices
from tests.market.book.ticks import MONDAY
from tests.market.exchange import futures, globex, stocks

EVENING = MONDAY * DAY_MS + 22 * 3_600_000


@given(feeds(EVENING))
@settings(max_examples=200, deadline=None)
def test_base_bars_are_those_of_pandas(sent: list[Sent]) -> None:
    book = QuoteBook()

    play(book, sent)

    assert [made(book, period) for period in BASES] == [batch(sent, period) for period in BASES]
    assert list(book.tail.ticks()) == counted(sent)
    assert book.seq == len(sent)


@st.composite
def calm_feeds(draw: st.DrawFn) -> list[Sent]:
    """Many prices in order, some of which begin minutes and days, and a few ticks of any kind."""
    steps = draw(st.lists(st.sampled_from([0, 1, 900, 25_000, 61_000, 40_000_000]), min_size=1, max_size=150))
    sent: list[Sent] = []
    time = EVENING
    for step in steps:
        time += step
        sent += draw(prices(time)) if draw(st.integers(0, 30)) else draw(feeds(time, 2))
    return sent


@given(
    st.one_of(calm_feeds(), feeds(EVENING)), st.sampled_from([3, 40, 1_000]), st.sets(st.integers(0, 150), max_size=5)
)
@settings(max_examples=200, deadline=None)
def test_prices_that_wait_make_the_same_book_as_those_that_are_taken_one_by_one(
    sent: list[Sent], tail_ticks: int, looks: set[int]
) -> None:
    rules = BookRules(tail_ticks=tail_ticks)
    one_by_one, waiting = QuoteBook(rules=rules), QuoteBook(rules=rules)

    for number, each in enumerate(sent):
        assert append(waiting, [each]) == answers(one_by_one, [each])
        assert waiting.seq == one_by_one.seq
        if number in looks:
            assert waiting.state == one_by_one.state

    assert waiting.settled_ms == one_by_one.settled_ms
    assert waiting.state == one_by_one.state
    assert waiting.tail.state == one_by_one.tail.state
    for base in ("1m", "1d"):
        assert waiting.bars.read(base) == one_by_one.bars.read(base)
        assert waiting.bars.finished(base).read() == one_by_one.bars.finished(base).read()


@given(feeds(EVENING))
@settings(deadline=None)
def test_clock_labels_make_the_same_bars_as_epoch_times(sent: list[Sent]) -> None:
    """Over midnight, and late ones, too. The first one that comes lies on the day of the key."""
    dated, continuous = QuoteBook(day=sent[0].tick.time // DAY_MS), QuoteBook()

    for tick, now_ms in sent:
        label = write_clock(tick.time % DAY_MS, 5)
        for book in (dated, continuous):
            checked = book.check(msgspec.structs.replace(tick, label=label, time=0), now_ms)
            assert checked is not None
            assert checked.time == tick.time
            book.take(checked)

    for book in (dated, continuous):
        assert [made(book, period) for period in BASES] == [batch(sent, period) for period in BASES]


@given(st.sampled_from([futures(), stocks(), globex()]), feeds(EVENING))
@settings(deadline=None)
def test_bars_of_sessions_are_those_of_a_batch(calendar: Calendar, sent: list[Sent]) -> None:
    book = QuoteBook(calendar)

    play(book, sent)

    assert [made(book, period) for period in BASES] == [batch(sent, period, calendar) for period in BASES]


@given(feeds(EVENING), st.integers(0, 80), st.booleans(), st.sampled_from([3, 1_000]))
@settings(deadline=None)
def test_a_restored_book_goes_on_as_the_one_that_was_kept(
    sent: list[Sent], kept: int, is_clock: bool, tail_ticks: int
) -> None:
    rules = BookRules(tail_ticks=tail_ticks)
    if is_clock:
        sent = [each._replace(tick=labelled(each.tick)) for each in sent]
    first, second = QuoteBook(rules=rules), QuoteBook(rules=rules)
    answers(first, sent[:kept])

    state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=BookState)
    tail = msgspec.msgpack.decode(msgspec.msgpack.encode(first.tail.state), type=TailState)
    minutes, days = (first.bars.finished(base).read() for base in ("1m", "1d"))
    second.restore(state, tail, minutes, days, is_cut=False)

    assert answers(second, sent[kept:]) == answers(first, sent[kept:])
    assert second.state == first.state
    assert list(second.tail.ticks()) == list(first.tail.ticks())
    for base in ("1m", "1d"):
        assert second.bars.read(base) == first.bars.read(base)


def labelled(tick: Tick) -> Tick:
    return msgspec.structs.replace(tick, label=write_clock(tick.time % DAY_MS, 5), time=0)
