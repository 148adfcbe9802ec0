"""QuoteCenter: the service message ``quote``, and the subscribable service "quotes".

One object has two roles, because the second needs what the first has heard. It takes the ticks of a message into the
books of their quotes, and passes them on to the feeds that somebody watches. It knows agents by number only, and
nothing of charts.
"""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.base.limit.cpu_quota import FairShares
from rtserver.base.queue.port import START, QueueError, QueuePort, order_of
from rtserver.market.book.quote_book import DEFAULT_RULES, BookRules
from rtserver.market.book.tick import BadTime, MissingBars, Price, Tick, tick_of
from rtserver.market.calendar.exchange_calendars import NO_CALENDARS, ExchangeCalendars, UnknownExchangeError
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.market.number import Number
from rtserver.service.message import BadData, Reason
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.quote.feed_history import FeedHistory
from rtserver.service.quote.feed_request import FeedName, FeedRequestError, View, read_request
from rtserver.service.quote.feeds import Feeds
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.memory_budget import MemoryBudget
from rtserver.service.quote.pages import Pages
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.quote.slices import ITEMS_OF_A_LOOK, slices
from rtserver.service.quote.tick import QuoteItem, QuoteMessage, check_key, exchange_of, read_tick
from rtserver.service.quote.turns import Turns
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.topic import Viewer


