"""HistoryReader: the finished bars of a quote, from wherever they are, in one row.

    book      everything from its first complete label on (``LiveBars``)
    store     what is older: in Redis
    source    what is older than all that: a plug-in, if there is one

Each part ends where the next one begins, so there is no gap and no double at the seams, and a bar that two of them
have is the newer part's. The growing bar is not history: it is the caller's.

    reader = HistoryReader(RedisHistory(...), None, event=gevent.event.Event)
    part = reader.read(HistoryRange("NYSE:IBM", "1m", end_ms=before, limit=1000), book)

A call may wait; callers that want the same range share one read. It raises ``HistoryError`` and nothing else: that
costs one chart its picture.
"""

from collections.abc import Callable, Sequence

from rtserver.base.queue.port import QueueError
from rtserver.history.book_port import LiveBars
from rtserver.history.flight import Event, Flights
from rtserver.history.group import label_of
from rtserver.history.port import HistoryError, HistoryPart, HistoryRange, HistorySource
from rtserver.market.book.bar_run import run_of
from rtserver.market.market_bar import Bar


class HistoryReader:
    """Reader for one thread. ``failures`` counts reads that failed, ``reads`` those that went beyond the book."""

    def __init__(
        self, store: HistorySource, source: HistorySource | None = None, *, event: Callable[[], Event]
    ) -> None:
        self._store = store
        self._source = source
        self._flights: Flights[HistoryPart] = Flights(event)
        self.reads = self.failures = 0

    def read(self, wanted: HistoryRange, book: LiveBars | None = None) -> HistoryPart:
        """Return the finished bars of a range. ``book`` is the quote's, None if it is not in memory."""
        live, older = _parts(wanted, book)
        if wanted.limit is not None and len(live) > wanted.limit:
            return HistoryPart(live[len(live) - wanted.limit :], has_older=True)
        given_up = HistoryError(wanted.quote, wanted.base, "the read was given up")
        part = self._flights.share(older, lambda: self._read_older(older), given_up)
        return part._replace(bars=run_of(part.bars, live)) if live else part

    def _read_older(self, wanted: HistoryRange) -> HistoryPart:
        self.reads += 1
        try:
            return self._merged(wanted)
        except QueueError as error:
            self.failures += 1
            raise HistoryError(wanted.quote, wanted.base, f"the store does not answer: {error}") from error
        except HistoryError:
            self.failures += 1
            raise

    def _merged(self, wanted: HistoryRange) -> HistoryPart:
        stored = self._store.read(wanted)
        if self._source is None or stored.has_older:
            return stored
        first = label_of(stored.bars[0]) if stored.bars else wanted.end_ms
        beyond = self._read_beyond(self._source, wanted, first, len(stored.bars))
        is_cut = not beyond.has_older and (beyond.is_cut or (stored.is_cut and not beyond.bars))
        return HistoryPart([*beyond.bars, *stored.bars], beyond.has_older, is_cut)

    def _read_beyond(
        self, source: HistorySource, wanted: HistoryRange, end_ms: int | None, count: int
    ) -> HistoryPart:
        """Read what the store does not have: the bars before ``end_ms``. The store has ``count`` of the range."""
        limit = None if wanted.limit is None else wanted.limit - count
        is_over = end_ms is not None and wanted.start_ms is not None and end_ms <= wanted.start_ms
        if limit == 0 or is_over:
            # No bar of the source is in the range, but one would be older.
            older = source.read(HistoryRange(wanted.quote, wanted.base, None, end_ms, 1))
            return HistoryPart([], bool(older.bars), older.is_cut)
        return source.read(HistoryRange(wanted.quote, wanted.base, wanted.start_ms, end_ms, limit))


def _parts(wanted: HistoryRange, book: LiveBars | None) -> tuple[Sequence[Bar], HistoryRange]:
    """Return the bars of a range that are in memory, and the range of those that are not.

    Of more than the limit, one more than that are returned.
    """
    begin = None if book is None else book.complete_from(wanted.base)
    if book is None or begin is None:
        return (), wanted
    first = begin if wanted.start_ms is None else max(begin, wanted.start_ms)
    live = book.finished(wanted.base, first, wanted.end_ms, None if wanted.limit is None else wanted.limit + 1)
    end = begin if wanted.end_ms is None else min(begin, wanted.end_ms)
    limit = None if wanted.limit is None else max(0, wanted.limit - len(live))
    return live, HistoryRange(wanted.quote, wanted.base, wanted.start_ms, end, limit)
