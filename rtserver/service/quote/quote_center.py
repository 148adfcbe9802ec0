"""QuoteCenter: the service message ``quote``, and the subscribable service "quotes".

One object has two roles, because the second needs what the first has heard. It takes the ticks of a message into the
books of their quotes, and passes them on to the feeds that somebody watches. It knows agents by number only, and
nothing of charts.
"""

from collections.abc import Callable, Sequence
from functools import partial

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.base.limit.cpu_quota import FairShares
from rtserver.base.queue.port import START, Entry, QueueError, QueuePort, order_of
from rtserver.market.book.quote_book import DEFAULT_RULES, BookRules
from rtserver.market.book.tick import Price, Tick
from rtserver.market.calendar.exchange_calendars import NO_CALENDARS, ExchangeCalendars, UnknownExchangeError
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.choice import Choice, bad_times, check_route, quotes_of
from rtserver.service.quote.feed_history import FeedHistory
from rtserver.service.quote.feed_request import FeedName, FeedRequestError, View, read_request
from rtserver.service.quote.feeds import Feeds
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.memory_budget import MemoryBudget
from rtserver.service.quote.pages import Pages
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.quote.revival import Revival
from rtserver.service.quote.tick import QuoteItem, QuoteMessage, check_key, exchange_of
from rtserver.service.quote.tick_taker import TickTaker
from rtserver.service.quote.turns import Turns
from rtserver.service.selective import Reopened, SelectiveMsgHandler
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.topic import Viewer


