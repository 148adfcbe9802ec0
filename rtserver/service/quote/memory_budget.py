"""MemoryBudget: keeps the ticks and bars of all quotes within a number of bytes.

Quotes that nobody watches give back first: those that are silent and stored as a whole are forgotten until their next
tick or viewer; bars that are stored are dropped; at last the older half of the ticks of a quote, which is a loss.
"""

import logging
from collections.abc import Iterator

from rtserver.base.queue.port import START, order_of
from rtserver.history.memory_need import QUOTE_BYTES
from rtserver.market.period import Base
from rtserver.service.quote.known_quote import FinishedBars, KnownQuote
from rtserver.service.quote.quote_books import QuoteBooks

LOOKED_AT = 500
"""Quotes that are measured at a time: some milliseconds."""
SILENT_MS = 60_000
"""Silence after which a quote may be forgotten: one that trades would be loaded again at once."""
STORED_MS = 600_000
"""Age of bars that may be dropped: younger ones may be changed by a clock that goes back."""
LEAST_TICKS = 200
BASES: tuple[Base, ...] = ("1m", "1d")

log = logging.getLogger(__name__)


class MemoryBudget:
    """The budget of some ``books``, in bytes; 0 is no bound.

    ``bytes`` is what they have, as it was measured last. ``dropped_ticks`` counts ticks that are lost to charts
    of ticks.
    """

    def __init__(self, books: QuoteBooks, most_bytes: int) -> None:
        self.bytes = self.dropped_ticks = 0
        self.most_bytes = most_bytes
        self._books = books
        self._round: Iterator[str] = iter(())

    def keep(self, stored_until: str = START) -> None:
        """Measure some quotes, and let quotes give back what is too much. Called about once a second.

        Everything on the bus up to the entry ``stored_until`` is stored.
        """
        if not self.most_bytes:
            return
        stored = order_of(stored_until)
        for _ in range(LOOKED_AT):
            key = next(self._round, None)
            if key is None:
                self._round = iter(list(self._books.by_key))
                self.bytes = sum(quote.bytes for quote in self._books.by_key.values())
                break
            quote = self._books.get(key)
            if quote is not None:
                self._measure(quote)
                _note_stored(quote, stored)
        if self.bytes > self.most_bytes:
            self._give_back(stored)

    def _measure(self, quote: KnownQuote) -> None:
        before = quote.bytes
        bars = quote.book.bars
        blocks = sum(bars.finished(base).block_bytes for base in BASES)
        quote.bytes = QUOTE_BYTES + quote.book.size + blocks
        self.bytes += quote.bytes - before

    def _give_back(self, stored: tuple[int, int]) -> None:
        silent_ms = order_of(self._books.stamp)[0] - SILENT_MS
        for quote in self._unwatched():
            if quote.last <= stored and quote.last[0] < silent_ms:
                self._books.forget(quote)
                self.bytes -= quote.bytes
                self._books.given_back += 1
        for quote in self._unwatched():
            _note_stored(quote, stored)
            self._drop_bars(quote)
        for quote in self._unwatched():
            self._drop_ticks(quote)

    def _unwatched(self) -> Iterator[KnownQuote]:
        """Yield quotes that nobody watches, the longest silent first, until it is enough."""
        for quote in list(self._books.by_key.values()):
            if self.bytes <= self.most_bytes:
                return
            if not quote.awake:
                yield quote

    def _drop_bars(self, quote: KnownQuote) -> None:
        if quote.stored is None:
            return
        series = (quote.book.bars.finished(base) for base in BASES)
        ends = [
            (each, label - STORED_MS)
            for each, label in zip(series, quote.stored.labels, strict=True)
            if label is not None
        ]
        old = [(each, end) for each, end in ends if each.has_block_before(end)]
        if not old:
            return  # its feeds go on resting
        self._books.on_forget(quote)  # feeds that rest may rely on them
        for each, end in old:
            each.drop_before(end)
        self._measure(quote)

    def _drop_ticks(self, quote: KnownQuote) -> None:
        tail = quote.book.tail
        self._books.on_forget(quote)
        before = self.dropped_ticks
        self.dropped_ticks += quote.book.shorten(max(LEAST_TICKS, len(tail) // 2))
        self._measure(quote)
        if self.dropped_ticks.bit_length() > before.bit_length():  # ever more seldom
            log.warning("! %d ticks dropped: history_mb is too small for the quotes that come", self.dropped_ticks)


def _note_stored(quote: KnownQuote, stored: tuple[int, int]) -> None:
    """Find out which bars of a quote are stored, given that everything is up to an entry of the bus.

    A message may bring the bars of a day: their age says nothing.
    """
    if quote.marked is not None and quote.marked.entry <= stored:
        quote.stored, quote.marked = quote.marked, None
    if quote.marked is None:
        labels = tuple(quote.book.bars.finished(base).last_label for base in BASES)
        quote.marked = FinishedBars(quote.last, labels)
        if quote.last <= stored:
            quote.stored, quote.marked = quote.marked, None
