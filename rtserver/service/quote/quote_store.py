"""QuoteStore: what is stored of quotes. A quote is loaded before its first tick, or its first viewer, is taken."""

import logging
from collections.abc import Collection

from rtserver.base.queue.port import order_of
from rtserver.history.book_record import restored_record
from rtserver.history.history_writer import Call, HistoryWriter
from rtserver.history.port import HistoryError, HistoryRange, QuoteState, QuoteStates
from rtserver.history.saved_state import StateError
from rtserver.service.quote.feed_history import Reader
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.quote_books import QuoteBooks

TRIES = 10
"""Loads of a quote that another worker saves meanwhile."""

MOST_MINUTES = 4_000
"""Minutes of two days, and more: a clock jumps back by a day at most."""

log = logging.getLogger(__name__)


class QuoteStore:
    """The stored states of quotes, and the ``writer`` that saves the ``books``; ``reader`` has their older bars.

    ``loaded``, ``unreadable`` and ``waits`` count up.
    """

    def __init__(
        self, books: QuoteBooks, states: QuoteStates, writer: HistoryWriter, reader: Reader, call: Call
    ) -> None:
        self.books = books
        self.writer = writer
        self.reader = reader
        self.loaded = self.unreadable = self.waits = 0
        self._states = states
        self._call = call

    def restored(self, keys: Collection[str]) -> dict[str, KnownQuote]:
        """Return those of some quotes that are stored, as they are there; the books do not have them.

        May wait. Raises ``QueueError`` at the server's end.
        """
        quotes: dict[str, KnownQuote] = {}
        for key, state in (self._call(self._states.load, keys) if keys else {}).items():
            quote = self.books.unknown(key)
            if self._restore(quote, state):
                quotes[key] = quote
                self.loaded += 1
        return quotes

    def wait(self, position: str) -> None:
        """Wait a moment for everything up to an entry to be stored. Raises ``QueueError`` at the server's end."""
        if order_of(self.writer.position) < order_of(position):
            self.waits += 1
            if self.waits & (self.waits - 1) == 0:  # ever more seldom
                log.warning(
                    "! quotes wait until history is stored, %d times so far: there are twice max_quotes", self.waits
                )
            self.writer.wait(position)
        self.books.stored_until = order_of(self.writer.position)

    def touch(self, keys: Collection[str], *, is_noted: bool) -> None:
        """Note quotes that have changed, and whether their records have noted the ticks."""
        if not is_noted:
            for key in keys:
                record = self.books.book(key)
                if record is not None:
                    record.let_go()
        self.writer.touch(keys)

    def load_minutes(self, quote: KnownQuote, order: tuple[int, int]) -> bool:
        """Load older minutes of a quote, those of two days, for a tick of the entry ``order``. May wait.

        The minutes of a store that has this entry may contain the tick, and later ones. Then the whole quote is
        loaded anew, and has the entry: returns True.
        """
        self.books.is_partial = True
        try:
            return self._load_minutes(quote, order)
        finally:
            self.books.is_partial = False

    def _load_minutes(self, quote: KnownQuote, order: tuple[int, int]) -> bool:
        bars = quote.book.bars
        try:
            part = self.reader.read(HistoryRange(quote.key, "1m", None, bars.first_minute, MOST_MINUTES))
        except HistoryError as error:
            log.warning("! %s", error)
            return False
        state = self._call(self._states.load, (quote.key,)).get(quote.key)
        if state is not None and order_of(state.stamp) >= order:
            return self._restore(quote, state)
        bars.prepend(part.bars, is_cut=part.has_older or part.is_cut)
        return False

    def _restore(self, quote: KnownQuote, state: QuoteState) -> bool:
        """Give a quote the book of a state, or of a later one. Return False if that cannot be read."""
        for _ in range(TRIES):
            portions = self._call(self._states.ticks, quote.key)
            now = self._call(self._states.load, (quote.key,)).get(quote.key)
            if now is not None and now.seq == state.seq:
                break
            state = now or state
        book = self.books.unknown(quote.key).book
        try:
            record = restored_record(book, state, portions, self.books.rules.tail_ticks)
        except StateError as error:
            self.unreadable += 1
            log.error("! the stored state of %s cannot be read: %s", quote.key, error)
            return False
        quote.book, quote.record, quote.skip_until = book, record, order_of(state.stamp)
        return True
