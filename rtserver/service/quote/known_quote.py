"""KnownQuote: a quote that the server has ticks of, or feeds."""

from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.calendar.calendar import Calendar
from rtserver.service.quote.feed import Feed


class KnownQuote:
    """The book of a quote, the calendar of its exchange, and its feeds by topic.

    Those ``awake`` take every tick; the others rest until their next viewer.
    """

    __slots__ = ("awake", "book", "calendar", "feeds", "key")

    def __init__(self, key: str, book: QuoteBook, calendar: Calendar) -> None:
        self.key = key
        self.book = book
        self.calendar = calendar
        self.feeds: dict[str, Feed] = {}
        self.awake: dict[str, Feed] = {}
