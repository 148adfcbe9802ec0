"""Everybody sees the same numbers, whenever he comes and whoever serves him: those of one batch over all ticks.

Random days with late, repeated and impossible ticks; three workers on one store, which restart and take turns as the
writer; viewers who come and go at any time. On every other day, all work is done in slices of one step, with messages
in between. ``MARKET_DAYS`` is the number of days, 200 in ``make test-all``.
"""

import os
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from rtserver.market.calendar.calendar_table import read_calendar
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.market.indicator.indicator_line import WHOLE_GROUP, IndicatorLine
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.market.market_bar import Bar
from rtserver.service.quote.feed_request import COLUMNS
from tests.service.quote.plain_batch import FORMULAS, SessionMarket, bars_of, rows_of
from tests.service.quote.trading import (
    MINUTE_MS,
    QUOTE,
    Batch,
    Market,
    Point,
    Store,
    Worker,
    batch_rows,
    lines_of,
)
from tests.service.quote.viewer import Viewer, is_same

DAYS = int(os.environ.get("MARKET_DAYS", "10"))
PERIODS: tuple[float | str, ...] = (0, 1, 7, 30, 60, 90, 300, "1d", "1w", "1M")
OF_TICKS = {0, 1, 7, 30, 90}
NAMES = IndicatorRegistry().names
SESSION_DAYS = 2 * DAYS
SESSION_PERIODS: tuple[float | str, ...] = (0, 30, 60, 300, 900, "1d", "1w")
SESSIONS = ["09:00-10:15", "10:30-11:30", "13:30-15:00"]
TABLE = {"zone": "Asia/Shanghai", "night": ["21:00-02:30"], "sessions": SESSIONS}
CALENDARS = ExchangeCalendars({"X": read_calendar("X", TABLE)})


@pytest.mark.parametrize("seed", range(DAYS))
def test_every_picture_and_what_follows_is_the_batch(seed: int, request: pytest.FixtureRequest) -> None:
    if seed % 2:
        request.getfixturevalue("short_slices")
    chance = random.Random(seed)
    # A tail has more than the time by which a tick may be late.
    tail_ticks, rows, stretch = chance.choice([(100_000, 100_000, 300), (60, 400, 20_000), (500, 50, 3_000)])
    market, store = Market(chance, stretch), Store()
    chooses = seed % 4 < 2
    workers = [Worker(store, tail_ticks, rows, chooses=chooses) for _ in range(3)]
    number = 0
    for _ in range(chance.choice([30, 80])):
        market.trade()
        for place, worker in enumerate(workers):
            match chance.randrange(12):
                case 0 | 1 | 2 | 3 | 4:
                    worker.follow(market.entries, chance.choice([1, 3, 100]))
                case 5 | 6:
                    number += 1
                    worker.subscribe((number, place), request_of(chance))
                case 7 if worker.asked:
                    worker.leave(chance.choice(list(worker.asked)))
                case 8 | 9:
                    worker.run_timers()
                case 10:
                    store.holders["writer"] = chance.choice(workers)
                    worker.writer.write()
                case 11 if chance.random() < 0.3:
                    workers[place] = Worker(store, tail_ticks, rows, chooses=chooses)
                case _:
                    worker.writer.write()
    batch = Batch(market.accepted)
    for worker in workers:
        worker.follow(market.entries, 10_000)
        worker.finish()
        for viewer in worker.asked:
            check(worker.viewers[viewer], worker.asked[viewer], batch, rows, comes_back=chooses)


def request_of(chance: random.Random) -> dict[str, Any]:
    names = chance.sample(NAMES, 3)
    return {"quote": QUOTE, "period": chance.choice(PERIODS), "indicators": [*names, "sma:3", "vwap"]}


