"""``rtserver quotes``: plays a file of quotes onto the queue. The format is ``service/quote/quote_file.py``'s."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rtserver.base.queue.port import QueuePort
from rtserver.service.message import encode
from rtserver.service.quote.quote_file import paced, quote_item, read_quotes


def count_points(path: Path) -> int:
    """Return the number of points in a file of quotes, after checking each of them.

    Raises ``QuoteFileError``; ``OSError`` if the file cannot be opened.
    """
    return sum(1 for _ in read_quotes(path))


def play(
    queue: QueuePort,
    path: Path,
    quote: str,
    speed: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[None]:
    """Push the points of a file at the pace of their times, and yield after each.

    Raises ``QuoteFileError``, ``QueueError``.
    """
    for info in paced(read_quotes(path), speed, clock=clock, sleep=sleep):
        queue.put([encode("quote", "quotes", [quote_item(quote, info)])])
        yield
