"""A store of quotes in memory, of one worker that writes."""

from collections.abc import Callable
from typing import TypeVar

import gevent.event

from rtserver.history.history_reader import HistoryReader
from rtserver.history.history_writer import Call, HistoryWriter, Lease, WriteRule
from rtserver.history.memory_history import MemoryHistory, MemoryStates
from rtserver.history.port import HistorySource
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_store import QuoteStore

T = TypeVar("T")


class Held:
    """A lease that is always ours."""

    def is_ours(self) -> bool:
        return True

    def leave(self) -> None:
        pass


def _call(fn: Callable[..., T], /, *args: object) -> T:
    return fn(*args)


def memory_store(
    books: QuoteBooks,
    history: MemoryHistory | None = None,
    states: MemoryStates | None = None,
    lease: Lease | None = None,
    *,
    source: HistorySource | None = None,
    call: Call = _call,
    pause: Callable[[float], object] = lambda _: None,
) -> QuoteStore:
    """Return a store of what ``history`` and ``states`` have: nothing, if they are not given.

    ``source`` has what is older.
    """
    history = history or MemoryHistory()
    states = states or MemoryStates(history)
    writer = HistoryWriter(
        states,
        books,
        lease or Held(),
        call,
        now=lambda: 0.0,
        pause=pause,
        rule=WriteRule(most_ticks=books.rules.tail_ticks),
    )
    reader = HistoryReader(history, source, event=gevent.event.Event)
    return QuoteStore(books, states, writer, reader, call)