def check(viewer: Viewer, request: dict[str, Any], batch: Batch, most_rows: int, *, comes_back: bool = False) -> None:
    """Compare a viewer's rows with the batch's, of which they are the last ones.

    A quote that ``comes_back`` has its older minutes in the store alone. Where a feed of ticks is computed slower
    than the tail loses them, it cannot join the two, and shows no sums of the day.
    """
    assert viewer.seq == len(batch.points)
    bars = batch.bars(request["period"])
    whole = batch_rows(bars, request["indicators"])
    ours = viewer.rows
    first = len(whole) - len(ours)
    assert [row[0] for row in ours] == [row[0] for row in whole[first:]]
    if request["period"] in OF_TICKS:
        assert ours[-1][:6] == pytest.approx(whole[-1][:6])
        unknown = list(unknown_cells(bars[first:], request["indicators"], may_lack_sums=comes_back))
    else:
        assert len(ours) >= min(len(whole), most_rows)
        unknown = [frozenset()] * len(ours)
    for row, right, empty in zip(ours, whole[first:], unknown, strict=True):
        shown = tuple(None if cell in empty and row[cell] is None else value for cell, value in enumerate(right))
        assert is_same(row, shown), (request, row, right)


def unknown_cells(bars: Sequence[Bar], texts: Sequence[str], *, may_lack_sums: bool) -> Iterator[frozenset[int]]:
    """Yield for each bar the cells that depend on what a cut tail of ticks may have had before the first one."""
    lines = lines_of(texts)
    for place, bar in enumerate(bars):
        cells: set[int] = set()
        column = len(COLUMNS)
        for line in lines:
            if (may_lack_sums and line.merges) or is_unknown(line, place, bar, bars[0]):
                cells.update(range(column, column + len(line.outputs)))
            column += len(line.outputs)
        yield frozenset(cells)


def is_unknown(line: IndicatorLine, place: int, bar: Bar, first: Bar) -> bool:
    if line.reach is None:
        return True
    if line.reach != WHOLE_GROUP:
        return place + 1 < line.reach
    if line.merges:  # known from the first whole minute on
        return bar.time // MINUTE_MS <= first.time // MINUTE_MS + 1
    return bar.group == first.group


@pytest.mark.parametrize("seed", range(SESSION_DAYS))
def test_sessions_budgets_and_shares_of_users_change_no_number(seed: int) -> None:
    chance = random.Random(seed)
    tail_ticks, rows, stretch = chance.choice([(100_000, 100_000, 2_000), (500, 60, 60_000), (500, 400, 900_000)])
    bounds = {
        "chooses": seed % 4 < 2,
        "calendars": CALENDARS,
        "history_bytes": chance.choice([0, 20_000, 40_000]),
        "max_quotes": 1,
    }
    market, store = SessionMarket(chance, stretch), Store()
    workers = [Worker(store, tail_ticks, rows, **bounds) for _ in range(2)]
    for number in range(80):
        market.trade()
        for place, worker in enumerate(workers):
            match chance.randrange(10):
                case 0 | 1 | 2:
                    worker.follow(market.entries, chance.choice([1, 3, 100]))
                case 3:
                    request = {"quote": QUOTE, "period": chance.choice(SESSION_PERIODS), "indicators": [*FORMULAS]}
                    worker.subscribe((number, place), request)
                case 4 if worker.asked and chance.random() < 0.3:
                    worker.leave(chance.choice(list(worker.asked)))
                case 5 | 6:
                    worker.run_timers()
                case 7:
                    store.holders["writer"] = chance.choice(workers)
                    worker.writer.write()
                case 8 if chance.random() < 0.1:
                    workers[place] = Worker(store, tail_ticks, rows, **bounds)
                case _:
                    worker.writer.write()
    for worker in workers:
        worker.follow(market.entries, 10_000)
        for _ in range(100):
            worker.clock += 1
            worker.run_timers()
        for viewer in worker.asked:
            check_plainly(worker.viewers[viewer], worker.asked[viewer]["period"], market.accepted, rows)


def check_plainly(viewer: Viewer, period: float | str, points: Sequence[Point], most_rows: int) -> None:
    """Compare a viewer's rows with formulas. Charts of ticks may begin later, with empty cells, but not be wrong."""
    whole = rows_of(bars_of(points, period))
    assert viewer.seq == len(points)
    ours = viewer.rows
    if period not in OF_TICKS:
        assert len(ours) >= min(len(whole), most_rows)
    for row, right in zip(ours, whole[len(whole) - len(ours) :], strict=True):
        is_lenient = period in OF_TICKS
        shown = tuple(None if is_lenient and mine is None else cell for mine, cell in zip(row, right, strict=True))
        assert is_same(row, shown, 1e-8), (period, row, right)
