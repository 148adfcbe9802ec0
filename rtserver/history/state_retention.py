"""StateRetention: the state and the ticks of a quote that has been silent for days go; its bars stay.

A quote of a day gets no more ticks when the day is over, and its last bars are still growing: they are in the state
alone. So they are stored as they are before the state goes.
"""

from collections.abc import Callable, Iterator, Sequence

from rtserver.base.queue.port import order_of
from rtserver.history.book_record import restored_record
from rtserver.history.port import HistoryError, HistoryStore, QuoteState, QuoteStates
from rtserver.history.retention import Pruned
from rtserver.history.saved_state import StateError
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS
from rtserver.market.period import Base

BASES: tuple[Base, ...] = ("1m", "1d")


class StateRetention:
    """Forgets states whose last tick came ``days`` ago; 0 keeps them for ever.

    ``calendar_of`` gives the calendar of an exchange, ``now_ms`` the time in epoch milliseconds.
    """

    def __init__(
        self,
        states: QuoteStates,
        store: HistoryStore,
        days: int,
        calendar_of: Callable[[str], Calendar],
        now_ms: Callable[[], int],
    ) -> None:
        self._states = states
        self._store = store
        self._days = days
        self._calendar_of = calendar_of
        self._now_ms = now_ms

    def prune(self, quotes: Sequence[str]) -> Iterator[Pruned]:
        """Forget states, and yield after each quote. A store in Redis may raise ``QueueError``."""
        if self._days:
            for quote in quotes:
                yield self._prune(quote)

    def _prune(self, quote: str) -> Pruned:
        state = self._states.load([quote]).get(quote)
        if state is None or order_of(state.stamp)[0] >= self._now_ms() - self._days * DAY_MS:
            return Pruned(quote, 0)
        try:
            self._finish(quote, state)
        except (HistoryError, StateError) as error:
            return Pruned(quote, 0, f"the state of {quote} cannot be read: {error}")
        return Pruned(quote, int(self._states.drop(quote, state.stamp)))

    def _finish(self, quote: str, state: QuoteState) -> None:
        """Store the bars that are still growing."""
        book = QuoteBook(self._calendar_of(quote.partition(":")[0]))
        restored_record(book, state, (), 1)
        for base in BASES:
            self._store.write(quote, base, book.bars.growing(base))