class QuoteCenter(SelectiveMsgHandler):
    """The numbers of all quotes.

    Bounds: ``rules`` of each book, ``history_bytes`` of all, ``max_quotes``, ``max_feeds``, and ``picture_rows`` per
    feed. A feed ends ``feed_linger_seconds`` after its last viewer. With ``shares``, the work for one user only is
    charged to that user, and waits while the user owes. ``store_of`` gives the store of the books, if there is one.
    ``queue`` is the one whose messages it handles, ``queue_of`` (``owner_of``) finds the one that a quote belongs to.

    While another worker writes history, this one takes the quotes that somebody watches here. Entries of others are
    left aside, and taken when a viewer comes, or when this worker is to write.

    ``ticks`` and ``bad_times`` count up, as more does of the ``taker``; ``subscribers`` is the number of open
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
        self.ticks = self.bad_times = 0
        self.books = QuoteBooks(rules, max_quotes, calendars.of)
        self.memory = MemoryBudget(self.books, history_bytes)
        self._known = self.books.by_key
        self._calendars = calendars
        self._indicators = indicators or IndicatorRegistry()
        self._publisher = Publisher(services.post)
        self.store = None if store_of is None else store_of(self.books)
        if self.store is not None:
            self.books.stored_until = order_of(self.store.writer.position)
        self._flushed = START  # the stamp at the last flush
        self._pending: dict[Viewer, Subscribe] = {}  # those who wait for a quote to be loaded
        self.choice = Choice(self.books)
        self._revival = None if self.store is None else self._open_revival(self.store)
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
        self.taker = TickTaker(
            self.books, self.choice.aside, self.store, self.feeds, check_new=self._check_new, pause=services.pause
        )
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
        entry = self.entry
        if entry is not None:
            check_route(entry.to, data)
        unknown: set[str] = set()
        read = self.taker.read(data, unknown)
        chooser = entry if self.is_choosing else None
        if chooser is not None:
            data, read = self.choice.leave_aside(chooser, data, read)
        elif unknown and self._revival is not None:
            self._load(self._revival, unknown, {item.quote for item in data})
        order = order_of(message_id)
        # A worker that does not write would note ticks for nothing.
        self.taker.is_noting = self.store is not None and self.store.writer.is_leading
        impossible = self.taker.take_all(data, read, order)
        self.books.stamp = message_id
        self.books.trim()
        self._count(len(data), len(impossible))
        if impossible:
            part = bad_times(data, impossible)
            if chooser is None:
                self.rejected_parts.append(part.rejected)
            else:
                self.choice.keep_part(chooser, src, part)

    def wants(self, entry: Entry) -> bool:
        """See ``SelectiveMsgHandler``."""
        return self.choice.wants(entry.to)

    def set_aside(self, entry: Entry) -> None:
        """See ``SelectiveMsgHandler``."""
        self.choice.aside.add(entry, quotes_of(entry.to))
        self.books.stamp = entry.id

    def take_late(self, entry: Entry) -> None:
        """See ``SelectiveMsgHandler``."""
        assert self._revival is not None, "a worker without a store chooses nothing"
        self.set_aside(entry)
        self._revival.revive(quotes_of(entry.to))
        self.taker.touched.update(quotes_of(entry.to))

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
            self.choice.settle(self.books.stored_until, self.reject_later)
            self.memory.keep(self.store.writer.position)

    def flush(self) -> None:
        """Post one ``Update`` per feed, with every row that the batch brought it."""
        self.check_thread()
        if self.store is not None:
            self.store.touch(self.taker.touched, is_noted=self.taker.is_noting)
        self.taker.touched.clear()
        self.is_choosing = self.choice.may_choose and self.reopen is not None
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
        if self._revival is None or self._revival.is_whole(name.quote):
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
        """Make a quote whole, and then subscribe. Called on a greenlet of its own."""
        assert self._revival is not None, "without a store all quotes are whole"
        try:
            self._revival.revive((name.quote,))
        except QueueError:
            return  # the server ends
        viewer = (message.agent, message.ref)
        if self._pending.get(viewer) is message:
            del self._pending[viewer]
            self._subscribe(message, name, view)

    def _open_revival(self, store: QuoteStore) -> Revival:
        revival = Revival(
            self.books,
            store,
            self.choice.aside,
            open_entries=self._open_entries,
            take=self._take_late,
            pause=self.services.pause,
        )
        self.books.gather, self.books.scatter = partial(self._gather, revival), self.choice.begin
        if not store.writer.is_leading:
            self.choice.begin()
        return revival

    def _open_entries(self, entries: Sequence[Entry]) -> Sequence[Reopened]:
        assert self.reopen is not None, "nothing is left aside that cannot be opened"
        return self.reopen(entries, self._read_again)

    def _read_again(self, entry: Entry, data: Sequence[QuoteItem]) -> list[Price | Tick]:
        check_route(entry.to, data)
        return self.taker.read(data, set())

    def _gather(self, revival: Revival) -> None:
        self.choice.end()
        self.is_choosing = False
        revival.revive_all()

    def _take_late(
        self, quote: KnownQuote, entry: Entry, src: str, data: Sequence[QuoteItem], ticks: Sequence[Price | Tick]
    ) -> None:
        """Take the ticks of a quote in an entry that was left aside, unless the quote has them. May wait."""
        impossible = self.taker.take_late(quote, entry, ticks)
        if impossible is not None:
            self._count(len(ticks), len(impossible))
        if impossible:
            self.choice.keep_part(entry, src, bad_times(data, impossible))

    def _count(self, ticks: int, impossible: int) -> None:
        self.ticks += ticks - impossible
        self.bad_times += impossible

    def _check_new(self, key: str) -> None:
        """Raise ``BadData`` or ``UnknownExchangeError`` for a key that no quote may have here."""
        check_key(key)
        self._calendars.check(exchange_of(key))
        owner = self.owner_of(key)
        if owner != self._queue:
            # Nobody who asks for it would see what came here.
            raise BadData(f'quote "{key}" belongs on {owner}; this is {self._queue}')

    def _load(self, revival: Revival, unknown: set[str], keys: set[str]) -> None:
        """Make those of some quotes whole that are not. Others may be forgotten meanwhile, and are loaded, too."""
        tried: set[str] = set()
        while unknown:
            revival.revive(unknown)
            tried |= unknown
            unknown = {key for key in keys - tried if key not in self._known}
