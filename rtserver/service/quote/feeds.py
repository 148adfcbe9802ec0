"""Feeds: which feed answers a request, when it begins, works, rests and ends, and who is charged for its work.

A feed outlives its last viewer for a while: it rests, which costs memory only, and the next viewer finds it warm.
"""

import logging
from functools import partial

from rtserver.base.bridge.message import Subscribe
from rtserver.base.limit.cpu_quota import CallLater, FairShare, FairShares
from rtserver.base.limit.steps import Steps, finish
from rtserver.history.port import HistoryError
from rtserver.market.book.tick import Tick
from rtserver.market.number import Number
from rtserver.service.quote.feed import Feed
from rtserver.service.quote.feed_history import FeedHistory
from rtserver.service.quote.feed_request import FeedName, View
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.pace import Pace
from rtserver.service.quote.pieces import OlderBars, open_pieces
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.series import Series
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.topic import Topic, Viewer

log = logging.getLogger(__name__)

MOST_BEHIND = 20_000
"""Ticks that may wait for one feed: as many as one message has."""


SWEEPS = 4
"""Sweeps in the time that a feed rests, which is longer by one of them at most."""


class _Held:
    """A feed with its name, its quote, and the views of those who wait for it. ``drivers`` let it work now."""

    __slots__ = ("drivers", "feed", "name", "quote", "views")

    def __init__(self, name: FeedName, quote: KnownQuote, feed: Feed) -> None:
        self.name = name
        self.quote = quote
        self.feed = feed
        self.drivers = 0
        self.views: dict[Viewer, View] = {}


