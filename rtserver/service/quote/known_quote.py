"""KnownQuote: a quote that the server has ticks of, or feeds."""

from rtserver.history.book_record import BookRecord
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.calendar.calendar import Calendar
from rtserver.service.quote.feed import Feed


class KnownQuote:
    """The book of a quote, the calendar of its exchange, and its feeds by topic.

    Those ``awake`` take every tick; the others rest until their next viewer. ``record`` is the book as history sees
    it. The book has all entries of the bus up to ``skip_until`` from the store; None if it has seen a later one.
    ``last`` is the last entry that was taken, ``bytes`` what the quote takes.
    """

    __slots__ = ("awake", "book", "bytes", "calendar", "feeds", "key", "last", "record", "skip_until")

    def __init__(self, key: str, book: QuoteBook, calendar: Calendar) -> None:
        self.key = key
        self.book = book
        self.record = BookRecord(book)
        self.bytes = 0
        self.last = (0, 0)
        self.skip_until: tuple[int, int] | None = None
        self.calendar = calendar
        self.feeds: dict[str, Feed] = {}
        self.awake: dict[str, Feed] = {}
