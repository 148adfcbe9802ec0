"""A market with a night session and a lunch break, and the right numbers of it in plain lists and formulas.

Nothing here is the code's: neither calendar nor bars nor indicators. The hours are those of the Shanghai Futures
Exchange, from the 5th of January 2026 on, as if it had no holidays.
"""

import math
import random
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple, TypeAlias

from tests.service.quote.trading import DAY_MS, MINUTE_MS, MONDAY_MS, Market, Point

HOUR_MS = 60 * MINUTE_MS
ZONE_MS = 8 * HOUR_MS
MARKET_DAYS = 365  # more than a random market trades
HOURS = ((-3, 2.5), (9, 10.25), (10.5, 11.5), (13.5, 15))
"""Sessions of a trading day, in hours of local time; the night's are behind the midnight after the day before."""

Cell: TypeAlias = float | None


class Session(NamedTuple):
    """A session: its begin and end in epoch milliseconds, and midnight in UTC of its trading day."""

    begin: int
    end: int
    day: int


def _sessions() -> Iterator[Session]:
    for number in range(MARKET_DAYS):
        day = MONDAY_MS + number * DAY_MS
        if number % 7 > 4:
            continue
        for place, (begin, end) in enumerate(HOURS):
            # The night of a Monday is that of the Friday before.
            midnight = day - ZONE_MS - (2 * DAY_MS if place == 0 and number % 7 == 0 else 0)
            yield Session(midnight + round(begin * HOUR_MS), midnight + round(end * HOUR_MS), day)


SESSIONS = tuple(_sessions())


def session_at(time_ms: int) -> Session:
    """Return the session of a moment, or the next one."""
    return SESSIONS[bisect(SESSIONS, time_ms, key=lambda each: each.end)]


class SessionMarket(Market):
    """A market that is open in sessions. Now and then there is a tick of another quote."""

    def __init__(self, chance: random.Random, stretch: int) -> None:
        super().__init__(chance, stretch)
        self.now_ms = SESSIONS[1].begin

    def trade(self) -> None:
        super().trade()
        if self._chance.random() < 0.3:
            self.now_ms = self._opened(self.now_ms + 2 * MINUTE_MS)
            item = {"quote": "X:OTHER", "info": {"point": [self.now_ms, 1]}}
            self.entries.append((f"{self.now_ms}-{len(self.entries)}", [item]))

    def _opened(self, time_ms: int) -> int:
        return max(time_ms, session_at(time_ms).begin)

    def _time(self, lateness: int) -> int:
        """Return a time within a session, which may be late or impossible."""
        time = self.now_ms - lateness
        return time if session_at(time).begin <= time else self.now_ms


class PlainBar(NamedTuple):
    """A bar. Cumulative indicators begin anew with each ``group``."""

    label: int
    open: float
    close: float
    low: float
    high: float
    volume: float | None
    turnover: float | None
    group: int


def bars_of(points: Sequence[Point], period: float | str) -> list[PlainBar]:
    """Return the bars of all ticks."""

    def label_of(point: Point) -> int:
        day = session_at(point.time).day
        if period == "1d":
            return day
        if period == "1w":
            return day - (day - MONDAY_MS) % (7 * DAY_MS)
        return point.time if period == 0 else point.time - point.time % round(float(period) * 1000)

    def bar_of(label: int, ticks: Sequence[Point]) -> PlainBar:
        prices = [tick.price for tick in (ticks if period else ticks[-1:])]
        traded = [(tick.price, tick.volume) for tick in ticks if tick.volume is not None]
        volume = sum(size for _, size in traded) if traded else None
        turnover = sum(price * size for price, size in traded) if traded else None
        group = 2026 if isinstance(period, str) else session_at(ticks[0].time).day
        return PlainBar(label, prices[0], prices[-1], min(prices), max(prices), volume, turnover, group)

    ordered = sorted(points, key=lambda point: point.time)
    return [bar_of(label, list(ticks)) for label, ticks in groupby(ordered, label_of)]


def rows_of(bars: Sequence[PlainBar]) -> list[tuple[Any, ...]]:
    """Return the rows of bars, with the cells of ``FORMULAS``."""
    columns = [column for formula in FORMULAS.values() for column in formula(bars)]
    return [(*bar[:6], *cells) for bar, cells in zip(bars, zip(*columns, strict=True), strict=True)]


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def moving(values: Sequence[float], period: int) -> list[Cell]:
    return [None if n + 1 < period else mean(values[n + 1 - period : n + 1]) for n in range(len(values))]


def fading(values: Sequence[Cell], period: int, weight: float) -> list[Cell]:
    """Return averages that begin as the mean of the first ``period`` values, after some None."""
    averages: list[Cell] = []
    begun: list[float] = []
    for value in values:
        if value is None:
            averages.append(None)
            continue
        begun.append(value)
        if len(begun) < period:
            averages.append(None)
        elif len(begun) == period:
            averages.append(mean(begun))
        else:
            before = averages[-1]
            assert before is not None
            averages.append(before + weight * (value - before))
    return averages


def minus(ones: Sequence[Cell], others: Sequence[Cell]) -> list[Cell]:
    return [None if one is None or other is None else one - other for one, other in zip(ones, others, strict=True)]


def closes(bars: Sequence[PlainBar]) -> list[float]:
    return [bar.close for bar in bars]


def boll(bars: Sequence[PlainBar]) -> list[list[Cell]]:
    upper: list[Cell] = []
    middle = moving(closes(bars), 4)
    lower: list[Cell] = []
    for place, average in enumerate(middle):
        if average is None:
            upper.append(None)
            lower.append(None)
            continue
        apart = 2 * math.sqrt(mean([(bar.close - average) ** 2 for bar in bars[place - 3 : place + 1]]))
        upper.append(average + apart)
        lower.append(average - apart)
    return [upper, middle, lower]


def rsi(bars: Sequence[PlainBar]) -> list[list[Cell]]:
    changes = [later.close - bar.close for bar, later in pairwise(bars)]
    gains = fading([None, *(max(change, 0) for change in changes)], 3, 1 / 3)
    losses = fading([None, *(max(-change, 0) for change in changes)], 3, 1 / 3)
    return [
        [
            None if gain is None or loss is None else 100 if loss == 0 else 100 * gain / (gain + loss)
            for gain, loss in zip(gains, losses, strict=True)
        ]
    ]


def macd(bars: Sequence[PlainBar]) -> list[list[Cell]]:
    prices = closes(bars)
    line = minus(fading(prices, 2, 2 / 3), fading(prices, 4, 2 / 5))
    signal = fading(line, 2, 2 / 3)
    # Without a signal there is a line all the same.
    return [line, signal, minus(line, signal)]


def vwap(bars: Sequence[PlainBar]) -> list[list[Cell]]:
    cells: list[Cell] = []
    for place, bar in enumerate(bars):
        so_far = [each for each in bars[: place + 1] if each.group == bar.group and each.volume is not None]
        volume = math.fsum(each.volume or 0 for each in so_far)
        cells.append(math.fsum(each.turnover or 0 for each in so_far) / volume if volume else None)
    return [cells]


FORMULAS: dict[str, Callable[[Sequence[PlainBar]], list[list[Cell]]]] = {
    "sma:3": lambda bars: [moving(closes(bars), 3)],
    "ema:3": lambda bars: [fading(closes(bars), 3, 1 / 2)],
    "vwap": vwap,
    "boll:4:2": boll,
    "rsi:3": rsi,
    "macd:2:4:2": macd,
}
