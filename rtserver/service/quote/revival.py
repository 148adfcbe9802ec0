"""Revival: makes quotes whole that nobody on this worker has watched: their stored state, and what was left aside.

It may wait for Redis in the middle, so at most one at a time revives a quote; others who want it wait for that one.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence

from rtserver.base.queue.port import Entry, QueueError, order_of
from rtserver.market.book.tick import Price, Tick
from rtserver.service.quote.aside import Aside
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.quote.tick import QuoteItem
from rtserver.service.selective import Reopened
from rtserver.service.wait import HOLD_SECONDS

log = logging.getLogger(__name__)

SLICE = 40
"""Quotes that are revived at a time: their entries are opened once for all of them."""


Take = Callable[[KnownQuote, Entry, str, Sequence[QuoteItem], Sequence[Price | Tick]], None]


class Revival:
    """Revives quotes of some ``books``.

    ``open_entries`` returns the messages in some entries, with their ticks; ``take`` takes some of them into a quote,
    which may not be among the books yet.
    """

    def __init__(
        self,
        books: QuoteBooks,
        store: QuoteStore,
        aside: Aside,
        *,
        open_entries: Callable[[Sequence[Entry]], Sequence[Reopened]],
        take: Take,
        pause: Callable[[float], object],
    ) -> None:
        self._books = books
        self._store = store
        self._aside = aside
        self._open_entries = open_entries
        self._take = take
        self._pause = pause
        self._under_way: set[str] = set()

    def is_whole(self, quote: str) -> bool:
        """Return whether a quote is known, and has all that came."""
        return quote in self._books.by_key and quote not in self._aside.by_quote and quote not in self._under_way

    def revive(self, quotes: Iterable[str]) -> None:
        """Make some quotes whole, as far as anything is stored or left aside. May wait.

        Each of them is whole when its own part is done, and the last one when the call returns. Raises ``QueueError``
        at the server's end.
        """
        left = list(quotes)
        while left:
            others: list[str] = []
            for begin in range(0, len(left), SLICE):
                some = left[begin : begin + SLICE]
                others += (quote for quote in some if quote in self._under_way)
                if ours := [quote for quote in some if quote not in self._under_way]:
                    self._revive(ours)
            left = [quote for quote in others if not self.is_whole(quote)]
            if left:
                self._pause(HOLD_SECONDS)

    def revive_all(self) -> None:
        """Make all quotes whole of which entries were left aside, while no more are."""
        while self._aside.by_quote or self._under_way:
            self.revive(list(self._aside.by_quote))
            if self._under_way:
                self._pause(HOLD_SECONDS)

    def _revive(self, keys: Collection[str]) -> None:
        self._under_way.update(keys)
        self._aside.hold(keys)
        try:
            unknown = [key for key in keys if key not in self._books.by_key]
            quotes = self._store.restored(unknown)
            for key in keys:
                if key not in quotes and key in self._aside.by_quote:
                    quotes[key] = self._books.get(key) or self._books.unknown(key)
            self._take_aside(quotes)
            for quote in quotes.values():
                # Nobody is to forget it before its first tick.
                quote.last = max(quote.last, order_of(self._books.stamp))
                self._books.enter(quote)
        finally:
            self._under_way.difference_update(keys)
            self._aside.let_go(keys)

    def _take_aside(self, quotes: dict[str, KnownQuote]) -> None:
        """Take what was left aside of some quotes, until there is no more, and forget it."""
        taken = dict.fromkeys(quotes, 0)
        while some := {key: entries for key in quotes if (entries := self._aside.of(key, taken[key]))}:
            for key, entries in some.items():
                taken[key] += len(entries)
            # An entry of several quotes is there once for each.
            whole = {entry.id: entry for entries in some.values() for entry in entries}
            self._open([whole[entry_id] for entry_id in sorted(whole, key=order_of)], quotes)
        for key in quotes:
            self._aside.drop(key)

    def _open(self, entries: list[Entry], quotes: dict[str, KnownQuote]) -> None:
        for entry, src, data, ticks in self._open_entries(entries):
            for key in {item.quote for item in data} & quotes.keys():
                its = [(item, tick) for item, tick in zip(data, ticks, strict=True) if item.quote == key]
                try:
                    self._take(quotes[key], entry, src, [item for item, _ in its], [tick for _, tick in its])
                except QueueError:
                    raise
                except Exception:  # an entry must not cost a viewer the quote
                    log.exception("! an entry of %s that was left aside cannot be taken", key)
