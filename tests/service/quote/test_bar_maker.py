"""Bars that are made of many base bars at once are those that are made one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.book.growing_bar import GrowingBar
from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.calendar.calendar_table import read_calendar
from rtserver.market.market_bar import Bar
from rtserver.market.period import MINUTE, BarSpan, parse_period
from rtserver.service.quote.bar_maker import BaseMaker, BegunBar

MONDAY_MS = 1_767_571_200_000  # 2026-01-05T00:00Z
AMOUNTS = st.one_of(st.none(), st.integers(0, 2**62), st.floats(0, 1e6))
STEPS = st.lists(st.tuples(st.integers(1, 400), st.floats(1, 9), AMOUNTS, AMOUNTS), min_size=1, max_size=60)


def no_ticks(span: BarSpan) -> GrowingBar | None:
    raise AssertionError("there are no ticks")


def maker_of(period: str, calendar: Calendar) -> BaseMaker:
    return BaseMaker(parse_period(period), calendar, lambda span: span.label, no_ticks)


@pytest.mark.parametrize("period", ["1m", "5m", "1h", "4h"])
@pytest.mark.parametrize(
    "calendar", [CONTINUOUS, read_calendar("SHFE", {"calendar": "SHFE"})], ids=["always", "sessions"]
)
@given(steps=STEPS, portion=st.integers(1, 60))
def test_bars_made_at_once_are_those_made_one_by_one(
    period: str, calendar: Calendar, steps: list[tuple[int, float, float | None, float | None]], portion: int
) -> None:
    bars, time = [], MONDAY_MS
    for minutes, price, volume, turnover in steps:
        span = MINUTE.bar_at(calendar, time := time + minutes * 60_000)
        if not bars or bars[-1].label < span.label:
            bars.append(Bar(span.label, price, price + 1, 1, 20, volume, turnover, span.group, span.time))
    one, many = maker_of(period, calendar), maker_of(period, calendar)
    singly: list[BegunBar] = []
    for bar in bars:
        begin, ended = one.begin_ms, one.add(bar)
        if ended is not None:
            singly.append(BegunBar(begin, ended))
    at_once = [each for place in range(0, len(bars), portion) for each in many.add_all(bars[place : place + portion])]
    assert at_once == singly
    assert (many.begin_ms, many.bar) == (one.begin_ms, one.bar)


def test_a_base_bar_of_the_same_period_is_the_bar() -> None:
    bars = [Bar(time, 1, 2, 1, 2, None, None, 0, time) for time in range(0, 300_000, 60_000)]
    maker = maker_of("1m", CONTINUOUS)
    made = [each.bar for each in maker.add_all(bars)]
    assert all(one is other for one, other in zip([*made, maker.bar], bars, strict=True))
