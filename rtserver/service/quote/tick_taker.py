"""TickTaker: brings the ticks of messages into the books of their quotes, and to the feeds that follow them.

Every tick comes by here, so a price in order takes the shortest way.
"""

from collections.abc import Callable, Sequence

from rtserver.base.queue.port import Entry, order_of
from rtserver.market.book.tick import BadTime, MissingBars, Price, Tick, tick_of
from rtserver.market.calendar.exchange_calendars import UnknownExchangeError
from rtserver.market.number import Number
from rtserver.service.message import BadData
from rtserver.service.quote.aside import Aside
from rtserver.service.quote.feeds import Feeds
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.quote.slices import ITEMS_OF_A_LOOK, slices
from rtserver.service.quote.tick import QuoteItem, read_tick


class TickTaker:
    """Takes ticks into ``books``. Quotes with entries ``aside`` are not whole.

    ``is_noting``: the books' records note what they take, for the next save. ``touched`` has the quotes that have
    changed, for the caller, which empties it. ``late_ticks`` and ``duplicate_ticks`` count up. ``check_new`` raises
    ``BadData`` or ``UnknownExchangeError`` for a key that no quote may have. ``pause`` waits for seconds while others
    go on.
    """

    def __init__(
        self,
        books: QuoteBooks,
        aside: Aside,
        store: QuoteStore | None,
        feeds: Feeds,
        *,
        check_new: Callable[[str], None],
        pause: Callable[[float], object],
    ) -> None:
        self.late_ticks = self.duplicate_ticks = 0
        self.is_noting = False
        self.touched: set[str] = set()
        self._books = books
        self._known = books.by_key
        self._left = aside.by_quote
        self._store = store
        self._feeds = feeds
        self._work = feeds.work
        self._check_new = check_new
        self._pause = pause

    def read(self, data: Sequence[QuoteItem], unknown: set[str]) -> list[Price | Tick]:
        """Return the ticks of a message, and add those of its quotes to ``unknown`` that are not whole."""
        read: list[Price | Tick] = []
        if len(data) <= ITEMS_OF_A_LOOK:
            self._read_some(data, read, unknown)
        else:
            for some in slices(len(data), self._pause):
                self._read_some(data[some], read, unknown)
        return read

    def _read_some(self, data: Sequence[QuoteItem], read: list[Price | Tick], unknown: set[str]) -> None:
        known, left = self._known, self._left
        for item in data:
            try:
                if item.quote not in known or (left and item.quote in left):
                    self._check_new(item.quote)
                    unknown.add(item.quote)
                read.append(read_tick(item.info))
            except (BadData, UnknownExchangeError) as error:
                raise BadData(f"item {len(read)}: {error}") from None

    def take_all(
        self, data: Sequence[QuoteItem], ticks: Sequence[Price | Tick], order: tuple[int, int]
    ) -> dict[int, str]:
        """Take the ticks of a message. Return what is wrong with the impossible ones, by their numbers."""
        impossible: dict[int, str] = {}
        if len(data) <= ITEMS_OF_A_LOOK:
            self._take_some(data, ticks, 0, order, impossible)
        else:
            for some in slices(len(data), self._pause_within):
                self._take_some(data[some], ticks[some], some.start, order, impossible)
        return impossible

    def _pause_within(self, seconds: float) -> None:
        self._books.is_partial = True
        self._pause(seconds)
        # If the wait is ended, so is the server: the books stay partial, and are not saved.
        self._books.is_partial = False

    def _take_some(
        self,
        data: Sequence[QuoteItem],
        ticks: Sequence[Price | Tick],
        first: int,
        order: tuple[int, int],
        impossible: dict[int, str],
    ) -> None:
        quote: KnownQuote | None = None
        for number, tick in enumerate(ticks):
            key = data[number].quote
            if quote is None or quote.key != key:
                quote = self._reach(key, order)
            if type(tick) is tuple and quote.skip_until is None and quote.book.append(tick, order[0]):
                self._pass_on(quote, tick, None)
                continue
            try:
                self._take(quote, tick_of(tick), order)
            except BadTime as error:
                impossible[first + number] = str(error)
            quote = None  # it may have waited

    def _reach(self, key: str, order: tuple[int, int]) -> KnownQuote:
        """Return the quote of the next ticks."""
        quote = self._known.get(key)
        if quote is None:
            quote = self._books.of_feed(key)
        else:
            self._known.move_to_end(key)
        if quote.skip_until is not None and order > quote.skip_until:
            quote.skip_until = None
        if quote.skip_until is None:
            quote.last = order
            self.touched.add(key)
        return quote

    def _take(self, quote: KnownQuote, tick: Tick, order: tuple[int, int]) -> None:
        """Take a tick that is not a price in order. Raises ``BadTime``."""
        if quote.skip_until is not None:
            return  # the store has it
        try:
            checked = quote.book.check(tick, order[0])
        except MissingBars:
            if self._store is None:
                raise
            if self._store.load_minutes(quote, order):
                self._feeds.renew(quote)
                return
            checked = quote.book.check(tick, order[0])
        if checked is None:
            self.duplicate_ticks += 1
            return
        changed = quote.book.take(checked)
        if changed is not None:
            self.late_ticks += 1
        self._pass_on(quote, checked, changed)

    def _pass_on(self, quote: KnownQuote, tick: Price | Tick, changed: Number | None) -> None:
        """Pass a tick that the book has taken to those who follow the quote."""
        if self.is_noting:
            quote.record.note(tick)
        if quote.awake:
            self._work.advance(quote, tick_of(tick), changed)

    def take_late(self, quote: KnownQuote, entry: Entry, ticks: Sequence[Price | Tick]) -> dict[int, str] | None:
        """Take the ticks of a quote in an entry that was left aside. May wait.

        Return what is wrong with the impossible ones, by their numbers; None if the quote has the entry.
        """
        order = order_of(entry.id)
        if quote.skip_until is not None and order > quote.skip_until:
            quote.skip_until = None
        if quote.skip_until is not None or order <= quote.last:
            return None
        quote.last = order
        impossible: dict[int, str] = {}
        for number, tick in enumerate(ticks):
            if type(tick) is tuple and quote.skip_until is None and quote.book.append(tick, order[0]):
                self._pass_on(quote, tick, None)
                continue
            try:
                self._take(quote, tick_of(tick), order)
            except BadTime as error:
                impossible[number] = str(error)
        quote.record.let_go()  # some of its ticks were not noted
        return impossible
