"""QuoteCenter: the service message ``quote``, and the subscribable service "quotes".

One object has two roles, because the second needs what the first has heard. It takes the ticks of a message into the
books of their quotes, and passes them on to the feeds that somebody watches. It knows agents by number only, and
nothing of charts.
"""

from collections.abc import Sequence

import msgspec

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.base.limit.cpu_quota import FairShares
from rtserver.base.queue.port import order_of
from rtserver.market.book.quote_book import DEFAULT_RULES, BookRules
from rtserver.market.book.tick import BadTime, Tick
from rtserver.market.calendar.exchange_calendars import NO_CALENDARS, ExchangeCalendars, UnknownExchangeError
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.service.message import BadData, Reason
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.quote.feed_history import FeedHistory, Reader
from rtserver.service.quote.feed_request import FeedRequestError, read_request
from rtserver.service.quote.feeds import Feeds
from rtserver.service.quote.pages import Pages
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.tick import QuoteItem, QuoteMessage, check_key, exchange_of, read_tick
from rtserver.service.topic.publisher import Publisher


class QuoteCenter(ServiceMsgHandler):
    """The numbers of all quotes.

    Bounds: ``rules`` of each book, ``max_quotes``, ``max_feeds``, and ``picture_rows`` per feed. A feed ends
    ``feed_linger_seconds`` after its last viewer. With ``shares``, the work for one user only is charged to that
    user, and waits while the user owes. ``reader`` reads the history that is not in memory, if there is one.

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
        reader: Reader | None = None,
    ) -> None:
        super().__init__(services)
        self.ticks = self.bad_times = self.late_ticks = self.duplicate_ticks = 0
        self.books = QuoteBooks(rules, max_quotes, calendars.of)
        self._calendars = calendars
        self._indicators = indicators or IndicatorRegistry()
        self._publisher = Publisher(services.post)
        history = FeedHistory(reader)
        self.feeds = Feeds(
            self.books,
            self._publisher,
            history,
            services.call_later,
            shares=shares,
            max_feeds=max_feeds,
            picture_rows=picture_rows,
            linger_seconds=feed_linger_seconds,
        )
        self.pages = Pages(
            self.books,
            self._publisher,
            history,
            services.call_later,
            shares=shares,
            picture_rows=picture_rows,
        )

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
        now_ms = order_of(message_id)[0]
        impossible: dict[int, str] = {}
        for number, (key, tick) in enumerate(read):
            try:
                self._take(key, tick, now_ms)
            except BadTime as error:
                impossible[number] = str(error)
        self.ticks += len(data) - len(impossible)
        if impossible:
            self.bad_times += len(impossible)
            number, text = next(iter(impossible.items()))
            items = [msgspec.to_builtins(data[each]) for each in impossible]
            self.reject_part(Reason.BAD_TIME, f"item {number}: {text}", items)

    def flush(self) -> None:
        """Post one ``Update`` per feed, with every row that the batch brought it."""
        self.check_thread()
        self.feeds.flush()
        self._publisher.flush()

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
        if view.end_ms is None:
            self.feeds.subscribe(message, name, view)
        elif (left := self.pages.subscribe(message, name, view)) is not None:
            self.feeds.on_left(left)

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        """End a subscription. An unknown one was refused, answered, or moved, and needs nothing."""
        left = self._publisher.remove_viewer((message.agent, message.ref))
        if left is not None:
            self.feeds.on_left(left)

    def _read(self, data: Sequence[QuoteItem]) -> list[tuple[str, Tick]]:
        read = []
        for item in data:
            try:
                if item.quote not in self.books:
                    check_key(item.quote)
                    self._calendars.check(exchange_of(item.quote))
                read.append((item.quote, read_tick(item.info)))
            except (BadData, UnknownExchangeError) as error:
                raise BadData(f"item {len(read)}: {error}") from None
        return read

    def _take(self, key: str, tick: Tick, now_ms: int) -> None:
        quote = self.books.of_tick(key)
        checked = quote.book.check(tick, now_ms)
        if checked is None:
            self.duplicate_ticks += 1
            return
        changed = quote.book.take(checked)
        if changed is not None:
            self.late_ticks += 1
        if quote.awake:
            self.feeds.advance(quote, checked, changed)
