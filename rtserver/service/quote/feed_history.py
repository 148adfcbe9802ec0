"""FeedHistory: the base bars that a feed or a page begins with, read from wherever they are."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

from rtserver.base.limit.cpu_quota import CallLater
from rtserver.history.book_port import LiveBars
from rtserver.history.port import HistoryError, HistoryPart, HistoryRange
from rtserver.market.book.bar_run import run_of
from rtserver.market.book.bar_series import label_of
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.day import DAY_MS
from rtserver.market.indicator.indicator_line import WHOLE_GROUP
from rtserver.market.period import MINUTE, Base, Period
from rtserver.service.quote.base_pieces import begin_of_group
from rtserver.service.quote.feed_request import FeedName, View
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.pieces import OlderBars

log = logging.getLogger(__name__)

MOST_BARS = 100_000
"""Base bars that are read for one feed or page. A 4-hour bar has 240 of them."""

MORE_BARS = 3
"""Bars beyond those that are wanted: two behind the end of a page, and one that begins before the first base bar."""

Read: TypeAlias = Callable[[HistoryRange], HistoryPart]

BASES: tuple[Base, ...] = ("1m", "1d")
_MINUTE_MS = 60_000
_QUARTER_MS = 92 * DAY_MS


class Reader(Protocol):
    """The finished base bars of quotes. ``HistoryReader`` is one. ``reads`` and ``failures`` count up."""

    reads: int
    failures: int

    def read(self, wanted: HistoryRange, book: LiveBars | None = None) -> HistoryPart:
        """Return the bars of a range. May wait. Raises ``HistoryError``."""


class FeedHistory:
    """The history of quotes for feeds and pages. Without a reader, the books have all there is."""

    def __init__(self, reader: Reader | None, call_later: CallLater) -> None:
        self._reader = reader
        self._call_later = call_later

    def has_more(self, name: FeedName, quote: KnownQuote) -> bool:
        """Return True if ``read`` may find more than the books have, and so may wait."""
        if self._reader is None:
            return False
        return name.period.base is not None or (quote.book.tail.is_cut and any(line.merges for line in name.lines()))

    def read_later(
        self,
        name: FeedName,
        quote: KnownQuote,
        view: View,
        on_read: Callable[[OlderBars | None], object],
        on_failed: Callable[[str, str], object],
        *,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """``read`` on a greenlet of its own, if that ``is_wanted`` then.

        Call ``on_read`` with what was read, or ``on_failed`` with a code and a text for the client.
        """

        def read() -> None:
            if not is_wanted():
                return
            try:
                part = self.read(name, quote, view)
            except HistoryError as error:
                log.warning("! %s", error)
                on_failed("history_failed", "the history of this quote cannot be read")
            except Exception:
                log.exception("! the history for %s failed", name.topic)
                on_failed("internal", "the service failed")
            else:
                on_read(part)

        self._call_later(0, read)

    def read(self, name: FeedName, quote: KnownQuote, view: View) -> OlderBars | None:
        """Return the base bars of the newest ``most`` bars of a view, and those that their indicators depend on.

        None if its ticks make them all. May wait if it ``has_more``. Raises ``HistoryError``. What the book has must
        follow, so it reads again if the quote got another book meanwhile, or this one gave bars back.
        """
        while True:
            record, begins = quote.record, _begins(quote)
            older = self._read(name, quote, view)
            if quote.record is record and _begins(quote) == begins:
                return older

    def _read(self, name: FeedName, quote: KnownQuote, view: View) -> OlderBars | None:
        reader, base = self._reader, name.period.base
        read = partial(_read_book, quote.book) if reader is None else partial(reader.read, book=quote.record)
        if base is None:
            return _minutes_before(read, quote) if self.has_more(name, quote) else None
        reaches = [line.reach for line in name.lines()]
        shown = ((view.most or 0) + MORE_BARS) * bars_of(name.period)
        before = max((reach for reach in reaches if reach is not None), default=0) * bars_of(name.period)
        limit = MOST_BARS if None in reaches else min(shown + before, MOST_BARS)
        end_ms = None if view.end_ms is None else view.end_ms + length_of(name.period)
        part = read(HistoryRange(quote.key, base, None, end_ms, limit))
        older = OlderBars(part.bars, part.has_older, part.is_cut)
        if WHOLE_GROUP in reaches and part.bars and (part.has_older or part.is_cut):
            first = part.bars[max(0, len(part.bars) - shown)]
            group = name.period.bar_at(quote.calendar, first.time).group
            begin = begin_of_group(name.period, quote.calendar, group)
            return _from(read, quote, base, begin, older)
        return older


def _begins(quote: KnownQuote) -> list[int | None]:
    """Return the labels from which on the bars of a quote are in its book."""
    return [quote.record.complete_from(base) for base in BASES]


def _read_book(book: QuoteBook, wanted: HistoryRange) -> HistoryPart:
    """Return the bars of a range, of which a book has all there are."""
    series = book.bars.finished(wanted.base)
    bars = series.run(wanted.start_ms, wanted.end_ms, wanted.limit)
    first = label_of(bars[0]) if bars else wanted.start_ms
    has_older = first is not None and series.first_label is not None and series.first_label < first
    return HistoryPart(bars, has_older, series.is_cut and not has_older)


def _from(read: Read, quote: KnownQuote, base: Base, begin: int, older: OlderBars) -> OlderBars:
    """Return bars with those before them from a label on."""
    first = label_of(older.bars[0])
    if begin >= first:
        return older._replace(begin=first)
    part = read(HistoryRange(quote.key, base, begin, first, MOST_BARS))
    return OlderBars(run_of(part.bars, older.bars), part.has_older, part.is_cut, begin)


def _minutes_before(read: Read, quote: KnownQuote) -> OlderBars | None:
    """Return the minutes that the trading day of the first tick at hand has before it."""
    tail = quote.book.tail
    if not len(tail) or not tail[0].has_time:
        return None
    time = tail[0].time
    day = quote.calendar.session_at(time).day
    begin = quote.calendar.extent_of(day, day).start_ms
    # Before the day's first session it is a minute that begins later.
    end = max(int(time), MINUTE.bar_at(quote.calendar, time).label) + 2 * _MINUTE_MS
    part = read(HistoryRange(quote.key, "1m", begin, end, MOST_BARS))
    return OlderBars(part.bars, part.has_older, part.is_cut, begin)


def length_of(period: Period) -> int:
    """Return an upper bound of the length of a bar in milliseconds; 1 for ticks."""
    if period.is_ticks:
        return 1
    if period.is_span:
        return period.ms
    known = {"1w": 7 * DAY_MS, "1M": 31 * DAY_MS, "1q": _QUARTER_MS}
    return known.get(period.name) or int(period.name.removesuffix("d")) * DAY_MS


def bars_of(period: Period) -> int:
    """Return the most base bars that a bar of a period is made of."""
    return max(1, length_of(period) // (_MINUTE_MS if period.base == "1m" else DAY_MS))
