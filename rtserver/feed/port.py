"""Feed: the port of a source of quotes, which a file, a connection or a class of a site's own implements."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TypeAlias

from rtserver.service.quote.tick import QuoteInfo as QuoteInfo  # noqa: PLC0414 (a part of this port)

FeedTick: TypeAlias = tuple[str, QuoteInfo]
"""A quote's key, and one point of it."""


class FeedError(Exception):
    """A source that is away. The run begins a new iteration after a pause, as it does after an ``OSError``."""


class Feed(ABC):
    """Source of ticks. One thread iterates it, and nobody else touches it meanwhile.

    An iteration connects and yields ticks as they come; it may wait as long as it likes. It yields None where the
    source has shown that it is alive and has nothing new: then its quotes do not count as silent. The end of an
    iteration is the end of the feed. ``FeedError`` and ``OSError`` ask for another iteration, any other exception
    ends the run.

    A source that numbers its ticks gives each its ``id``: a repeat after a new connection is dropped.
    """

    @abstractmethod
    def __iter__(self) -> Iterator[FeedTick | None]:
        """Return a new iteration."""
