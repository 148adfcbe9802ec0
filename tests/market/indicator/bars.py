"""Bars for tests of indicators: a wave, random ones, and years of real days."""

import csv
import math
import random
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from rtserver.market.indicator.indicator import parse_indicator
from rtserver.market.indicator.indicator_line import Cells, IndicatorLine
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number

REGISTRY = IndicatorRegistry()
QUOTES = Path(__file__).parents[3] / "rtserver" / "service" / "quote" / "data" / "quotes"
WAVE = [100 + 10 * math.sin(index / 3) + index % 5 for index in range(120)]


def bar(close: Number, volume: Number | None = None, *, group: int = 0) -> Bar:
    """A bar around ``close``: low and high are two below and three above."""
    low, high = close - 2, close + 3
    turnover = None if volume is None else volume * (low + high + close) / 3
    return Bar(0, close - 1, close, low, high, volume, turnover, group)


def wave(count: int = 120) -> list[Bar]:
    return [bar(WAVE[index % 120], index % 7) for index in range(count)]


def walk(count: int, seed: int = 1) -> list[Bar]:
    """A random walk, with a group for each hundred bars."""
    dice, price, bars = random.Random(seed), 100.0, []
    for index in range(count):
        opened, price = price, max(1.0, price + dice.gauss(0, 1))
        low, high = min(opened, price) - dice.random(), max(opened, price) + dice.random()
        volume = dice.randint(0, 900)
        bars.append(Bar(index, opened, price, low, high, volume, volume * (low + high + price) / 3, index // 100))
    return bars


@cache
def days(symbol: str) -> tuple[Bar, ...]:
    """The daily bars of a shipped stock, all of one group."""
    with (QUOTES / f"{symbol}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_day(row) for row in csv.DictReader(file))


def _day(row: dict[str, str]) -> Bar:
    opened, high, low, close = (float(row[name]) for name in ("Open", "High", "Low", "Close"))
    volume = int(row["Volume"])
    return Bar(row["Date"], opened, close, low, high, volume, volume * (low + high + close) / 3, 0)


def line_of(text: str) -> IndicatorLine:
    return parse_indicator(text, REGISTRY).line()


def cells_of(text: str, bars: Iterable[Bar]) -> list[Cells]:
    """The cells after each bar, one step per bar."""
    line = line_of(text)
    return [line.step(each) for each in bars]


def of_closes(text: str, closes: Sequence[Number]) -> list[Cells]:
    return cells_of(text, [bar(close) for close in closes])
