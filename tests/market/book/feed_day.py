"""Random days of one quote as its feed sends them: late, out of order, twice, in bars that grow; and the bars they
make by a plain batch computation.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd
from hypothesis import strategies as st

from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.book.tick import BadTime, Tick
from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.period import DAY, MINUTE, Period
from tests.market.book.ticks import bar, price

LATE_MS = 60_000


class Sent(NamedTuple):
    """A tick and the server's clock at its arrival."""

    tick: Tick
    now_ms: int


PRICES = st.one_of(st.integers(1, 50), st.integers(100, 5_000).map(lambda cents: cents / 100))
VOLUMES = st.one_of(st.none(), st.integers(0, 9))
STEPS = st.one_of(st.just(0), st.integers(0, 5_000), st.integers(0, 90_000), st.integers(0, 7 * 3_600_000))
DELAYS = st.one_of(st.just(0), st.just(0), st.integers(0, LATE_MS))


@st.composite
def prices(draw: st.DrawFn, time: int) -> list[Sent]:
    return [Sent(price(time, draw(PRICES), draw(VOLUMES)), time + draw(DELAYS))]


@st.composite
def bars(draw: st.DrawFn, time: int) -> list[Sent]:
    """A bar that is sent up to three times, with any other values."""
    sent = []
    for delay in draw(st.lists(DELAYS, min_size=1, max_size=3)):
        four = sorted(draw(st.lists(PRICES, min_size=4, max_size=4)))
        low, one, other, high = four
        opened, close = draw(st.sampled_from([(one, other), (other, one)]))
        sent.append(Sent(bar(time, opened, close, low, high, draw(VOLUMES)), time + delay))
    return sent


@st.composite
def feeds(draw: st.DrawFn, start: int, most: int = 60) -> list[Sent]:
    """The ticks of a feed from a moment on, in the order of their arrival, none later than ``LATE_MS``."""
    sent: list[Sent] = []
    time = start
    for step in draw(st.lists(STEPS, min_size=1, max_size=most)):
        time += step
        sent += draw(st.one_of(prices(time), prices(time), bars(time)))
    return sorted(sent, key=lambda each: each.now_ms)


def play(book: QuoteBook, sent: Iterable[Sent]) -> None:
    for tick, now_ms in sent:
        checked = book.check(tick, now_ms)
        assert checked is not None
        book.take(checked)


def append(book: QuoteBook, sent: Iterable[Sent]) -> list[object]:
    """Return a book's answer to each tick; it takes prices as prices where it can."""
    said: list[object] = []
    for each in sent:
        tick, now_ms = each
        is_price = not tick.is_bar and isinstance(tick.label, int)
        is_taken = is_price and book.append((tick.time, tick.close, tick.volume), now_ms)
        said += [None] if is_taken else answers(book, [each])
    return said


def answers(book: QuoteBook, sent: Iterable[Sent]) -> list[object]:
    """Return a book's answer to each tick, a refusal included."""
    said: list[object] = []
    for tick, now_ms in sent:
        try:
            checked = book.check(tick, now_ms)
        except BadTime as error:
            said.append(str(error))
        else:
            said.append(checked and book.take(checked))
    return said


def counted(sent: Iterable[Sent]) -> list[Tick]:
    """The ticks that count, in the order of their times: of a bar that was sent again the last one."""
    newest: dict[object, Tick] = {}
    for number, (tick, _) in enumerate(sent):
        key = (tick.time, "bar") if tick.is_bar else number
        newest.pop(key, None)
        newest[key] = tick
    return sorted(newest.values(), key=lambda tick: tick.time)


def batch(sent: Sequence[Sent], period: Period, calendar: Calendar = CONTINUOUS) -> list[tuple[object, ...]]:
    """The bars by pandas: label, open, close, low, high, volume, turnover."""
    ticks = counted(sent)
    frame = pd.DataFrame(
        {
            "label": [period.bar_at(calendar, tick.time).label for tick in ticks],
            "open": [tick.open for tick in ticks],
            "close": [tick.close for tick in ticks],
            "low": [tick.low for tick in ticks],
            "high": [tick.high for tick in ticks],
            "volume": pd.array([tick.volume for tick in ticks], dtype="Float64"),
            "turnover": pd.array([tick.value for tick in ticks], dtype="Float64"),
        }
    )
    groups = frame.groupby("label")
    made = groups.agg({"open": "first", "close": "last", "low": "min", "high": "max"})
    made[["volume", "turnover"]] = groups[["volume", "turnover"]].sum(min_count=1)
    return [rounded(row) for row in made.itertuples()]


def made(book: QuoteBook, period: Period) -> list[tuple[object, ...]]:
    """The bars of a book, as ``batch`` has them."""
    assert period.base is not None
    return [
        rounded((each.label, each.open, each.close, each.low, each.high, each.volume, each.turnover))
        for each in book.bars.read(period.base)
    ]


def rounded(row: Iterable[object]) -> tuple[object, ...]:
    return tuple(
        None if pd.isna(value) else round(float(value), 6)  # type: ignore[call-overload,arg-type]
        for value in row
    )


BASES = (MINUTE, DAY)
