"""Feeds: which feed answers a request, and when it begins, rests and ends.

A feed outlives its last viewer for a while: it rests, which costs memory only, and the next viewer finds it warm.
"""

import logging
from functools import partial

from rtserver.base.bridge.message import Subscribe
from rtserver.base.limit.cpu_quota import CallLater
from rtserver.service.quote.feed import Feed
from rtserver.service.quote.feed_history import FeedHistory
from rtserver.service.quote.feed_request import FeedName, View
from rtserver.service.quote.feed_rest import FeedRest
from rtserver.service.quote.feed_work import FeedWork
from rtserver.service.quote.held_feed import HeldFeed
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.pieces import OlderBars
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_series import open_series
from rtserver.service.quote.turns import Turns
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.topic import Topic

log = logging.getLogger(__name__)


class Feeds:
    """The feeds of all quotes. ``work`` is the work on them.

    Beyond ``max_feeds`` the feed that has rested longest ends, then a request is refused as ``rate_limited``;
    ``refused`` counts these.
    """

    def __init__(
        self,
        books: QuoteBooks,
        publisher: Publisher,
        history: FeedHistory,
        turns: Turns,
        call_later: CallLater,
        *,
        max_feeds: int,
        picture_rows: int,
        linger_seconds: float,
    ) -> None:
        self.refused = 0
        self._books = books
        self._publisher = publisher
        self._history = history
        self._turns = turns
        self._max_feeds = max_feeds
        self._picture_rows = picture_rows
        self._linger_seconds = linger_seconds
        self._feeds: dict[str, HeldFeed] = {}
        self._rest = FeedRest(call_later, linger_seconds, self._end)
        self.work = FeedWork(self._feeds, publisher, turns, tail_ticks=books.rules.tail_ticks, end=self._end)
        books.on_forget = self._end_all

    def __len__(self) -> int:
        """Return the number of feeds that somebody watches."""
        return len(self._feeds) - len(self._rest)

    @property
    def resting(self) -> int:
        """Number of feeds that nobody watches."""
        return len(self._rest)

    @property
    def behind(self) -> int:
        """Number of watched feeds that are not computed up to the last tick. Safe from any thread."""
        return sum(not held.feed.is_ready for held in tuple(self._feeds.values()) if held.feed.viewers)

    def subscribe(self, message: Subscribe, name: FeedName, view: View) -> None:
        """Answer with ``Snapshot`` or ``Refused``, now or later."""
        held = self._feeds.get(name.topic)
        if held is not None and held.feed.lacks_history:
            self._renew(held)
        held = self._feeds.get(name.topic) or self._make(name)
        if held is None:
            self._publisher.refuse(message, "rate_limited", f"the server computes {self._max_feeds} feeds already")
            return
        feed, viewer = held.feed, (message.agent, message.ref)
        share = self._turns.share_of(message.user)
        # A feed that two users watch is charged to neither, for good: counting users would cost too much.
        feed.share = share if not feed.viewers or feed.share is share else None
        left = self._publisher.add_viewer(feed, viewer)
        held.views[viewer] = view
        if left is not None:
            self.on_left(left)
        if self._rest.stop(feed.name):
            held.quote.awake[feed.name] = feed
            feed.wake()
        if not self.work.begin(held, share):
            self._publisher.delay(message)

    def on_left(self, topic: Topic) -> None:
        """Let a feed rest that has lost its last viewer, and end after a while. Other topics need nothing."""
        held = self._feeds.get(topic.name)
        if held is None:
            return
        held.views.clear()
        if not self._linger_seconds or not held.quote.book.seq:
            self._end(topic.name)
            return
        held.feed.rest()
        self._publisher.end(held.feed)
        del held.quote.awake[topic.name]
        self.work.forget(topic.name)
        self._rest.begin(topic.name)

    def renew(self, quote: KnownQuote) -> None:
        """Make the feeds of a quote anew whose book is another one. Their viewers get what has changed."""
        for name in tuple(quote.feeds):
            self._renew(self._feeds[name])

    def _renew(self, held: HeldFeed) -> None:
        """Make a feed anew, or end it if it rests."""
        name = held.feed.name
        if name not in held.quote.awake:
            self._end(name)
        elif held.feed.is_open:  # what is being read is new
            self.work.renew(held.feed)
            if name in self._feeds:  # it has not failed
                self._begin(held)

    def _make(self, name: FeedName) -> HeldFeed | None:
        """Return a new feed, or None if there are too many."""
        if len(self._feeds) >= self._max_feeds:
            if not self._rest:
                self._count_refused()
                return None
            self._end(self._rest.longest)
        quote = self._books.of_feed(name.quote)
        feed = Feed(name.topic, name.columns, name.styles, quote.calendar.zone_name)
        held = self._feeds[name.topic] = HeldFeed(name, quote, feed)
        quote.feeds[name.topic] = quote.awake[name.topic] = held.feed
        self._begin(held)
        return held

    def _begin(self, held: HeldFeed) -> None:
        name, quote, view = held.name, held.quote, View(most=self._picture_rows)
        if self._history.has_more(name, quote):
            self._history.read_later(
                name, quote, view, partial(self._on_read, held), partial(self.work.give_up, held.feed)
            )
        else:
            self._open(held, self._history.read(name, quote, view))

    def _on_read(self, held: HeldFeed, part: OlderBars | None) -> None:
        self._open(held, part)
        self.work.drive(held, held.feed.share)

    def _open(self, held: HeldFeed, part: OlderBars | None) -> None:
        quote = held.quote
        held.feed.open(
            partial(
                open_series,
                quote.book,
                quote.calendar,
                held.name,
                part,
                most_rows=self._picture_rows,
                late_ms=self._books.rules.late_ms,
            )
        )

    def _end(self, name: str) -> None:
        """End a feed, unless it has ended."""
        held = self._feeds.pop(name, None)
        if held is None:
            return
        self._rest.stop(name)
        self.work.forget(name)
        held.quote.awake.pop(name, None)
        del held.quote.feeds[name]
        self._publisher.end(held.feed)
        self._books.drop_if_empty(held.quote)

    def _end_all(self, quote: KnownQuote) -> None:
        for name in tuple(quote.feeds):
            self._end(name)

    def _count_refused(self) -> None:
        self.refused += 1
        if self.refused & (self.refused - 1) == 0:  # ever more seldom
            log.warning("! %d requests refused, as there are max_feeds %d", self.refused, self._max_feeds)
