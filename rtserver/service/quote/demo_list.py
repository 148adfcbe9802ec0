"""DemoListSource: the demo's producer of a watch list, fifty quotes that move by the wall clock.

Each quote is the real closes of half a year of one share, played to and fro. Its key is ``DEMO:AAPL-2008H1``, without
a date: it goes on from day to day. A tick follows from the time alone, so that a restart needs no position.
"""

import logging
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import Any, cast

from rtserver.market.day import date_of_day
from rtserver.service.quote.quote_file import quote_item
from rtserver.service.quote.quote_source import DECIMALS, ITEMS, Film, read_days
from rtserver.service.quote.tick import QuoteInfo

LENGTH = 50
ROUNDS_S = 2.0
"""Seconds in which each quote gets one tick."""

_TURNS = 10
"""Messages of a round: a tenth of the quotes each."""
_DAY_MS = 86_400_000

log = logging.getLogger(__name__)


def half_year_of(day: QuoteInfo) -> str:
    """Return the half-year of a daily bar, such as ``"2008H1"``."""
    date = date_of_day(int(cast(float, day.point[0])) // _DAY_MS)
    return f"{date.year}H{1 if date.month < 7 else 2}"


def films() -> dict[str, Film]:
    """Return the film of each item of the watch list: ``"AAPL-2000H1"`` and so on."""
    return dict(islice(_films(), LENGTH))


def _films() -> Iterator[tuple[str, Film]]:
    halves: dict[str, list[tuple[str, Film]]] = {}
    for item in ITEMS:
        for half, days in groupby(read_days(item), half_year_of):
            closes = tuple(cast(tuple[float, float], (day.point[2], day.point[5])) for day in days)
            halves.setdefault(half, []).append((f"{item}-{half}", closes + closes[::-1]))
    # The newest first: the shares of one half-year stand together.
    for half in sorted(halves, reverse=True):
        yield from halves[half]


class DemoListSource:
    """Puts the newest price of a tenth of the quotes at a time, until it is stopped.

    ``put`` is that of the queue. What cannot be put because of one of ``unavailable`` is left out: the next tick has
    a newer price. ``now`` returns seconds since 1970.
    """

    def __init__(
        self,
        put: Callable[[str, str, object], object],
        *,
        now: Callable[[], float],
        sleep: Callable[[float], object],
        unavailable: tuple[type[Exception], ...] = (OSError,),
    ) -> None:
        self._put = put
        self._now = now
        self._sleep = sleep
        self._unavailable = unavailable
        self._films = list(films().items())
        self._is_stopped = False

    def run(self) -> None:
        """Play until ``stop``; return within a turn of it."""
        turn = 0
        is_away = False
        while not self._is_stopped:
            try:
                self._put("quote", "demo", self.items(turn))
                is_away = False
            except self._unavailable as error:
                if not is_away:
                    log.warning("! the demo's watch list waits: %s", error)
                is_away = True
            turn += 1
            self._sleep(ROUNDS_S / _TURNS)

    def stop(self) -> None:
        """Make ``run`` return. Called in the thread of ``run``, from another greenlet."""
        self._is_stopped = True

    def items(self, turn: int) -> list[dict[str, Any]]:
        """Return the ticks of a turn at the present time."""
        now = self._now()
        return [
            quote_item(f"DEMO:{item}", _tick(film, number, now))
            for number, (item, film) in enumerate(self._films)
            if number % _TURNS == turn % _TURNS
        ]


def _tick(film: Film, number: int, now: float) -> QuoteInfo:
    # Each quote begins elsewhere in its film, so that they do not all turn at once.
    price, volume = film[(int(now / ROUNDS_S) + 37 * number) % len(film)]
    return QuoteInfo([int(now * 1000), price], volume, DECIMALS)
