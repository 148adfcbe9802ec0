"""MemoryBudget: quotes that nobody watches give back first, and every loss is counted."""

from typing import Any

import msgspec

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.history.memory_history import MemoryHistory, MemoryStates
from rtserver.history.port import HistoryRange
from rtserver.market.book.quote_book import BookRules
from rtserver.market.number import Number
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands
from tests.service.quote.memory_store import memory_store

BEGIN = 1_767_571_200_000
DECODER = msgspec.json.Decoder(QuoteCenter.data_type)


class Desk:
    """A center with a budget, on a store in memory."""

    def __init__(
        self, history_bytes: int = 0, *, is_stored: bool = True, max_quotes: int = 100, stored: "Desk | None" = None
    ) -> None:
        self.history = MemoryHistory() if stored is None else stored.history
        self.states = MemoryStates(self.history) if stored is None else stored.states
        context = ServiceContext(
            lambda message: None,
            UserCommands(lambda message: None),
            lambda fn, *args: fn(*args),
            call_later=lambda seconds, call: None if seconds else call(),
        )
        self.center = QuoteCenter(
            context,
            rules=BookRules(tail_ticks=2_000),
            history_bytes=history_bytes,
            max_quotes=max_quotes,
            feed_linger_seconds=60,
            store_of=(lambda books: memory_store(books, self.history, self.states)) if is_stored else None,
        )
        self.number = 0 if stored is None else stored.number
        if is_stored:
            self.save()  # takes the lease

    def tell(self, quote: str, seconds: int, count: int = 1_000) -> None:
        """Put so many ticks of a quote, the first of them so late."""
        for first in range(seconds, seconds + count, 100):
            points = [[BEGIN + 1_000 * second, 10 + second % 7] for second in range(first, first + 100)]
            self.send([{"quote": quote, "info": {"point": point, "volume": 1}} for point in points])

    def send(self, items: list[dict[str, Any]]) -> None:
        """Put one entry on the bus."""
        time = items[-1]["info"]["point"][0]
        self.put(f"{time}-{self.number + 1}", items)

    def say(self, quote: str, label: str) -> None:
        """Put a tick at a time of day on the bus."""
        self.put(f"{BEGIN}-{self.number + 1}", [{"quote": quote, "info": {"point": [label, 1], "volume": 1}}])

    def days(self, quote: str) -> list[Number | None]:
        """Return the volumes of a quote's days."""
        known = self.center.books.get(quote)
        return [] if known is None else [bar.volume for bar in known.book.bars.read("1d")]

    def put(self, entry: str, items: list[dict[str, Any]]) -> None:
        """Put items on the bus under the id of an entry."""
        self.number += 1
        self.center.handle(entry, "x", DECODER.decode(msgspec.json.encode(items)))
        self.center.flush()
        self.center.on_done(entry)

    def seq(self, quote: str) -> int:
        """Return the number of a quote's ticks in memory."""
        known = self.center.books.get(quote)
        return 0 if known is None else known.book.seq

    def save(self) -> None:
        store = self.center.store
        assert store is not None
        store.writer.write()

    def store_at_the_next_look(self) -> None:
        """Let the writer work when somebody waits for it."""
        look = self.states.stored_until

        def write_and_look() -> str:
            self.states.stored_until = look  # type: ignore[method-assign]
            self.save()
            return look()

        self.states.stored_until = write_and_look  # type: ignore[method-assign]

    def keep(self) -> None:
        for _ in range(3):
            self.center.on_done(self.center.books.stamp)

    def watch(self, quote: str, period: int = 0) -> None:
        self.center.on_subscribe(Subscribe(1, 1, "quotes", {"quote": quote, "period": period}))


def test_a_silent_quote_that_is_stored_is_forgotten_and_comes_back_whole() -> None:
    desk = Desk(history_bytes=90_000)
    desk.tell("X:SILENT", 0)
    desk.save()
    desk.tell("X:LIVE", 2_000)
    desk.keep()
    assert "X:SILENT" not in desk.center.books
    assert (desk.center.books.given_back, desk.center.memory.dropped_ticks) == (1, 0)
    desk.tell("X:SILENT", 3_000, 100)
    quote = desk.center.books.get("X:SILENT")
    assert quote is not None
    assert (quote.book.seq, len(quote.book.tail)) == (1_100, 1_100)


def test_a_watched_quote_gives_nothing_back() -> None:
    desk = Desk(history_bytes=1)
    desk.watch("X:WATCHED")
    desk.tell("X:WATCHED", 0)
    desk.tell("X:LIVE", 2_000)
    desk.save()
    desk.keep()
    quote = desk.center.books.get("X:WATCHED")
    assert quote is not None
    assert len(quote.book.tail) == 1_000


def test_a_feed_rests_on_where_nothing_of_its_quote_is_dropped() -> None:
    desk = Desk(history_bytes=1_000_000)
    for quote in ("X:FIRST", "X:SECOND"):
        desk.tell(quote, 0)
        desk.watch(quote, 60)
        desk.center.on_unsubscribe(Unsubscribe(1, 1, "quotes"))
    desk.save()
    desk.keep()
    desk.center.memory.most_bytes = desk.center.memory.bytes - 1
    desk.keep()
    feeds = [len(quote.feeds) for key in ("X:FIRST", "X:SECOND") if (quote := desk.center.books.get(key))]
    assert feeds == [0, 1]
    assert desk.center.memory.dropped_ticks


