"""The series that answers a request: of a quote, a period and indicators. Pure."""

from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.calendar.calendar import Calendar
from rtserver.service.quote.base_pieces import BasePieces
from rtserver.service.quote.feed_request import FeedName
from rtserver.service.quote.pieces import OlderBars, Pieces
from rtserver.service.quote.series import Series
from rtserver.service.quote.tick_pieces import TickPieces


def open_series(
    book: QuoteBook,
    calendar: Calendar,
    name: FeedName,
    part: OlderBars | None,
    *,
    most_rows: int,
    late_ms: int,
    end_ms: int | None = None,
) -> Series:
    """Return the series of a request, which has no rows yet. Those whose labels are ``end_ms`` or later are not
    wanted.
    """
    has_times = not book.seq or book.settled_ms is not None
    pieces: Pieces
    if name.period.base is None or not has_times:
        pieces = TickPieces(book, calendar, name.period, part, end_ms)
    else:
        pieces = BasePieces(book, calendar, name.period, part, end_ms)
    return Series(pieces, name.lines(), most_rows=most_rows, late_ms=late_ms)
