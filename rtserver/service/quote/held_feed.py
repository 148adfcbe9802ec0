"""HeldFeed: a feed at hand, with what it was made for."""

from rtserver.service.quote.feed import Feed
from rtserver.service.quote.feed_request import FeedName, View
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.topic.topic import Viewer


class HeldFeed:
    """A feed with its name, its quote, and the views of those who wait for it. ``drivers`` let it work now."""

    __slots__ = ("drivers", "feed", "name", "quote", "views")

    def __init__(self, name: FeedName, quote: KnownQuote, feed: Feed) -> None:
        self.name = name
        self.quote = quote
        self.feed = feed
        self.drivers = 0
        self.views: dict[Viewer, View] = {}
