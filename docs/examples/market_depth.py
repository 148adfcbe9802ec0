"""``depth``: the order book of a quote, for all who look at it.

A page draws it with a view of its own. The feed sends whole books: a list of prices with their volumes for each side,
the best one first.
"""

from typing import Annotated, Any, TypeAlias

import msgspec

from rtserver.service.topic.subscribable import SubscribableMsgHandler

QuoteKey: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Level: TypeAlias = tuple[float, Annotated[float, msgspec.Meta(ge=0)]]
Side: TypeAlias = Annotated[tuple[Level, ...], msgspec.Meta(max_length=50)]


class DepthRequest(msgspec.Struct, frozen=True):
    """``{"quote": str}``."""

    quote: QuoteKey


class Book(msgspec.Struct, frozen=True):
    """``{"quote": str, "bids": [[price, volume], ...], "asks": [[price, volume], ...]}``."""

    quote: QuoteKey
    bids: Side
    asks: Side


class DepthMsgHandler(SubscribableMsgHandler):
    """One topic for each quote. A book, ``{"bids","asks"}``, is snapshot and update alike."""

    msg_type = "depth"
    data_type = Book
    request_type = DepthRequest
    keep = 1
    """The newest book of a quote is there for who comes next."""

    def topic_of(self, request: DepthRequest) -> str:
        """Name a topic after its quote."""
        return request.quote

    def on_subscribe(self, request: DepthRequest) -> dict[str, Any]:
        """Return the newest book, an empty one before the first."""
        newest: list[dict[str, Any]] = self.history(request.quote)
        return newest[-1] if newest else {"bids": [], "asks": []}

    def __call__(self, src: str, data: Book) -> None:
        """Take a book of the feed. It replaces the one before: whoever is sent less needs the last one only."""
        self.publish(data.quote, {"bids": data.bids, "asks": data.asks}, key="book")
