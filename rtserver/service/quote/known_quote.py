"""KnownQuote: a quote that the server has ticks of, or feeds."""

from typing import NamedTuple

from rtserver.history.book_record import BookRecord
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.calendar.calendar import Calendar
from rtserver.service.quote.feed import Feed


class FinishedBars(NamedTuple):
    """The last entry of a quote at some time, and the labels of the last finished bars of each base then."""

    entry: tuple[int, int]
    labels: tuple[int | None, ...]


class KnownQuote:
    """The book of a quote, the calendar of its exchange, and its feeds by topic.

    Those ``awake`` take every tick; the others rest until their next viewer. ``record`` is the book as history sees
    it. The book has all entries of the bus up to ``skip_until`` from the store; None if it has seen a later one.
    ``last`` is the last entry that was taken, ``bytes`` what the quote takes. The bars that were finished at
    ``stored`` are stored; those that were at ``marked`` will be when its entry is.
    """

    __slots__ = (
        "awake",
        "book",
        "bytes",
        "calendar",
        "feeds",
        "key",
        "last",
        "marked",
        "record",
        "skip_until",
        "stored",
    )

    def __init__(self, key: str, book: QuoteBook, calendar: Calendar) -> None:
        self.key = key
        self.book = book
        self.record = BookRecord(book)
        self.bytes = 0
        self.last = (0, 0)
        self.marked: FinishedBars | None = None
        self.stored: FinishedBars | None = None
        self.skip_until: tuple[int, int] | None = None
        self.calendar = calendar
        self.feeds: dict[str, Feed] = {}
        self.awake: dict[str, Feed] = {}