def test_without_a_store_the_older_ticks_are_lost_and_counted() -> None:
    desk = Desk(history_bytes=30_000, is_stored=False)
    desk.tell("X:LIVE", 0)
    desk.keep()
    quote = desk.center.books.get("X:LIVE")
    assert quote is not None
    assert desk.center.memory.dropped_ticks == 1_000 - len(quote.book.tail) > 0
    assert quote.book.seq == 1_000
    assert quote.book.bars.growing("1d")[0].volume == 1_000


def test_a_quote_that_is_not_stored_yet_outlives_the_bound_for_a_while() -> None:
    desk = Desk(max_quotes=2)
    for number in range(4):
        desk.tell(f"X:{number}", number, 100)
    assert (len(desk.center.books), desk.center.books.forgotten) == (4, 0)
    desk.save()
    desk.keep()
    desk.tell("X:4", 5, 100)
    assert (len(desk.center.books), desk.center.books.given_back, desk.center.books.forgotten) == (2, 3, 0)
    desk.tell("X:0", 100, 100)
    assert desk.seq("X:0") == 200


def test_a_clock_that_jumps_back_behind_a_restart_corrects_what_is_stored() -> None:
    desk = Desk()
    quote = "X:CLOCK:20260105"
    for minute in range(50):
        desk.say(quote, f"12:{minute:02}:00")
    desk.save()
    again = Desk(stored=desk)
    for second in range(3, 20):
        for each in (desk, again):
            each.say(quote, f"12:10:{second:02}")
    assert desk.seq(quote) == again.seq(quote) == 66
    assert desk.days(quote) == again.days(quote) == [66]


def test_beyond_twice_the_bound_quotes_wait_until_those_before_them_are_stored() -> None:
    desk = Desk(max_quotes=2)
    for number in range(6):
        if number == 4:
            desk.store_at_the_next_look()
        desk.tell(f"X:{number}", number, 100)
    books, store = desk.center.books, desk.center.store
    assert store is not None
    assert (len(books), books.given_back, books.forgotten, store.waits) == (2, 4, 0, 1)
    assert "X:5" in books
    for number in range(6):
        desk.tell(f"X:{number}", 200 + number, 100)
        desk.save()
        assert desk.seq(f"X:{number}") == 200


def test_endless_new_quotes_hold_up_nobody_while_nothing_can_be_stored() -> None:
    desk = Desk(max_quotes=2)
    desk.tell("X:SEEN", 0, 100)
    desk.watch("X:SEEN")
    for number in range(12):
        desk.tell(f"X:{number}", number, 100)  # returns although the writer does not write
    books = desk.center.books
    assert (len(books), books.given_back, books.forgotten) == (8, 0, 5)
    assert "X:SEEN" in books
    desk.save()
    desk.keep()
    desk.tell("X:12", 12, 100)
    assert (len(books), books.given_back, books.forgotten) == (2, 7, 5)
    for number in (5, 11):
        desk.tell(f"X:{number}", 200, 100)
        desk.save()
        assert desk.seq(f"X:{number}") == 200


def test_bars_that_one_message_brings_are_stored_before_they_are_dropped() -> None:
    desk = Desk(history_bytes=1)
    for first, end in ((0, 1), (1, 600)):
        points = [[BEGIN + 60_000 * number, 10] for number in range(first, end)]
        items = [{"quote": "X:LONG", "info": {"point": point, "volume": 1}} for point in points]
        desk.put(f"{BEGIN + 86_400_000}-{end}", items)
        desk.keep()
        desk.save()
    stored = desk.history.read(HistoryRange("X:LONG", "1m", None, None, None))
    assert len(stored.bars) == 598  # a late tick may change the last two
    known = desk.center.books.by_key["X:LONG"]
    assert not known.book.bars.finished("1m").is_cut
    desk.keep()
    assert "X:LONG" not in desk.center.books or known.book.bars.finished("1m").is_cut


def test_without_a_store_quotes_beyond_the_bound_are_lost_and_counted() -> None:
    desk = Desk(max_quotes=2, is_stored=False)
    for number in range(6):
        desk.tell(f"X:{number}", number, 100)
    assert (len(desk.center.books), desk.center.books.forgotten) == (2, 4)


def test_a_message_of_more_quotes_than_fit_goes_on_with_what_is_stored_of_all() -> None:
    desk = Desk(max_quotes=2)
    quotes = [f"X:{number}" for number in range(4)]
    for second in range(3):
        desk.send([{"quote": quote, "info": {"point": [BEGIN + second, 1]}} for quote in quotes])
        desk.save()
        desk.keep()
    desk.send([{"quote": quote, "info": {"point": [BEGIN + 9, 1]}} for quote in quotes])
    assert [desk.seq(quote) for quote in quotes] == [4, 4, 4, 4]
