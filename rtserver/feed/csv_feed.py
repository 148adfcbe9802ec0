"""CsvFeed: the points of a CSV file, at the pace of their times. The format is ``quote_file.py``'s."""

import time
from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from pathlib import Path

from rtserver.feed.port import Feed, FeedTick, QuoteInfo
from rtserver.market.number import Label
from rtserver.service.quote.quote_file import read_quotes

WORD_SECONDS = 1.0


class CsvFeed(Feed):
    """One quote from one file. An iteration raises ``QuoteFileError``; ``OSError`` if the file cannot be opened."""

    def __init__(
        self,
        path: Path,
        quote: str,
        speed: float = 1.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._path = path
        self._quote = quote
        self._speed = speed
        self._clock = clock
        self._sleep = sleep

    def count(self) -> int:
        """Return the number of points, after checking each of them. Raises as an iteration does."""
        return sum(1 for _ in read_quotes(self._path))

    def __iter__(self) -> Iterator[FeedTick | None]:
        """Yield the points from the first on."""
        infos = read_quotes(self._path)
        for info in paced(infos, self._speed, clock=self._clock, sleep=self._sleep):
            yield None if info is None else (self._quote, info)


def paced(
    infos: Iterable[QuoteInfo], speed: float, *, clock: Callable[[], float], sleep: Callable[[float], object]
) -> Iterator[QuoteInfo | None]:
    """Yield the same points, each at its time divided by ``speed``, the first at once; None each second of a wait.

    ``clock`` and ``sleep`` are in seconds. A speed of 86,400 plays a day per second. Points whose time is a label are
    one second of the market apart, and so is a point that is not later than the one before.
    """
    if not (speed > 0 and isfinite(speed)):
        raise ValueError(f"speed {speed} is not a number above 0")
    due = clock()
    before: Label | None = None
    for info in infos:
        moment = info.point[0]
        if before is not None:
            due += _seconds_between(before, moment) / speed
            while due - clock() > WORD_SECONDS:
                sleep(WORD_SECONDS)
                yield None
            sleep(max(0.0, due - clock()))
        before = moment
        yield info


def _seconds_between(before: Label, moment: Label) -> float:
    if isinstance(before, str) or isinstance(moment, str) or moment <= before:
        return 1.0
    return (moment - before) / 1000
