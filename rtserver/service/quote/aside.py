"""Aside: entries of quotes that nobody on this worker watches, as they came.

Pure. Another worker stores what is in them. Until it has, a viewer who comes here needs the stored quote and the
entries behind it; afterwards the stored quote alone.
"""

from collections import deque
from collections.abc import Collection, Iterable
from itertools import islice
from typing import NamedTuple

from rtserver.base.queue.port import Entry, order_of

MOST_BYTES = 67_108_864
"""Bytes of messages beyond which no more are left aside. Nobody stores then, or much too slowly."""


class _Left(NamedTuple):
    entry: Entry
    quotes: Collection[str]


class Aside:
    """The entries that were left aside, and for which quotes. ``entries`` counts all that ever were.

    ``by_quote`` has them in order; others only read it. What is held stays while somebody takes it.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.entries = 0
        self._most_bytes = most_bytes
        self._bytes = 0
        self._left: deque[_Left] = deque()
        self.by_quote: dict[str, deque[Entry]] = {}
        self._held: set[str] = set()
        self._stored = (0, 0)

    @property
    def is_full(self) -> bool:
        """True if no more should be left aside."""
        return self._bytes > self._most_bytes

    def is_held(self, quote: str) -> bool:
        """Return True while somebody takes what there is of a quote."""
        return quote in self._held

    def add(self, entry: Entry, quotes: Collection[str]) -> None:
        """Leave an entry aside, the last one of the bus so far, as far as it is about some quotes."""
        self.entries += 1
        self._bytes += len(entry.raw)
        self._left.append(_Left(entry, quotes))
        by_quote = self.by_quote
        for quote in quotes:
            if (its := by_quote.get(quote)) is None:
                its = by_quote[quote] = deque()
            its.append(entry)

    def of(self, quote: str, after: int = 0) -> list[Entry]:
        """Return the entries of a quote, without the first ``after``."""
        return list(islice(self.by_quote.get(quote, ()), after, None))

    def hold(self, quotes: Iterable[str]) -> None:
        """Keep what there is of some quotes, and what comes, until ``drop``."""
        self._held.update(quotes)

    def drop(self, quote: str) -> None:
        """Forget the entries of a quote: they were taken."""
        self._held.discard(quote)
        self.by_quote.pop(quote, None)

    def let_go(self, quotes: Iterable[str]) -> None:
        """End ``hold``, also of quotes whose entries were not taken."""
        for quote in self._held.intersection(quotes):
            self._held.discard(quote)
            its = self.by_quote.get(quote)
            while its and order_of(its[0].id) <= self._stored:
                its.popleft()
            if its is not None and not its:
                del self.by_quote[quote]

    def settle(self, stored: tuple[int, int]) -> None:
        """Forget all up to an entry: it is stored."""
        left, self._stored = self._left, stored
        while left and order_of(left[0].entry.id) <= stored:
            entry, quotes = left.popleft()
            self._bytes -= len(entry.raw)
            for quote in quotes:
                its = self.by_quote.get(quote)
                if its and its[0] is entry and quote not in self._held:
                    its.popleft()
                    if not its:
                        del self.by_quote[quote]
