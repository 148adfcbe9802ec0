"""TestQuoteSource: the demo's producer, which plays real prices through the queue like any producer.

It is no test: the name says that its quotes are for trying things out.

At the very start it puts all days of the data as bars of quotes without a date, such as ``DEMO:AAPL``: the history of
the demo.

Each of the last 250 trading days in the data gives four ticks in a plausible order, fifteen market seconds apart, so
that a bar of 60 seconds is exactly one real day. After the last day the film runs backwards, then forwards again: the
price never jumps, while the market's time only goes up. Tick ``n`` follows from ``n`` alone, so that a restart
continues at the noted position.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from itertools import count, islice
from typing import Protocol, TypeAlias

from msgspec.structs import replace

from rtserver.market.number import Number
from rtserver.service.quote.quote_file import quote_item, read_quotes
from rtserver.service.quote.tick import QuoteInfo

TICKS_PER_DAY = 4
TICK_MS = 15_000
FIRST_TICK_MS = 1_362_148_200_000  # 2013-03-01T14:30:00Z, the New York opening
DATE = "20130301"
ITEMS = ("AAPL", "IBM", "MSFT")
DECIMALS = 2  # a few prices of the data are averages with more of them
DAYS_PLAYED = 250
DAYS_AT_ONCE = 120
_DAYS_PER_MESSAGE = 30
_BARS_PER_MESSAGE = 100
_BARS_PAUSE_S = 0.05
_RETRY_S = 1.0

log = logging.getLogger(__name__)


Film: TypeAlias = tuple[tuple[Number, Number], ...]


class Put(Protocol):
    """The ``put`` of the queue."""

    def __call__(self, type: str, src: str, data: object, *, id: str) -> object: ...  # noqa: A002


class Position(Protocol):
    """Position of the demo, which survives restarts; 0 at first.

    While it is not positive it is minus the number of messages of the history that were put, then the number of ticks
    per quote.
    """

    def get(self) -> int: ...

    def set(self, position: int) -> None: ...


def film_of(days: Iterable[QuoteInfo]) -> Film:
    """Return prices and volumes of one run forwards and backwards. ``days`` are bars, the oldest first."""
    there = tuple(tick for day in days for tick in _ticks_of(day))
    return there + there[::-1]


def replay(film: Film, start: int = 0) -> Iterator[QuoteInfo]:
    """Yield the ticks from number ``start`` on, for ever."""
    for number in count(start):
        price, volume = film[number % len(film)]
        yield QuoteInfo([FIRST_TICK_MS + number * TICK_MS, price], volume, DECIMALS)


def load_days(item: str) -> list[QuoteInfo]:
    """Return the days that the demo plays of one share, as bars."""
    return list(read_days(item))[-DAYS_PLAYED:]


def read_days(item: str) -> Iterator[QuoteInfo]:
    """Yield all days of the data of one share, as bars, the oldest first."""
    return read_quotes(files("rtserver.service.quote") / "data" / "quotes" / f"{item}.csv")


def history_messages() -> Iterator[list[dict[str, object]]]:
    """Yield the data of messages with all days of each share, as bars of its quote without a date."""
    for item in ITEMS:
        bars = (quote_item(f"DEMO:{item}", replace(day, decimals=DECIMALS)) for day in read_days(item))
        while message := list(islice(bars, _BARS_PER_MESSAGE)):
            yield message


class TestQuoteSource:
    """Puts ticks of three quotes, ``rate`` per second each.

    At the very start it puts the bars of all days, and ``DAYS_AT_ONCE`` days of ticks in a few messages, so that
    charts have something to show. ``put`` is that of the queue. If it raises one of ``unavailable``, the same ticks
    are put again later. A crash between a put and its position repeats a message, under the same id.
    """

    __test__ = False  # pytest would take the class for a test

    def __init__(
        self,
        put: Put,
        position: Position,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
        rate: float = 4.0,
        unavailable: tuple[type[Exception], ...] = (OSError,),
    ) -> None:
        self._put = put
        self._position = position
        self._clock = clock
        self._sleep = sleep
        self._interval = 1 / rate
        self._unavailable = unavailable
        self._films = {f"DEMO:{item}:{DATE}": film_of(load_days(item)) for item in ITEMS}
        self._history = history_messages()
        self._newest: list[dict[str, object]] | None = None
        self._read = 0
        self._is_stopped = False

    def run(self) -> None:
        """Play until ``stop``; return within one interval of it."""
        due = self._clock()
        is_away = False
        while not self._is_stopped:
            try:
                # Lost time is not made up for in a burst.
                due = max(due + self._step(), self._clock())
                is_away = False
            except self._unavailable as error:
                if not is_away:
                    log.warning("! demo quotes wait: %s", error)
                is_away = True
                due = self._clock() + _RETRY_S
            self._sleep(max(0.0, due - self._clock()))

    def stop(self) -> None:
        """Make ``run`` return. Called in the thread of ``run``, from another greenlet."""
        self._is_stopped = True

    def _step(self) -> float:
        """Put the next tick of each quote, or the next days while the history is not complete.

        Before all that it puts the bars of the history. Returns the seconds until the next step.
        """
        position = self._position.get()
        if position <= 0:
            bars = self._history_message(-position)
            if bars is not None:
                # All at once would hold up others.
                self._put("quote", "demo", bars, id=f"history-{-position}")
                self._position.set(position - 1)
                return _BARS_PAUSE_S
            position = 0
        missing = DAYS_AT_ONCE * TICKS_PER_DAY - position
        ticks = min(_DAYS_PER_MESSAGE * TICKS_PER_DAY, missing) if missing > 0 else 1
        self._put("quote", "demo", self._items(position, ticks), id=f"ticks-{position}")
        self._position.set(position + ticks)
        return 0.0 if missing > 0 else self._interval

    def _history_message(self, number: int) -> list[dict[str, object]] | None:
        """Return a message of the history, None behind the last one. Numbers do not go back."""
        while self._read <= number:
            self._newest = next(self._history, None)
            self._read += 1
        return self._newest

    def _items(self, position: int, ticks: int) -> list[dict[str, object]]:
        return [
            quote_item(quote, info)
            for quote, film in self._films.items()
            for info in islice(replay(film, position), ticks)
        ]


def _ticks_of(day: QuoteInfo) -> Film:
    """Return price and volume of four ticks: the open, the turn against the day's direction, the turn with it, the
    close.
    """
    opened, close, low, high, volume = (value for value in day.point[1:] if not isinstance(value, str))
    prices = (opened, low, high, close) if close >= opened else (opened, high, low, close)
    quarter = volume // TICKS_PER_DAY
    volumes = (quarter, quarter, quarter, volume - 3 * quarter)
    return tuple(zip(prices, volumes, strict=True))
