"""QuoteCenter: the recent history of every quote, and the feeds that agents watch.

One object has two roles, because the second needs what the first has heard: it handles the service message ``quote``,
and it is the subscribable service "quotes". It decides how long a history is, which feed answers a request, and when
a feed begins and ends. It knows agents by number only, and nothing of charts.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Sequence

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.base.limit.cpu_quota import FairShares
from rtserver.base.limit.steps import Steps, finish
from rtserver.market.book.tick import Tick
from rtserver.market.calendar.exchange_calendars import NO_CALENDARS, ExchangeCalendars, UnknownExchangeError
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.quote.feed import Feed
from rtserver.service.quote.feed_request import FeedName, FeedRequestError, read_request
from rtserver.service.quote.quote_analysis import QuoteAnalysis
from rtserver.service.quote.tick import QuoteItem, QuoteMessage, check_key, exchange_of, read_decimals, read_tick
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.topic import Topic

log = logging.getLogger(__name__)

MOST_BEHIND = 20_000
"""Ticks that may wait for one feed."""


class QuoteHistory:
    """The last ticks of one quote, and its feeds by topic. ``count`` is the number of ticks since the first.

    ``decimals`` is what the quote last said of its prices; None if it never did.
    """

    __slots__ = ("count", "decimals", "feeds", "ticks")

    def __init__(self, length: int) -> None:
        self.ticks: deque[Tick] = deque(maxlen=length)
        self.count = 0
        self.decimals: int | None = None
        self.feeds: dict[str, Feed] = {}


class QuoteCenter(ServiceMsgHandler):
    """The numbers of all quotes.

    Bounds: ``history_ticks`` per quote (a tick takes about 150 bytes), ``max_quotes``, ``max_feeds``, and
    ``picture_rows`` per feed. Beyond ``max_quotes`` the unwatched quote that has been silent longest is forgotten. A
    watched quote never is, so ``max_feeds`` bounds the excess. Beyond ``max_feeds`` a request is refused as
    ``rate_limited``.

    With ``shares``, the work for one user only is charged to that user, and waits while the user owes: a new feed,
    and the ticks of a feed that nobody else watches. A feed that falls ``MOST_BEHIND`` ticks behind is given up, as
    ``rate_limited``.

    ``ticks`` counts up; ``quotes``, ``feeds`` and ``subscribers`` are numbers of now.
    """

    msg_type = "quote"
    data_type = QuoteMessage
    replays = True

    def __init__(
        self,
        services: ServiceContext,
        *,
        history_ticks: int = 20_000,
        max_quotes: int = 10_000,
        max_feeds: int = 10_000,
        picture_rows: int = 1_000,
        calendars: ExchangeCalendars = NO_CALENDARS,
        shares: FairShares | None = None,
        indicators: IndicatorRegistry | None = None,
    ) -> None:
        super().__init__(services)
        self.ticks = 0
        self._history_ticks = history_ticks
        self._max_quotes = max_quotes
        self._max_feeds = max_feeds
        self._picture_rows = picture_rows
        self._calendars = calendars
        self._shares = shares
        self._indicators = indicators or IndicatorRegistry()
        self._quotes: OrderedDict[str, QuoteHistory] = OrderedDict()  # the longest silent first
        self._feeds: dict[str, tuple[FeedName, Feed]] = {}
        self._publisher = Publisher(services.post)
        self._unsent = self._publisher.unsent

    @property
    def quotes(self) -> int:
        """Number of known quotes."""
        return len(self._quotes)

    @property
    def feeds(self) -> int:
        """Number of computed feeds."""
        return len(self._feeds)

    @property
    def feeds_behind(self) -> int:
        """Number of feeds that are not computed up to the last tick. Safe from any thread."""
        return sum(not feed.is_ready for _, feed in tuple(self._feeds.values()))

    @property
    def subscribers(self) -> int:
        """Number of open subscriptions."""
        return len(self._publisher)

    def __call__(self, src: str, data: Sequence[QuoteItem]) -> None:
        """Take a quote message whole or not at all.

        Raises ``BadData`` for its first bad item before any item has counted, so that a message in the dead stream
        can be mended and sent again.
        """
        for key, tick, decimals in self._read(data):
            self._take(key, tick, decimals)
        self.ticks += len(data)

    def flush(self) -> None:
        """Post one ``Update`` per feed, with every row that the batch brought it."""
        self.check_thread()
        self._publisher.flush()

    def on_subscribe(self, message: Subscribe) -> None:
        """Answer with ``Snapshot`` or ``Refused``. An unknown quote has an empty picture for now.

        A ``ref`` that is in use moves to the new request.
        """
        try:
            name = read_request(message.request, self._indicators)
            self._calendars.check(exchange_of(name.quote))
        except (FeedRequestError, UnknownExchangeError) as error:
            self._publisher.refuse(message, "bad_request", str(error))
            return
        known = self._feeds.get(name.topic)
        feed = self._make_feed(name) if known is None else known[1]
        if feed is None:
            text = f"the server computes {self._max_feeds} feeds already"
            self._publisher.refuse(message, "rate_limited", text)
            return
        share = None if self._shares is None else self._shares.of(message.user)
        # A feed that two users watch is charged to neither, for good: counting users would cost too much.
        feed.share = share if not feed.viewers or feed.share is share else None
        left = self._publisher.add_viewer(feed, (message.agent, message.ref))
        if left is not None:
            self._drop_unviewed(left)
        if feed.is_ready:
            self._show(feed)
        elif share is None:
            finish(self._bring_up(feed))
        else:
            share.drive(self._bring_up(feed))

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        """End a subscription. The last one ends the feed. An unknown one was refused, or moved, and needs nothing."""
        left = self._publisher.remove_viewer((message.agent, message.ref))
        if left is not None:
            self._drop_unviewed(left)

    def _read(self, data: Sequence[QuoteItem]) -> list[tuple[str, Tick, int | None]]:
        read = []
        for item in data:
            try:
                if item.quote not in self._quotes:
                    check_key(item.quote)
                    self._calendars.check(exchange_of(item.quote))
                read.append((item.quote, read_tick(item.info), read_decimals(item.info.decimals)))
            except (BadData, UnknownExchangeError) as error:
                raise BadData(f"item {len(read)}: {error}") from None
        return read

    def _take(self, key: str, tick: Tick, decimals: int | None) -> None:
        quote = self._quotes.get(key)
        if quote is None:
            if len(self._quotes) >= self._max_quotes:
                self._forget_silent_quote()
            quote = self._add_quote(key)
        else:
            self._quotes.move_to_end(key)
        quote.ticks.append(tick)
        quote.count += 1
        if decimals is not None:
            quote.decimals = decimals
        for feed in tuple(quote.feeds.values()):
            self._advance(feed, tick)

    def _advance(self, feed: Feed, tick: Tick) -> None:
        """Bring a feed its next tick: now, or when its only user may use the processor again."""
        share = feed.share
        if not feed.is_ready:
            feed.defer(tick)
            if feed.behind > MOST_BEHIND:
                self._give_up(feed, "rate_limited", "the processor time of this user is used up")
        elif share is None:
            feed.step(tick)
            self._unsent[feed.name] = feed
        elif share.is_owing:
            feed.defer(tick)
            share.drive(self._bring_up(feed))
        else:
            begun = share.now()
            feed.step(tick)
            share.spend(begun)
            self._unsent[feed.name] = feed

    def _bring_up(self, feed: Feed) -> Steps[None]:
        """Work on a feed until it is ready. Several users may do so at once: each piece serves all of them."""
        while feed.viewers and not feed.is_ready:
            try:
                if feed.work():
                    self._show(feed)
            except Exception:
                log.exception("! the feed %s failed", feed.name)
                self._give_up(feed, "internal", "the service failed")
            yield

    def _show(self, feed: Feed) -> None:
        name, _ = self._feeds[feed.name]
        self._publisher.show(feed, feed.picture(self._quotes[name.quote].decimals))

    def _give_up(self, feed: Feed, code: str, text: str) -> None:
        self._publisher.give_up(feed, code, text)
        self._drop_unviewed(feed)

    def _add_quote(self, key: str) -> QuoteHistory:
        quote = self._quotes[key] = QuoteHistory(self._history_ticks)
        return quote

    def _forget_silent_quote(self) -> None:
        silent = next((key for key, quote in self._quotes.items() if not quote.feeds), None)
        if silent is not None:
            del self._quotes[silent]

    def _make_feed(self, name: FeedName) -> Feed | None:
        """Return a new feed, made from the quote's history, or None if there are too many."""
        if len(self._feeds) >= self._max_feeds:
            return None
        quote = self._quotes.get(name.quote) or self._add_quote(name.quote)
        analysis = QuoteAnalysis(name.period_ms, name.indicators)
        feed = Feed(name.topic, analysis, tuple(quote.ticks), seq=quote.count, picture_rows=self._picture_rows)
        quote.feeds[name.topic] = feed
        self._feeds[name.topic] = (name, feed)
        return feed

    def _drop_unviewed(self, topic: Topic) -> None:
        """Drop the feed of a topic that has lost its last viewer."""
        self._drop_feed(self._feeds[topic.name][0])

    def _drop_feed(self, name: FeedName) -> None:
        _, feed = self._feeds.pop(name.topic)
        self._publisher.end(feed)
        quote = self._quotes[name.quote]
        del quote.feeds[name.topic]
        # Requests for quotes that never come must not fill the memory, nor push out quotes that do come: only a tick
        # makes room.
        if not quote.count and not quote.feeds:
            del self._quotes[name.quote]
