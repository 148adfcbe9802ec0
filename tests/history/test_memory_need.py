"""The arithmetic of memory, and that its bytes are those of the real thing."""

import sys

from rtserver.history.memory_need import BAR_BYTES, QUOTE_BYTES, TICK_BYTES, Kept, memory_need, quotes_within
from rtserver.market.bar_block import encode_bars
from rtserver.market.book.quote_book import BookRules, QuoteBook
from rtserver.market.book.tick import Tick
from soak.market.past import minute_bars

KEPT = Kept(ticks=20_000, trading_days=500, minutes_a_day=390)


def test_the_need_is_that_of_ticks_and_bars_of_all_quotes() -> None:
    need = memory_need(5_000, KEPT)
    assert need.server == 5_000 * (20_000 * TICK_BYTES + QUOTE_BYTES) == 2_900_000_000
    assert need.redis - need.redis_without_bars == 5_000 * 500 * 391 * BAR_BYTES == 23_460_000_000
    assert memory_need(0, KEPT) == (0, 0, 0)


def test_a_budget_has_room_for_whole_quotes() -> None:
    one = memory_need(1, KEPT).server
    assert (quotes_within(3 * one, KEPT), quotes_within(3 * one - 1, KEPT)) == (3, 2)


def test_a_tick_in_memory_takes_no_more_than_is_counted() -> None:
    book = QuoteBook(rules=BookRules(tail_ticks=2_000))
    for number in range(10_000):
        time_ms = 1_760_000_000_000 + 250 * number
        price = 100 + number % 977 / 100
        tick = book.check(Tick(time_ms, price, price, price, price, number % 100, time=time_ms), time_ms)
        assert tick is not None
        book.take(tick)
    # Arrays are allocated a sixteenth ahead.
    assert book.tail.size <= 2_000 * TICK_BYTES * 17 / 16


def test_a_minute_bar_at_rest_takes_no_more_than_is_counted() -> None:
    bars = minute_bars(1, 20_000, 390)
    assert len(encode_bars(bars)) / len(bars) < BAR_BYTES < sys.getsizeof(bars[0])
