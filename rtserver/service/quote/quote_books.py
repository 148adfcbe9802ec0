"""QuoteBooks: the books of all quotes, within bounds."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection

from rtserver.base.queue.port import START
from rtserver.history.book_record import BookRecord
from rtserver.market.book.quote_book import BookRules, QuoteBook
from rtserver.market.calendar.calendar import Calendar
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.tick import day_of_key, exchange_of
from rtserver.service.wait import nothing

MOST_UNSTORED = 4
"""Quotes in memory if they are not stored yet, as a multiple of ``max_quotes``."""

log = logging.getLogger(__name__)


class QuoteBooks:
    """The quotes that have ticks or feeds. ``by_key`` has them, the longest silent first; others only read it.

    Beyond ``max_quotes`` the unwatched quotes that have been silent longest are forgotten. A watched quote never is,
    nor one that is not stored yet, up to ``MOST_UNSTORED`` times as many. ``forgotten`` counts those that are lost,
    ``given_back`` those that are stored. ``on_forget`` is called with a quote that is to be forgotten. ``stamp`` is
    the last entry of the bus that is in the books, or was left aside; ``stored_until`` is the one up to which all is
    stored, None without a store. The books are ``is_partial`` while the rest of an entry waits for what has to be
    loaded. ``gather`` and ``scatter`` are those of ``Books``.
    """

    def __init__(self, rules: BookRules, max_quotes: int, calendar_of: Callable[[str], Calendar]) -> None:
        self.forgotten = self.given_back = 0
        self.stamp = START
        self.is_partial = False
        self.stored_until: tuple[int, int] | None = None
        self.rules = rules
        self._max_quotes = max_quotes
        self._calendar_of = calendar_of
        self.by_key: OrderedDict[str, KnownQuote] = OrderedDict()
        self.on_forget: Callable[[KnownQuote], object] = lambda quote: None
        self.gather: Callable[[], object] = nothing
        self.scatter: Callable[[], object] = nothing

    def __len__(self) -> int:
        return len(self.by_key)

    def __contains__(self, key: str) -> bool:
        return key in self.by_key

    def get(self, key: str) -> KnownQuote | None:
        """Return a quote that is known, or None."""
        return self.by_key.get(key)

    def of_feed(self, key: str) -> KnownQuote:
        """Return a quote, without ticks if it is not known yet."""
        return self.by_key.get(key) or self._add(key)

    def enter(self, quote: KnownQuote) -> None:
        """Enter a quote that is not known."""
        self.by_key[quote.key] = quote

    def trim(self, *, may_lose: bool = False) -> bool:
        """Forget quotes beyond ``max_quotes``. Called behind a message, all of whose quotes are needed together.

        With ``may_lose``, those beyond ``MOST_UNSTORED`` times as many go, too. Return True if there are twice as
        many, and those that should go are not stored yet.
        """
        too_many = len(self.by_key) - self._max_quotes
        if too_many <= 0:
            return False
        for quote in list(self.by_key.values()):
            if too_many <= 0:
                return False
            if quote.awake:
                continue
            if self.stored_until is not None and quote.last <= self.stored_until:
                self.given_back += 1
            elif self.stored_until is None or (may_lose and too_many > (MOST_UNSTORED - 1) * self._max_quotes):
                self._count_forgotten()
            else:
                return too_many > self._max_quotes  # the others came later
            self.forget(quote)
            too_many -= 1
        return False

    # ``Books`` of the history.

    def quotes(self) -> Collection[str]:
        """Return the quotes that have ticks or feeds."""
        return list(self.by_key)

    def book(self, quote: str) -> BookRecord | None:
        """Return the book of a quote, None if it has no ticks."""
        known = self.by_key.get(quote)
        return None if known is None or not known.book.seq else known.record

    def forget(self, quote: KnownQuote) -> None:
        """Forget a quote that nobody watches."""
        self.on_forget(quote)
        self.by_key.pop(quote.key, None)

    def drop_if_empty(self, quote: KnownQuote) -> None:
        """Drop a quote without ticks and feeds.

        Requests for quotes that never come must not fill the memory, nor push out quotes that do come: only a tick
        makes room.
        """
        if not quote.book.seq and not quote.feeds:
            self.by_key.pop(quote.key, None)

    def unknown(self, key: str) -> KnownQuote:
        """Return a quote without ticks that is not entered."""
        calendar = self._calendar_of(exchange_of(key))
        return KnownQuote(key, QuoteBook(calendar, self.rules, day=day_of_key(key)), calendar)

    def _add(self, key: str) -> KnownQuote:
        quote = self.by_key[key] = self.unknown(key)
        return quote

    def _count_forgotten(self) -> None:
        self.forgotten += 1
        if self.forgotten & (self.forgotten - 1) == 0:  # ever more seldom
            log.warning(
                "! %d quotes forgotten, as there are more than max_quotes %d", self.forgotten, self._max_quotes
            )
