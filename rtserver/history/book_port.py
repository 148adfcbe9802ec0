"""Port of books: what history needs to know of the quotes that a server has in memory. No call waits.

``HistoryReader`` merges stored bars with a ``LiveBars``; ``HistoryWriter`` saves what has changed in ``Books``.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from rtserver.market.market_bar import Bar
from rtserver.market.period import Base


class LiveBars(Protocol):
    """The bars of one quote that are in memory."""

    def complete_from(self, base: Base) -> int | None:
        """Return the label from which on every bar of a base period is here, finished or growing; None for no bar.

        Every finished bar before it has been stored.
        """

    def finished(self, base: Base, start_ms: int, end_ms: int | None, limit: int | None = None) -> Sequence[Bar]:
        """Return the finished bars whose labels are from ``start_ms`` on and before ``end_ms``, ascending.

        Of more than ``limit``, the newest ones.
        """


class SavedBook(LiveBars, Protocol):
    """The book of one quote, to be saved."""

    @property
    def seq(self) -> int:
        """The number of its ticks."""

    def state(self) -> object:
        """Return everything but finished bars and ticks as plain data that msgpack can hold; small."""

    def ticks_after(self, seq: int) -> Iterable[object] | None:
        """Return the ticks behind the first ``seq`` ones in the order of their arrival, each as such data.

        They are made as they are taken, once, and stay those of now, whatever the book takes meanwhile.
        None if some of those are not known any more. With 0: all that are kept. Asked once for each save.
        """

    def last_finished(self, base: Base) -> int | None:
        """Return the label of the newest finished bar, None for none."""

    def take_corrected(self, base: Base) -> int | None:
        """Return the lowest label of a finished bar that has changed since the last call, None for none."""

    def let_go(self) -> None:
        """Forget what only the next save needs: another worker saves."""


class Books(Protocol):
    """The books of a server. ``stamp`` is the last entry of the bus whose ticks are in them.

    They are ``is_partial`` while they have some ticks of the entry behind it: then they must not be saved. Quotes
    that nobody watches may lack ticks, except between ``gather`` and ``scatter``.
    """

    stamp: str
    is_partial: bool

    def gather(self) -> object:
        """Make all books whole, and keep them so: this worker is to write. May wait; raises ``QueueError``."""

    def scatter(self) -> object:
        """Allow quotes to lack ticks: another worker writes."""

    def quotes(self) -> Collection[str]:
        """Return the quotes that have a book."""

    def book(self, quote: str) -> SavedBook | None:
        """Return the book of a quote, None if it has none."""
