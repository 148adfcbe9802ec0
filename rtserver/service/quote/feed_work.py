"""FeedWork: the work on feeds, which brings them up to the last tick of their quotes and posts what is new."""

import logging
from collections.abc import Callable, Mapping
from functools import partial

from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.limit.steps import Steps
from rtserver.market.book.tick import Tick
from rtserver.market.number import Number
from rtserver.service.quote.feed import Feed
from rtserver.service.quote.held_feed import HeldFeed
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.turns import Turns
from rtserver.service.topic.publisher import Publisher

log = logging.getLogger(__name__)

MOST_BEHIND = 20_000
"""Ticks that may wait for one feed: as many as one message has."""


class FeedWork:
    """The work on the ``feeds`` at hand, which are known by name.

    A feed that fails, or falls too far behind because its user owes time, is given up: its viewers are refused, and
    ``end`` is called with its name.
    """

    def __init__(
        self,
        feeds: Mapping[str, HeldFeed],
        publisher: Publisher,
        turns: Turns,
        *,
        tail_ticks: int,
        end: Callable[[str], object],
    ) -> None:
        self._feeds = feeds
        self._publisher = publisher
        self._turns = turns
        self._end = end
        # The book must not have dropped what a feed lacks.
        self._most_of_tail = min(MOST_BEHIND, tail_ticks // 2)
        self._late: dict[str, Feed] = {}  # feeds that have to work from the next flush on
        self._is_at_late = False

    def begin(self, held: HeldFeed, share: FairShare | None) -> bool:
        """Show a feed to those who wait for it, now or later. Return False if it has to be read first."""
        feed = held.feed
        if feed.is_ready:
            self._show(held)
        elif feed.is_open:
            self.drive(held, share)
        else:
            return False
        return True

    def drive(self, held: HeldFeed, share: FairShare | None) -> None:
        """Bring a feed up to the last tick, and show it."""
        self._turns.drive(self._bring_up(held), share)

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
                self._give_up_failed(feed)
            if share is not None:
                share.spend(begun)
        if tick.fields is not None:
            for feed in quote.awake.values():
                feed.fields = quote.book.fields

    def renew(self, feed: Feed) -> None:
        """Post what a feed has of its quote's book, of which it will be made anew."""
        if not feed.is_ready:
            self._catch_up(feed)
        if feed.name in self._feeds:
            self._publisher.send(feed)
            feed.renew()
            self._late[feed.name] = feed

    def flush(self) -> None:
        """Let the feeds work that could not take a tick at once, as many as a slice allows, and the others later."""
        if self._late and not self._is_at_late:
            self._is_at_late = True
            self._turns.drive(self._work_late(), None)

    def forget(self, name: str) -> None:
        """Expect no work of a feed that rests or has ended."""
        self._late.pop(name, None)

    def give_up(self, feed: Feed, code: str, text: str) -> None:
        """Refuse the viewers of a feed, and end it."""
        self._publisher.give_up(feed, code, text)
        self._end(feed.name)

    def _work_late(self) -> Steps[None]:
        while self._late:
            name = next(iter(self._late))
            del self._late[name]
            held = self._feeds[name]
            if held.feed.is_open and not held.drivers:
                self.drive(held, held.feed.share)
            yield
        self._is_at_late = False

    def _catch_up(self, feed: Feed) -> None:
        """Let a feed work at once."""
        try:
            while not feed.is_ready:
                self._send_stale(feed)
                feed.work()
        except Exception:
            log.exception("! the feed %s failed", feed.name)
            self._give_up_failed(feed)
            return
        if feed.waiting:
            self._show(self._feeds[feed.name])
        else:
            self._publisher.unsent[feed.name] = feed

    def _defer(self, feed: Feed, tick: Tick, changed: Number | None) -> None:
        feed.defer(tick, changed)
        if not self._lags(feed):
            self._late[feed.name] = feed
        elif feed.share is not None and feed.share.is_owing:
            self.give_up(feed, "rate_limited", "the processor time of this user is used up")
        else:
            self._catch_up(feed)

    def _lags(self, feed: Feed) -> bool:
        """Return True if the book may drop ticks before a feed has them."""
        return feed.behind > (self._most_of_tail if feed.needs_tail else MOST_BEHIND)

    def _bring_up(self, held: HeldFeed) -> Steps[None]:
        """Work on a feed until it is ready. Several users may do so at once: each piece serves all of them."""
        feed = held.feed
        held.drivers += 1
        while feed.viewers and feed.is_open and not feed.is_ready:
            try:
                self._send_stale(feed)
                if feed.work() and not self._lags(feed):
                    self._show(held)
            except Exception:
                log.exception("! the feed %s failed", feed.name)
                self._give_up_failed(feed)
            yield
        held.drivers -= 1

    def _send_stale(self, feed: Feed) -> None:
        """Post what is unsent before rows are made anew: who gets a corrected row has the row."""
        if not feed.is_stale or not (feed.unsent or feed.corrected):
            return
        if len(feed.waiting) < len(feed.viewers):
            self._publisher.send(feed)
        else:
            feed.drop_unsent()

    def _show(self, held: HeldFeed) -> None:
        """Post what is unsent, and then its picture to each who waits."""
        book, views = held.quote.book, held.views
        draw = partial(held.feed.picture, decimals=book.decimals, fields=book.fields)
        self._publisher.show_each(held.feed, lambda viewer: draw(views[viewer]))
        views.clear()

    def _give_up_failed(self, feed: Feed) -> None:
        self.give_up(feed, "internal", "the service failed")
