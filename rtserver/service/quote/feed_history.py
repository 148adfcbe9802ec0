"""FeedHistory: the base bars that a feed or a page begins with, read from wherever they are."""

from collections.abc import Sequence
from typing import Protocol, cast

from rtserver.history.book_port import LiveBars
from rtserver.history.port import HistoryPart, HistoryRange
from rtserver.market.book.bar_series import label_of
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS, first_of_month
from rtserver.market.indicator.indicator_line import WHOLE_GROUP
from rtserver.market.market_bar import Bar
from rtserver.market.period import Base, Period
from rtserver.service.quote.feed_request import FeedName, View
from rtserver.service.quote.known_quote import KnownQuote

MOST_BARS = 100_000
"""Base bars that are read for one feed or page. A 4-hour bar has 240 of them."""

_MINUTE_MS = 60_000
_QUARTER_MS = 92 * DAY_MS


class Reader(Protocol):
    """The finished base bars of quotes. ``HistoryReader`` is one."""

    def read(self, wanted: HistoryRange, book: LiveBars | None = None) -> HistoryPart:
        """Return the bars of a range. May wait. Raises ``HistoryError``."""


class LiveBook:
    """The base bars that a book has in memory: a ``LiveBars``."""

    def __init__(self, book: QuoteBook) -> None:
        self._bars = book.bars

    def complete_from(self, base: str) -> int | None:
        """Return the label from which on every bar of a base period is here; None for no bar."""
        first = self._bars.finished(cast(Base, base)).first_label
        growing = self._bars.growing(cast(Base, base)) if first is None else ()
        return label_of(growing[0]) if growing else first

    def finished(self, base: str, start_ms: int, end_ms: int | None) -> Sequence[Bar]:
        """Return the finished bars whose labels are in a range."""
        return self._bars.finished(cast(Base, base)).read(start_ms, end_ms)


class FeedHistory:
    """The history of quotes for feeds and pages. A reader of None has none: books have all there is."""

    def __init__(self, reader: Reader | None) -> None:
        self._reader = reader

    def has_more(self, name: FeedName) -> bool:
        """Return True if ``read`` may find more than the books have, and so has to be called."""
        return self._reader is not None and name.period.base is not None

    def read(self, name: FeedName, quote: KnownQuote, view: View) -> HistoryPart | None:
        """Return the base bars of the newest ``most`` bars of a view, and those that their indicators depend on.

        None if the book has them all. May wait. Raises ``HistoryError``.
        """
        reader, base = self._reader, name.period.base
        if reader is None or base is None:
            return None
        live, key = LiveBook(quote.book), quote.key
        reaches = [line.reach for line in name.lines()]
        bars = (view.most or 0) + max((reach for reach in reaches if reach is not None), default=0) + 1
        limit = None if None in reaches else bars * bars_of(name.period)
        end_ms = None if view.end_ms is None else view.end_ms + length_of(name.period)
        part = reader.read(HistoryRange(key, base, None, end_ms, min(limit or MOST_BARS, MOST_BARS)), live)
        if WHOLE_GROUP in reaches and part.bars and (part.has_older or part.is_cut):
            start_ms, first = _begin_of_group(name.period, quote.calendar, part.bars[0]), label_of(part.bars[0])
            if start_ms < first:
                more = reader.read(HistoryRange(key, base, start_ms, first, MOST_BARS), live)
                part = HistoryPart([*more.bars, *part.bars], more.has_older, more.is_cut)
        return part


def length_of(period: Period) -> int:
    """Return an upper bound of the length of a bar in milliseconds; 1 for ticks."""
    if period.is_ticks:
        return 1
    if period.is_span:
        return period.ms
    return {"1M": 31 * DAY_MS, "1q": _QUARTER_MS}.get(period.name, 7 * DAY_MS)


def bars_of(period: Period) -> int:
    """Return the most base bars that a bar of a period is made of."""
    return max(1, length_of(period) // (_MINUTE_MS if period.base == "1m" else DAY_MS))


def _begin_of_group(period: Period, calendar: Calendar, first: Bar) -> int:
    """Return the label of the first base bar that the group of a bar may have."""
    group = period.bar_at(calendar, first.time).group
    if period.is_span:
        return calendar.extent_of(group, group).start_ms
    return first_of_month(12 * group) * DAY_MS