class Feeds:
    """The feeds of all quotes.

    Beyond ``max_feeds`` the feed that has rested longest ends, then a request is refused as ``rate_limited``;
    ``refused`` counts these. A feed that falls too far behind because its user owes time is given up, the same way.
    """

    def __init__(
        self,
        books: QuoteBooks,
        publisher: Publisher,
        history: FeedHistory,
        call_later: CallLater,
        *,
        shares: FairShares | None,
        max_feeds: int,
        picture_rows: int,
        linger_seconds: float,
    ) -> None:
        self.refused = 0
        self._books = books
        self._publisher = publisher
        self._history = history
        self._call_later = call_later
        self._shares = shares
        self._max_feeds = max_feeds
        self._picture_rows = picture_rows
        self._linger_seconds = linger_seconds
        # The book must not have dropped what a feed lacks.
        self._most_of_tail = min(MOST_BEHIND, books.rules.tail_ticks // 2)
        self._feeds: dict[str, _Held] = {}
        self._resting: dict[str, int] = {}  # since which sweep; the longest resting first
        self._sweeps = 0
        self._is_sweeping = False
        self._late: dict[str, Feed] = {}  # feeds that have to work at the next flush
        self._pace = Pace(call_later)
        books.on_forget = self._end_all

    def __len__(self) -> int:
        """Return the number of feeds that somebody watches."""
        return len(self._feeds) - len(self._resting)

    @property
    def resting(self) -> int:
        """Number of feeds that nobody watches."""
        return len(self._resting)

    @property
    def behind(self) -> int:
        """Number of watched feeds that are not computed up to the last tick. Safe from any thread."""
        return sum(not held.feed.is_ready for held in tuple(self._feeds.values()) if held.feed.viewers)

    def subscribe(self, message: Subscribe, name: FeedName, view: View) -> None:
        """Answer with ``Snapshot`` or ``Refused``, now or later."""
        held = self._feeds.get(name.topic) or self._make(name)
        if held is None:
            self._publisher.refuse(message, "rate_limited", f"the server computes {self._max_feeds} feeds already")
            return
        feed, viewer = held.feed, (message.agent, message.ref)
        share = None if self._shares is None else self._shares.of(message.user)
        # A feed that two users watch is charged to neither, for good: counting users would cost too much.
        feed.share = share if not feed.viewers or feed.share is share else None
        left = self._publisher.add_viewer(feed, viewer)
        held.views[viewer] = view
        if left is not None:
            self.on_left(left)
        if self._resting.pop(feed.name, None) is not None:
            held.quote.awake[feed.name] = feed
            feed.wake()
        if feed.is_ready:
            self._show(held)
        elif feed.name in self._late and self._pace.is_pausing:
            self.flush()  # at the end of the pause
        elif feed.is_open:
            self._drive(held, share)
        else:
            self._publisher.delay(message)

    def on_left(self, topic: Topic) -> None:
        """Let a feed rest that has lost its last viewer, and end after a while. Other topics need nothing."""
        held = self._feeds.get(topic.name)
        if held is None:
            return
        held.views.clear()
        if not self._linger_seconds or not held.quote.book.seq:
            self._end(held)
            return
        held.feed.rest()
        self._publisher.end(held.feed)
        del held.quote.awake[topic.name]
        self._late.pop(topic.name, None)
        self._resting[topic.name] = self._sweeps
        self._sweep_later()

    def advance(self, quote: KnownQuote, tick: Tick, changed: Number | None) -> None:
        """Bring the feeds of a quote its next tick: now, or when their only user may use the processor again.

        ``changed`` is the time from which the tick has changed bars, None if it came in order.
        """
        for feed in tuple(quote.awake.values()):
            share = feed.share
            if changed is not None or not feed.is_ready or (share is not None and share.is_owing):
                self._defer(feed, tick, changed)
                continue
            begun = 0.0 if share is None else share.now()
            try:
                if feed.step(tick):
                    self._publisher.unsent[feed.name] = feed
                else:
                    feed.defer()  # it has had no tick yet
                    self._catch_up(feed)
            except Exception:  # an indicator of a plug-in may be faulty
                log.exception("! the feed %s failed", feed.name)
                self._give_up(feed, "internal", "the service failed")
            if share is not None:
                share.spend(begun)
        if tick.fields is not None:
            for feed in quote.awake.values():
                feed.fields = quote.book.fields

    def flush(self) -> None:
        """Let the feeds work that could not take a tick at once. After long work, they wait for a while."""
        if self._late:
            self._pace.do(self._work_late, self._flush_late)

    def _flush_late(self) -> None:
        self.flush()
        self._publisher.flush()

    def _work_late(self) -> None:
        late, self._late = self._late, {}
        for name in late:
            held = self._feeds[name]
            if held.feed.is_open and not held.drivers:
                self._drive(held, held.feed.share)

    def _catch_up(self, feed: Feed) -> None:
        """Let a feed work at once."""
        if feed.unsent:
            self._publisher.send(feed)
        while not feed.work():
            pass
        self._publisher.unsent[feed.name] = feed

    def _defer(self, feed: Feed, tick: Tick, changed: Number | None) -> None:
        feed.defer(tick, changed)
        if feed.behind <= (self._most_of_tail if feed.needs_tail else MOST_BEHIND):
            self._late[feed.name] = feed
        elif feed.share is not None and feed.share.is_owing:
            self._give_up(feed, "rate_limited", "the processor time of this user is used up")
        else:
            self._catch_up(feed)

    def _make(self, name: FeedName) -> _Held | None:
        """Return a new feed, or None if there are too many."""
        if len(self._feeds) >= self._max_feeds:
            if not self._resting:
                self._count_refused()
                return None
            self._end(self._feeds[next(iter(self._resting))])
        quote = self._books.of_feed(name.quote)
        feed = Feed(name.topic, name.columns, name.styles, quote.calendar.zone_name)
        held = self._feeds[name.topic] = _Held(name, quote, feed)
        quote.feeds[name.topic] = quote.awake[name.topic] = held.feed
        if self._history.has_more(name, quote):
            self._call_later(0, partial(self._read, held))
        else:
            self._open(held, self._history.read(name, quote, View(most=self._picture_rows)))
        return held

    def _read(self, held: _Held) -> None:
        """Read what a new feed is made of. Called on a greenlet of its own, as it may wait."""
        feed = held.feed
        try:
            part = self._history.read(held.name, held.quote, View(most=self._picture_rows))
        except HistoryError as error:
            log.warning("! %s", error)
            self._give_up(feed, "history_failed", "the history of this quote cannot be read")
        except Exception:
            log.exception("! the history of the feed %s failed", feed.name)
            self._give_up(feed, "internal", "the service failed")
        else:
            self._open(held, part)
            self._drive(held, feed.share)

    def _open(self, held: _Held, part: OlderBars | None) -> None:
        held.feed.open(partial(self._new_series, held.name, held.quote, part))

    def _new_series(self, name: FeedName, quote: KnownQuote, part: OlderBars | None) -> Series:
        pieces = open_pieces(quote.book, quote.calendar, name.period, part)
        return Series(pieces, name.lines(), most_rows=self._picture_rows, late_ms=self._books.rules.late_ms)

    def _drive(self, held: _Held, share: FairShare | None) -> None:
        if share is None:
            finish(self._bring_up(held))
        else:
            share.drive(self._bring_up(held))

    def _bring_up(self, held: _Held) -> Steps[None]:
        """Work on a feed until it is ready. Several users may do so at once: each piece serves all of them."""
        feed = held.feed
        held.drivers += 1
        if feed.unsent:
            self._publisher.send(feed)
        while feed.viewers and not feed.is_ready:
            try:
                if feed.work():
                    self._show(held)
            except Exception:
                log.exception("! the feed %s failed", feed.name)
                self._give_up(feed, "internal", "the service failed")
            yield
        held.drivers -= 1

    def _show(self, held: _Held) -> None:
        """Post what is unsent, and then its picture to each who waits."""
        book, views = held.quote.book, held.views
        draw = partial(held.feed.picture, decimals=book.decimals, fields=book.fields)
        self._publisher.show_each(held.feed, lambda viewer: draw(views[viewer]))
        views.clear()

    def _give_up(self, feed: Feed, code: str, text: str) -> None:
        self._publisher.give_up(feed, code, text)
        held = self._feeds.get(feed.name)
        if held is not None:
            self._end(held)

    def _sweep_later(self) -> None:
        # One timer for all: a feed that is left and found again a hundred times a second needs no hundred timers.
        if not self._is_sweeping:
            self._is_sweeping = True
            self._call_later(self._linger_seconds / SWEEPS, self._sweep)

    def _sweep(self) -> None:
        """End the feeds that have rested long enough."""
        self._is_sweeping = False
        self._sweeps += 1
        for name in [name for name, since in self._resting.items() if self._sweeps - since > SWEEPS]:
            self._end(self._feeds[name])
        if self._resting:
            self._sweep_later()

    def _end(self, held: _Held) -> None:
        name = held.feed.name
        del self._feeds[name]
        self._resting.pop(name, None)
        self._late.pop(name, None)
        held.quote.awake.pop(name, None)
        del held.quote.feeds[name]
        self._publisher.end(held.feed)
        self._books.drop_if_empty(held.quote)

    def _end_all(self, quote: KnownQuote) -> None:
        for name in tuple(quote.feeds):
            self._end(self._feeds[name])

    def _count_refused(self) -> None:
        self.refused += 1
        if self.refused & (self.refused - 1) == 0:  # ever more seldom
            log.warning("! %d requests refused, as there are max_feeds %d", self.refused, self._max_feeds)
