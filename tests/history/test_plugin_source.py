"""History of a plug-in: rows of many kinds, nonsense that is named, and one that is slow or fails."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import gevent
import gevent.event
import pytest

from rtserver.history.bar_row import BadRow, Row, SourcePart, bar_of, bars_of
from rtserver.history.history_reader import HistoryReader
from rtserver.history.memory_history import MemoryHistory
from rtserver.history.plugin_source import AT_ONCE, PluginSource
from rtserver.history.port import HistoryError, HistoryPart, HistoryRange
from rtserver.market.calendar.calendar import CONTINUOUS
from rtserver.market.market_bar import Bar
from rtserver.market.period import Base
from tests.history.bar_maker import DAY, MINUTE, MONDAY, QUOTE, minute_bars

AT = MONDAY * DAY
PRICES = (100.5, 101, 100, 102)


class Means:
    """Greenlets, and time that the test moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def offload(self, fn: Callable[..., Any], /, *args: object) -> Any:
        return fn(*args)

    def start(self, run: Callable[[], object]) -> object:
        return gevent.spawn(run)

    def event(self) -> Any:
        return gevent.event.Event()

    def now(self) -> float:
        return self.time


class Shop:
    """A plug-in that gives what the test says."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[HistoryRange] = []
        self.go_on = gevent.event.Event()
        self.go_on.set()

    def read(self, wanted: HistoryRange) -> SourcePart | Iterable[Row]:
        self.asked.append(wanted)
        self.go_on.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        found: SourcePart | Iterable[Row] = self.answer
        return found


def source_of(shop: Any, means: Means | None = None, seconds: float = 10.0) -> PluginSource:
    return PluginSource(shop, means or Means(), lambda _exchange: CONTINUOUS, seconds=seconds)


def asked(
    start: int | None = None, end: int | None = None, limit: int | None = None, base: Base = "1m"
) -> HistoryRange:
    return HistoryRange(QUOTE, base, start, end, limit)


def rows(count: int) -> list[Row]:
    return [(AT + n * MINUTE, *PRICES, 5) for n in range(count)]


@pytest.mark.parametrize(
    ("row", "base", "bar"),
    [
        ((AT, 1, 2, 1, 3, 4), "1m", Bar(AT, 1, 2, 1, 3, 4, None, MONDAY, AT)),
        ([float(AT), 1, 2, 1, 3, None, 9.5], "1m", Bar(AT, 1, 2, 1, 3, None, 9.5, MONDAY, AT)),
        ((datetime(2026, 1, 5, tzinfo=UTC), 1, 2, 1, 3, 4), "1m", Bar(AT, 1, 2, 1, 3, 4, None, MONDAY, AT)),
        (
            (date(2026, 1, 5), *map(Decimal, ("1.5", "2", "1", "3")), 4),
            "1d",
            Bar(AT, 1.5, 2, 1, 3, 4, None, 2026, AT),
        ),
        (Bar(AT, 1, 2, 1, 3, 4, 5, 77, 78), "1d", Bar(AT, 1, 2, 1, 3, 4, 5, 2026, AT)),
    ],
)
def test_rows_of_every_kind_become_bars(row: Row, base: Base, bar: Bar) -> None:
    assert bar_of(row, base, CONTINUOUS) == bar


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ((AT, 1, 2, 1, 3), r"\(\d+, 1, 2, 1, 3\) is no \(label, open, close, low, high, volume\[, turnover\]\)"),
        (5, "5 is no"),
        ((AT + 1, 1, 2, 1, 3, 4), "is not the start of a minute"),
        (("soon", 1, 2, 1, 3, 4), "the label 'soon' is no epoch time in milliseconds"),
        ((True, 1, 2, 1, 3, 4), "the label 'True' is no epoch time"),
        ((10**18, 1, 2, 1, 3, 4), "is no epoch time"),
        ((datetime(2026, 1, 5), 1, 2, 1, 3, 4), "names no time zone"),
        ((AT, float("nan"), 2, 1, 3, 4), "open 'nan' is not a number between -1e\\+15 and 1e\\+15"),
        ((AT, 1, None, 1, 3, 4), "close 'None' is not a number"),
        ((AT, 1, 2, 1, float("inf"), 4), "high 'inf' is not a number"),
        ((AT, 1, 5, 1, 3, 4), "open 1 and close 5 are not between low 1 and high 3"),
        ((AT, 1, 2, 1, 3, -4), "volume -4 is negative"),
        ((AT, 1, 2, 1, 3, "many"), "volume 'many' is not a number"),
    ],
)
def test_a_row_that_is_no_bar_is_named_with_its_fault(row: Any, fault: str) -> None:
    with pytest.raises(BadRow, match=f"row 3: .*{fault}"):
        list(bars_of([*rows(2), row], "1m", CONTINUOUS))


def test_a_day_is_labelled_with_midnight() -> None:
    with pytest.raises(BadRow, match="of a day is not midnight in UTC"):
        bar_of((AT + 3_600_000, 1, 1, 1, 1, 1), "1d", CONTINUOUS)


@pytest.mark.parametrize(
    ("answer", "wanted", "fault"),
    [
        (rows(3)[::-1], asked(), r"row 2: the label \d+ does not come after \d+, the one before it"),
        (rows(1) * 2, asked(), r"row 2: the label \d+ does not come after"),
        (rows(3), asked(start=AT + MINUTE), r"lies before the range, which begins at \d+"),
        (rows(3), asked(end=AT + MINUTE), r"lies behind the range, which ends before \d+"),
        ([(AT, float("nan"), 1, 1, 1, 1)], asked(), "row 1: open 'nan' is not a number"),
    ],
)
def test_an_answer_that_is_wrong_is_an_error_that_names_the_fault(
    answer: Any, wanted: HistoryRange, fault: str
) -> None:
    source = source_of(Shop(answer))
    with pytest.raises(HistoryError, match=f"the source gave what is no bar: .*{fault}"):
        source.read(wanted)
    assert (source.calls, source.failures) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "wanted", "part"),
    [
        (rows(3), asked(), HistoryPart([*bars_of(rows(3), "1m", CONTINUOUS)])),
        (iter(rows(3)), asked(limit=4), HistoryPart([*bars_of(rows(3), "1m", CONTINUOUS)])),
        (rows(3), asked(limit=3), HistoryPart([*bars_of(rows(3), "1m", CONTINUOUS)], has_older=True)),
        (rows(3), asked(start=AT), HistoryPart([*bars_of(rows(3), "1m", CONTINUOUS)], has_older=True)),
        (rows(3), asked(limit=2), HistoryPart([*bars_of(rows(3)[1:], "1m", CONTINUOUS)], has_older=True)),
        (
            SourcePart(minute_bars(MONDAY, [1]), False, True),
            asked(limit=1),
            HistoryPart(minute_bars(MONDAY, [1]), False, True),
        ),
    ],
)
def test_an_answer_is_rows_or_a_part(answer: Any, wanted: HistoryRange, part: HistoryPart) -> None:
    assert source_of(Shop(answer)).read(wanted) == part


def test_a_plug_in_that_raises_is_an_error_with_its_words(caplog: pytest.LogCaptureFixture) -> None:
    source = source_of(Shop(RuntimeError("no such table: prices")))
    with pytest.raises(HistoryError, match="the source failed: RuntimeError: no such table: prices"):
        source.read(asked())
    assert "Traceback" in caplog.text
    with pytest.raises(HistoryError):
        source.read(asked())


def test_an_answer_is_kept_for_a_minute() -> None:
    shop, means = Shop(rows(3)), Means()
    source = source_of(shop, means)
    first = source.read(asked())
    assert source.read(asked()) is first
    means.time = 61
    source.read(asked())
    assert len(shop.asked) == 2


@pytest.fixture
def readers() -> Iterator[list[gevent.Greenlet]]:
    spawned: list[gevent.Greenlet] = []
    yield spawned
    gevent.killall(spawned)


def test_a_slow_plug_in_costs_an_error_and_its_answer_is_there_for_the_next(readers: list[gevent.Greenlet]) -> None:
    shop = Shop(rows(3))
    shop.go_on.clear()
    source = source_of(shop, seconds=0.01)
    with pytest.raises(HistoryError, match=r"the source has not answered in 0\.01 s"):
        source.read(asked())
    shop.go_on.set()
    gevent.idle()
    assert len(source.read(asked()).bars) == 3
    assert len(shop.asked) == 1


def test_a_few_calls_are_made_at_a_time(readers: list[gevent.Greenlet]) -> None:
    shop = Shop(rows(3))
    shop.go_on.clear()
    source = source_of(shop)
    readers += [gevent.spawn(source.read, asked(limit=n)) for n in range(5, 5 + 3 * AT_ONCE)]
    gevent.idle()
    assert len(shop.asked) == AT_ONCE
    shop.go_on.set()
    assert [len(each.get(timeout=10).bars) for each in readers] == [3] * 3 * AT_ONCE


def test_it_is_what_lies_behind_the_store() -> None:
    store = MemoryHistory()
    store.write(QUOTE, "1m", minute_bars(MONDAY, range(2, 4)))
    reader = HistoryReader(store, source_of(Shop(rows(2))), event=gevent.event.Event)
    part = reader.read(asked(limit=4))
    assert [bar.time for bar in part.bars] == [AT + n * MINUTE for n in range(4)]
