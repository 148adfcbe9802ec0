"""The contract of every store of history: one suite for that in Redis and for its twin."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest

from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.history.memory_history import MemoryHistory, MemoryStates
from rtserver.history.port import (
    HistoryError,
    HistoryPart,
    HistoryRange,
    HistoryStore,
    QuoteState,
    QuoteStates,
    StateChange,
)
from rtserver.history.redis_history import RedisHistory
from rtserver.history.redis_states import RedisStates
from rtserver.market.market_bar import Bar
from rtserver.market.period import Base
from tcelib.redis.redis_connection import RedisClient
from tests.history.bar_maker import DAY, MINUTE, MONDAY, QUOTE, day_bar, minute_bar, minute_bars


class Stored(NamedTuple):
    """One history, as a worker has it."""

    bars: HistoryStore
    states: QuoteStates


Build = Callable[[], Stored]
OTHER = "NYSE:A/2024:1"


@pytest.fixture(params=["memory", "redis"])
def build(request: pytest.FixtureRequest) -> Iterator[Build]:
    """Makes stores of one queue, which see what the others wrote."""
    twin = MemoryHistory()
    stored = Stored(twin, MemoryStates(twin))
    clients: list[RedisClient] = []

    def build_redis() -> Stored:
        clients.append(plain_client(request.getfixturevalue("redis_url")))
        history = RedisHistory(clients[-1], "queue:test")
        return Stored(history, RedisStates(history, RedisQueue(clients[-1], "queue:test")))

    yield build_redis if request.param == "redis" else lambda: stored
    for client in clients:
        client.close()


def labels(part: HistoryPart) -> list[object]:
    return [bar.label for bar in part.bars]


def all_of(base: Base = "1m", quote: str = QUOTE) -> HistoryRange:
    return HistoryRange(quote, base)


def test_an_empty_store_has_nothing_and_lost_nothing(build: Build) -> None:
    store = build()
    assert store.bars.read(all_of()) == HistoryPart([], False, False)
    assert store.bars.quotes() == []
    assert store.bars.info(QUOTE, "1m") is None
    assert store.bars.prune(QUOTE, "1m", 10**13) == 0
    store.bars.write(QUOTE, "1m", [])
    assert store.bars.quotes() == []


def test_bars_come_back_in_order_whatever_the_order_in_which_they_were_written(build: Build) -> None:
    bars = minute_bars(MONDAY, range(10)) + minute_bars(MONDAY + 1, range(5))
    build().bars.write(QUOTE, "1m", bars[7:])
    build().bars.write(QUOTE, "1m", bars[3:8])
    build().bars.write(QUOTE, "1m", bars[:3])
    assert build().bars.read(all_of()) == HistoryPart(bars)


def test_a_bar_of_a_stored_label_replaces_it(build: Build) -> None:
    store = build()
    bars = minute_bars(MONDAY, range(3))
    corrected = minute_bar(MONDAY, 1, 7.25)
    store.bars.write(QUOTE, "1m", bars)
    store.bars.write(QUOTE, "1m", [corrected])
    store.bars.write(QUOTE, "1m", [corrected])
    assert store.bars.read(all_of()).bars == [bars[0], corrected, bars[2]]


def test_the_last_bar_of_a_label_counts_within_one_write(build: Build) -> None:
    store = build()
    store.bars.write(QUOTE, "1m", [minute_bar(MONDAY, 1, 7), minute_bar(MONDAY, 1, 8)])
    assert store.bars.read(all_of()).bars == [minute_bar(MONDAY, 1, 8)]


def test_quotes_and_base_periods_are_apart(build: Build) -> None:
    store = build()
    store.bars.write(QUOTE, "1m", minute_bars(MONDAY, [1]))
    store.bars.write(QUOTE, "1d", [day_bar(MONDAY, 2026)])
    store.bars.write(OTHER, "1d", [day_bar(MONDAY, 2026, 9)])
    assert store.bars.read(all_of("1m")).bars == minute_bars(MONDAY, [1])
    assert store.bars.read(all_of("1d")).bars == [day_bar(MONDAY, 2026)]
    assert store.bars.read(all_of("1d", OTHER)).bars == [day_bar(MONDAY, 2026, 9)]
    assert store.bars.read(all_of("1m", OTHER)).bars == []
    assert store.bars.quotes() == sorted([QUOTE, OTHER])


@pytest.mark.parametrize(
    ("wanted", "found", "has_older"),
    [
        ((None, None, 3), (7, 10), True),
        ((None, None, 10), (0, 10), False),
        ((None, None, 100), (0, 10), False),
        ((None, None, 0), (0, 0), True),
        ((2, None, None), (2, 10), True),
        ((2, 4, None), (2, 4), True),
        ((0, 4, None), (0, 4), False),
        ((None, 6, 3), (3, 6), True),
        ((5, 6, 3), (5, 6), True),
        ((20, 30, 3), (0, 0), True),
        ((4, 4, None), (0, 0), True),
        ((-9, -4, None), (0, 0), False),
    ],
)
def test_a_range_has_its_newest_bars_and_says_whether_there_are_older_ones(
    build: Build, wanted: tuple[int | None, int | None, int | None], found: tuple[int, int], has_older: bool
) -> None:
    """Bars of ten days, with one bar each, and a range in days, with a limit."""
    store = build()
    bars = [minute_bar(MONDAY + day, 5, day) for day in range(10)]
    store.bars.write(QUOTE, "1m", bars)
    start, end = (None if day is None else (MONDAY + day) * DAY for day in wanted[:2])
    part = store.bars.read(HistoryRange(QUOTE, "1m", start, end, wanted[2]))
    assert part == HistoryPart(bars[slice(*found)], has_older)


def test_the_end_of_a_range_is_exclusive_within_a_day_too(build: Build) -> None:
    store = build()
    store.bars.write(QUOTE, "1m", minute_bars(MONDAY, range(10)))
    start = MONDAY * DAY + 3 * MINUTE
    part = store.bars.read(HistoryRange(QUOTE, "1m", start, start + 2 * MINUTE))
    assert part == HistoryPart(minute_bars(MONDAY, [3, 4]), True)


def test_a_group_that_began_the_evening_before_is_found_by_its_labels(build: Build) -> None:
    """The night session of Monday: its bars are labelled on Friday evening."""
    store = build()
    night = [bar_of_group(minute_bar(MONDAY - 3, 1260 + minute), MONDAY) for minute in range(3)]
    store.bars.write(QUOTE, "1m", minute_bars(MONDAY, range(540, 543)))
    store.bars.write(QUOTE, "1m", night)
    store.bars.write(QUOTE, "1m", minute_bars(MONDAY - 3, range(540, 543)))
    part = store.bars.read(HistoryRange(QUOTE, "1m", (MONDAY - 3) * DAY + 1200 * MINUTE, (MONDAY - 2) * DAY))
    assert part == HistoryPart(night, True)
    assert store.bars.read(HistoryRange(QUOTE, "1m", limit=4)).bars[0] == night[2]


def bar_of_group(bar: Bar, group: int) -> Bar:
    return Bar(bar.label, bar.open, bar.close, bar.low, bar.high, bar.volume, bar.turnover, group, bar.time)


def test_pruning_removes_whole_groups_and_says_that_the_rest_is_cut(build: Build) -> None:
    store = build()
    days = [minute_bars(MONDAY + day, range(3)) for day in range(4)]
    store.bars.write(QUOTE, "1m", [bar for bars in days for bar in bars])
    assert store.bars.prune(QUOTE, "1m", (MONDAY + 2) * DAY + MINUTE) == 2
    assert store.bars.prune(QUOTE, "1m", (MONDAY + 2) * DAY + MINUTE) == 0
    assert store.bars.read(all_of()) == HistoryPart(days[2] + days[3], False, True)
    assert store.bars.read(HistoryRange(QUOTE, "1m", limit=2)) == HistoryPart(days[3][1:], True, False)
    assert store.bars.read(all_of("1d")) == HistoryPart([])


def test_a_quote_of_which_all_is_pruned_is_cut_and_no_longer_listed(build: Build) -> None:
    store = build()
    store.bars.write(QUOTE, "1m", minute_bars(MONDAY, range(3)))
    assert store.bars.prune(QUOTE, "1m", (MONDAY + 1) * DAY) == 1
    assert store.bars.read(all_of()) == HistoryPart([], False, True)
    assert store.bars.quotes() == []


def test_info_says_from_when_to_when_and_how_much(build: Build) -> None:
    store = build()
    bars = minute_bars(MONDAY, range(30)) + minute_bars(MONDAY + 1, range(3))
    store.bars.write(QUOTE, "1m", bars)
    store.bars.write(QUOTE, "1m", bars[:7])
    info = store.bars.info(QUOTE, "1m")
    assert info is not None
    assert info[:5] == (QUOTE, "1m", bars[0].label, bars[-1].label, 33)
    assert 100 < info.bytes < 5000


def test_a_label_that_is_no_integer_is_refused(build: Build) -> None:
    store = build()
    with pytest.raises(HistoryError, match=r"SHFE:cu:20260105 \(1m\): the label '09:30:00' of a bar is no integer"):
        store.bars.write(QUOTE, "1m", [Bar("09:30:00", 1, 1, 1, 1, None, None, MONDAY)])


def test_many_small_writes_are_as_good_as_one(build: Build) -> None:
    store = build()
    bars = minute_bars(MONDAY, range(200))
    for bar in bars:
        store.bars.write(QUOTE, "1m", [bar])
    assert store.bars.read(all_of()).bars == bars


def change(after: int, seq: int, stamp: str = "", bars: Sequence[Bar] = (), most: int = 10) -> StateChange:
    stamp = stamp or f"1000-{seq}"
    state, ticks = b"state %d" % seq, b"ticks %d" % seq
    return StateChange(QUOTE, stamp, seq, state, after, ticks, most, {"1m": bars} if bars else {})


def test_years_of_bars_are_saved_at_once(build: Build) -> None:
    bars = [bar for day in range(3_000) for bar in minute_bars(MONDAY + day, range(1))]
    assert build().states.save([change(0, 5, bars=bars)]) == [5]
    last = build().bars.read(all_of()).bars[-1:]
    assert list(last) == bars[-1:]


def test_a_state_is_loaded_as_it_was_saved_with_its_bars_and_ticks(build: Build) -> None:
    store = build()
    assert store.states.load([QUOTE]) == {}
    assert store.states.ticks(QUOTE) == []
    bars = minute_bars(MONDAY, range(3))
    assert store.states.save([change(0, 5, bars=bars)]) == [5]
    assert build().states.load([QUOTE, OTHER]) == {QUOTE: QuoteState("1000-5", 5, b"state 5")}
    assert build().states.ticks(QUOTE) == [b"ticks 5"]
    assert build().bars.read(all_of()).bars == bars
    assert build().bars.quotes() == [QUOTE]


def test_ticks_are_added_and_those_that_nobody_keeps_go(build: Build) -> None:
    store = build()
    given = [b"%d " % seq + b"x" * 5000 for seq in range(0, 50, 10)]
    for seq, ticks in zip(range(0, 50, 10), given, strict=True):
        assert store.states.save([StateChange(QUOTE, f"1-{seq}", seq + 10, b"", seq, ticks, 25)]) == [seq + 10]
    assert store.states.ticks(QUOTE) == given[2:]
    assert store.states.save([change(0, 90)]) == [90]
    assert store.states.ticks(QUOTE) == [b"ticks 90"]


def test_many_small_portions_of_ticks_come_back_one_by_one(build: Build) -> None:
    store = build()
    for seq in range(1000):
        store.states.save([StateChange(QUOTE, f"1-{seq}", seq + 1, b"", seq, b"%d" % seq, 100)])
    found = store.states.ticks(QUOTE)
    assert found == [b"%d" % seq for seq in range(1000)][-len(found) :]
    assert 100 <= len(found) < 1000


def test_a_change_that_would_leave_a_hole_is_not_stored(build: Build) -> None:
    store = build()
    store.states.save([change(0, 5)])
    assert store.states.save([change(7, 9, bars=minute_bars(MONDAY, [1]))]) == [5]
    assert store.states.load([QUOTE])[QUOTE].seq == 5
    assert store.states.ticks(QUOTE) == [b"ticks 5"]
    assert store.bars.read(all_of()).bars == []


def test_a_writer_that_is_behind_changes_nothing(build: Build) -> None:
    store = build()
    store.states.save([change(0, 5, "1000-50")])
    assert store.states.save([change(0, 3, "999-60")]) == [5]
    assert store.states.save([change(0, 3, "1000-9")]) == [5]
    assert store.states.load([QUOTE])[QUOTE] == QuoteState("1000-50", 5, b"state 5")


def test_two_writers_of_the_same_entries_store_each_tick_once(build: Build) -> None:
    one, other = build(), build()
    assert one.states.save([change(0, 5)]) == [5]
    assert other.states.save([change(0, 5)]) == [5]
    assert one.states.save([change(5, 8)]) == [8]
    assert other.states.save([change(5, 8)]) == [8]
    assert one.states.ticks(QUOTE) == [b"ticks 5", b"ticks 8"]


def test_a_change_without_new_ticks_keeps_those_that_are_stored(build: Build) -> None:
    store = build()
    store.states.save([change(0, 5)])
    assert store.states.save([StateChange(QUOTE, "1000-6", 5, b"state", 5, b"", 10)]) == [5]
    assert store.states.ticks(QUOTE) == [b"ticks 5"]
    assert store.states.load([QUOTE])[QUOTE] == QuoteState("1000-6", 5, b"state")


def test_a_state_is_dropped_unless_it_was_saved_meanwhile(build: Build) -> None:
    store = build()
    store.states.save([change(0, 5, "1-5", bars=minute_bars(MONDAY, range(3)))])
    assert not store.states.drop(QUOTE, "1-4")
    assert not store.states.drop(OTHER, "1-4")
    assert store.states.drop(QUOTE, "1-5")
    assert (store.states.load([QUOTE]), store.states.ticks(QUOTE)) == ({}, [])
    assert len(store.bars.read(all_of()).bars) == 3
    assert store.states.save([change(5, 6)]) == [0]
    assert store.states.save([change(0, 6)]) == [6]


def test_changes_of_many_quotes_are_stored_together(build: Build) -> None:
    store = build()
    changes = [StateChange(f"X:{n}", "5-1", n + 1, b"%d" % n, 0, b"t", 10) for n in range(300)]
    assert store.states.save(changes) == [n + 1 for n in range(300)]
    assert len(store.states.load(store.bars.quotes())) == 300


def test_a_worker_begins_at_the_start_of_the_bus_where_nothing_was_stored(build: Build) -> None:
    build().states.begin()
    build().bars.write(QUOTE, "1m", minute_bars(MONDAY, range(3)))
    assert build().states.begin() == "0-0"
