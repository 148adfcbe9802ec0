"""QuoteAliveMsgHandler: tells those who watch quiet quotes that their producer is alive.

A price that has not changed for minutes looks like one whose feed is broken. A producer that says ``quote_alive``
every few seconds makes the difference: pages show a quote as stale only if it says so no more.
"""

from typing import Annotated

import msgspec

from rtserver.base.bridge.message import Update
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.tick import MAX_ITEMS


class QuietQuotes(msgspec.Struct, frozen=True):
    """Keys of quotes whose newest price is still that of before."""

    quotes: Annotated[list[str], msgspec.Meta(max_length=MAX_ITEMS)]


class QuoteAliveMsgHandler(ServiceMsgHandler):
    """Posts an update without rows for each feed of the quotes that somebody watches.

    A feed with rows on their way needs none. Keys that are not known are passed over: a producer need not know what
    a server has forgotten.
    """

    msg_type = "quote_alive"
    data_type = QuietQuotes

    def __init__(self, services: ServiceContext, books: QuoteBooks) -> None:
        super().__init__(services)
        self._books = books

    def __call__(self, src: str, data: QuietQuotes) -> None:
        """See ``ServiceMsgHandler``."""
        for key in data.quotes:
            quote = self._books.get(key)
            if quote is None:
                continue
            for feed in quote.awake.values():
                if feed.is_ready and not feed.unsent:
                    self.services.post(Update(feed.name, feed.seq, ()))