class QuoteCenter(ServiceMsgHandler):
    """The numbers of all quotes.

    Bounds: ``rules`` of each book, ``history_bytes`` of all, ``max_quotes``, ``max_feeds``, and ``picture_rows`` per
    feed. A feed ends ``feed_linger_seconds`` after its last viewer. With ``shares``, the work for one user only is
    charged to that user, and waits while the user owes. ``store_of`` gives the store of the books, if there is one.
    ``queue`` is the one whose messages it handles, ``queue_of`` (``owner_of``) finds the one that a quote belongs to.

    ``ticks``, ``bad_times``, ``late_ticks`` and ``duplicate_ticks`` count up; ``subscribers`` is the number of open
    subscriptions.
    """

    msg_type = "quote"
    data_type = QuoteMessage
    replays = True

    def __init__(
        self,
        services: ServiceContext,
        *,
        rules: BookRules = DEFAULT_RULES,
        max_quotes: int = 10_000,
        max_feeds: int = 10_000,
        picture_rows: int = 1_000,
        feed_linger_seconds: float = 0.0,
        shares: FairShares | None = None,
        indicators: IndicatorRegistry | None = None,
        calendars: ExchangeCalendars = NO_CALENDARS,
        history_bytes: int = 0,
        store_of: Callable[[QuoteBooks], QuoteStore] | None = None,
        queue: str = "",
        queue_of: Callable[[str], str] = lambda key: "",
    ) -> None:
        super().__init__(services)
        self._queue = queue
        self.owner_of = queue_of
        self.ticks = self.bad_times = self.late_ticks = self.duplicate_ticks = 0
        self.books = QuoteBooks(rules, max_quotes, calendars.of)
        self.memory = MemoryBudget(self.books, history_bytes)
        self._known = self.books.by_key
        self._calendars = calendars
        self._indicators = indicators or IndicatorRegistry()
        self._publisher = Publisher(services.post)
        self.store = None if store_of is None else store_of(self.books)
        if self.store is not None:
            self.books.stored_until = order_of(self.store.writer.position)
        self._touched: set[str] = set()
        self._is_noting = False
        self._flushed = START  # the stamp at the last flush
        self._pending: dict[Viewer, Subscribe] = {}  # those who wait for a quote to be loaded
        turns = Turns(services.call_later, shares)
        history = FeedHistory(None if self.store is None else self.store.reader, services.call_later)
        self.feeds = Feeds(
            self.books,
            self._publisher,
            history,
            turns,
            services.call_later,
            max_feeds=max_feeds,
            picture_rows=picture_rows,
            linger_seconds=feed_linger_seconds,
        )
        self._work = self.feeds.work
        self.pages = Pages(self.books, self._publisher, history, turns, picture_rows=picture_rows)

    @property
    def subscribers(self) -> int:
        """Number of open subscriptions."""
        return len(self._publisher)

    def handle(self, message_id: str, src: str, data: Sequence[QuoteItem]) -> None:
        """Take a quote message. It came at the time that the id of its entry has: the same for all workers.

        Raises ``BadData`` for its first bad item before any item has counted, so that a message in the dead stream
        can be mended and sent again. Items of an impossible time are dead letters of their own.
        """
        read = self._read(data)
        order = order_of(message_id)
        # A worker that does not write would note ticks for nothing.
        self._is_noting = self.store is not None and self.store.writer.is_leading
        impossible = self._take_all(data, read, order)
        self.books.stamp = message_id
        self.books.trim()
        self.ticks += len(data) - len(impossible)
        if impossible:
            self.bad_times += len(impossible)
            number, text = next(iter(impossible.items()))
            items = [msgspec.to_builtins(data[each]) for each in impossible]
            self.reject_part(Reason.BAD_TIME, f"item {number}: {text}", items)

    def begins_behind(self, queue: QueuePort) -> str | None:
        """See ``ServiceMsgHandler``. What is stored is not read from the bus."""
        return super().begins_behind(queue) if self.store is None else self.store.writer.begin()

    def on_done(self, position: str) -> None:
        """See ``ServiceMsgHandler``."""
        if self.store is None:
            self.memory.keep()
        else:
            self.store.writer.done(position)
            self.books.stored_until = order_of(self.store.writer.position)
            self.memory.keep(self.store.writer.position)

    def flush(self) -> None:
        """Post one ``Update`` per feed, with every row that the batch brought it."""
        self.check_thread()
        if self.store is not None:
            self.store.touch(self._touched, is_noted=self._is_noting)
        self._touched.clear()
        self._work.flush()
        self._publisher.flush()
        flushed, self._flushed = self._flushed, self.books.stamp
        if self.store is not None and self.books.trim():
            # What has come since is done, and can be stored, only when this call has returned. The wait is short,
            # because prices have to go on while nobody writes; then the books forget what is too much.
            self.store.wait(flushed)
            self.books.trim(may_lose=True)

    def on_subscribe(self, message: Subscribe) -> None:
        """Answer with ``Snapshot`` or ``Refused``. An unknown quote has an empty picture for now.

        A ``ref`` that is in use moves to the new request.
        """
        try:
            name, view = read_request(message.request, self._indicators)
            self._calendars.check(exchange_of(name.quote))
        except (FeedRequestError, UnknownExchangeError) as error:
            self._publisher.refuse(message, "bad_request", str(error))
            return
        if self.store is None or name.quote in self.books:
            self._subscribe(message, name, view)
        else:
            self._pending[message.agent, message.ref] = message
            self._publisher.delay(message)
            self.services.call_later(0, partial(self._subscribe_later, message, name, view))

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        """End a subscription. An unknown one was refused, answered, or moved, and needs nothing."""
        self._pending.pop((message.agent, message.ref), None)
        left = self._publisher.remove_viewer((message.agent, message.ref))
        if left is not None:
            self.feeds.on_left(left)

    def _subscribe(self, message: Subscribe, name: FeedName, view: View) -> None:
        if view.end_ms is None:
            self.feeds.subscribe(message, name, view)
        elif (left := self.pages.subscribe(message, name, view)) is not None:
            self.feeds.on_left(left)

    def _subscribe_later(self, message: Subscribe, name: FeedName, view: View) -> None:
        """Load a quote that is not known, and then subscribe. Called on a greenlet of its own."""
        assert self.store is not None, "without a store all quotes are known"
        try:
            self.store.load((name.quote,))
        except QueueError:
            return  # the server ends
        viewer = (message.agent, message.ref)
        if self._pending.get(viewer) is message:
            del self._pending[viewer]
            self._subscribe(message, name, view)

    def _read(self, data: Sequence[QuoteItem]) -> list[Price | Tick]:
        """Return the ticks of a message. The quotes that are stored are known then."""
        read: list[Price | Tick] = []
        unknown: set[str] = set()
        if len(data) <= ITEMS_OF_A_LOOK:
            self._read_some(data, read, unknown)
        else:
            for some in slices(len(data), self.services.pause):
                self._read_some(data[some], read, unknown)
        if unknown and self.store is not None:
            self._load(self.store, unknown, {item.quote for item in data})
        return read

    def _read_some(self, data: Sequence[QuoteItem], read: list[Price | Tick], unknown: set[str]) -> None:
        for item in data:
            try:
                if item.quote not in self.books.by_key:
                    check_key(item.quote)
                    self._calendars.check(exchange_of(item.quote))
                    self._check_queue(item.quote)
                    unknown.add(item.quote)
                read.append(read_tick(item.info))
            except (BadData, UnknownExchangeError) as error:
                raise BadData(f"item {len(read)}: {error}") from None

    def _check_queue(self, key: str) -> None:
        """Raise ``BadData`` for a quote of another queue: nobody who asks for it would see what came here."""
        owner = self.owner_of(key)
        if owner != self._queue:
            raise BadData(f'quote "{key}" belongs on {owner}; this is {self._queue}')

    def _load(self, store: QuoteStore, unknown: set[str], keys: set[str]) -> None:
        """Load those of some quotes that are not known. Others may be forgotten meanwhile, and are loaded, too."""
        tried: set[str] = set()
        while unknown:
            store.load(unknown)
            tried |= unknown
            unknown = {key for key in keys - tried if key not in self._known}

    def _take_all(
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
        self.books.is_partial = True
        self.services.pause(seconds)
        # If the wait is ended, so is the server: the books stay partial, and are not saved.
        self.books.is_partial = False

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
            quote = self.books.of_feed(key)
        else:
            self._known.move_to_end(key)
        if quote.skip_until is not None and order > quote.skip_until:
            quote.skip_until = None
        if quote.skip_until is None:
            quote.last = order
            self._touched.add(key)
        return quote

    def _take(self, quote: KnownQuote, tick: Tick, order: tuple[int, int]) -> None:
        """Take a tick that is not a price in order. Raises ``BadTime``."""
        if quote.skip_until is not None:
            return  # the store has it
        try:
            checked = quote.book.check(tick, order[0])
        except MissingBars:
            if self.store is None:
                raise
            if self.store.load_minutes(quote, order):
                self.feeds.renew(quote)
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
        if self._is_noting:
            quote.record.note(tick)
        if quote.awake:
            self._work.advance(quote, tick_of(tick), changed)
