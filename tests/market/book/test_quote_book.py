"""The book of one quote: which ticks it takes, and the bars they make."""

import msgspec
import pytest

from rtserver.market.book.quote_book import BookRules, QuoteBook
from rtserver.market.book.tick import BadTime
from rtserver.market.market_bar import Bar
from tests.market.book.ticks import MINUTE, MONDAY, NOON, bar, price, take


def minutes(book: QuoteBook) -> list[tuple[object, ...]]:
    """The minutes of a book, each as its number since noon, open, close, low, high and volume."""
    return [
        ((each.time - NOON) / MINUTE, each.open, each.close, each.low, each.high, each.volume)
        for each in book.bars.read("1m")
    ]


def test_prices_make_minutes_and_a_day() -> None:
    book = QuoteBook()

    take(book, price(NOON, 10, 1), price(NOON + 5, 12, 2), price(NOON + MINUTE, 9, 3))

    assert minutes(book) == [(0, 10, 12, 10, 12, 3), (1, 9, 9, 9, 9, 3)]
    midnight = NOON - 720 * MINUTE
    assert book.bars.read("1d") == [Bar(midnight, 10, 9, 9, 12, 6, 10 + 24 + 27, 2026, midnight)]
    assert (book.seq, len(book.tail)) == (3, 3)


def test_a_late_tick_goes_into_its_own_minute_and_is_told_of() -> None:
    book = QuoteBook()

    answers = take(book, price(NOON, 10), price(NOON + MINUTE, 11), price(NOON + 30_000, 7))

    assert answers == [None, None, NOON + 30_000]
    assert minutes(book) == [(0, 10, 7, 7, 10, None), (1, 11, 11, 11, 11, None)]
    assert [tick.time - NOON for tick in book.tail.ticks()] == [0, 30_000, MINUTE]


def test_a_tick_that_is_older_than_the_bound_is_impossible() -> None:
    book = QuoteBook()
    take(book, price(NOON, 10))

    take(book, price(NOON - MINUTE, 11), now_ms=NOON)
    with pytest.raises(BadTime, match="61 s older than the newest tick; allowed are 60 s"):
        book.check(price(NOON - MINUTE - 1_000, 11), NOON)
    assert book.seq == 2


def test_a_tick_from_the_future_is_impossible_and_one_that_is_a_little_early_stops_nothing() -> None:
    book = QuoteBook()
    take(book, price(NOON, 10))

    with pytest.raises(BadTime, match=r"300\.001 s ahead of the server's clock; allowed are 300 s"):
        book.check(price(NOON + 300_001, 11), NOON)
    take(book, price(NOON + 4 * MINUTE, 11), now_ms=NOON)
    assert take(book, price(NOON + 1_000, 12), now_ms=NOON + 1_000) == [NOON + 1_000]
    assert minutes(book) == [(0, 10, 12, 10, 12, None), (4, 11, 11, 11, 11, None)]


def test_a_growing_bar_that_is_sent_again_is_one_tick_and_its_volume_the_last_one() -> None:
    book = QuoteBook()

    take(book, *(bar(NOON, 5, 5 + n % 3, 5, 7, n) for n in range(2_000)))

    assert (len(book.tail), book.seq) == (1, 2_000)
    assert minutes(book) == [(0, 5, 6, 5, 7, 1_999)]


def test_a_bar_of_one_moment_is_the_same_whether_a_clock_or_a_number_names_it() -> None:
    book = QuoteBook(day=MONDAY)

    take(book, bar(NOON, 5, 6, 4, 9, 10), bar("12:00", 5, 6, 4, 8, 11), bar(NOON, 5, 6, 4, 7, 12), now_ms=NOON)

    assert len(book.tail) == 1
    assert minutes(book) == [(0, 5, 6, 4, 7, 12)]


def test_a_bar_that_is_sent_again_with_less_than_before_takes_it_back() -> None:
    book = QuoteBook()

    answers = take(book, bar(NOON, 5, 6, 4, 9, 10), bar(NOON + MINUTE, 6, 6, 6, 6, 1), bar(NOON, 5, 6, 5, 7, 8))

    assert answers == [None, None, NOON]
    assert minutes(book) == [(0, 5, 6, 5, 7, 8), (1, 6, 6, 6, 6, 1)]
    assert book.bars.read("1d")[0].high == 7


def test_one_wrong_clock_label_stops_nothing() -> None:
    book = QuoteBook(day=MONDAY)
    take(book, price("10:00:00", 10))

    with pytest.raises(BadTime, match='time "21:59:59" is too far from the last one, which was 10:00:00'):
        book.check(price("21:59:59", 10), NOON)
    take(book, price("10:01:00", 11), price("10:02:00", 12))
    assert minutes(book) == [
        (-120, 10, 10, 10, 10, None),
        (-119, 11, 11, 11, 11, None),
        (-118, 12, 12, 12, 12, None),
    ]


def test_a_tick_that_comes_again_by_its_id_is_left_out() -> None:
    book = QuoteBook(rules=BookRules(late_ms=1_000))
    one = price(NOON, 10, 5)
    again = type(one)(**{name: getattr(one, name) for name in one.__struct_fields__} | {"id": "a"})

    take(book, again)
    assert book.check(again, NOON) is None
    assert book.check(again, NOON + 1_001) is not None
    assert book.seq == 1


def test_texts_and_ids_count_as_memory() -> None:
    book = QuoteBook()
    plain = book.size
    take(book, *(msgspec.structs.replace(price("x" * 60 + str(n), 5), id="x" * 60 + str(n)) for n in range(1000)))
    assert book.size - plain > 1000 * (113 + 113)
