"""The newest ticks of a quote in arrays: their order, their number, their bytes, and that nothing of them is lost."""

from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.book.clock_label import ZoneClock
from rtserver.market.book.tick import Tick
from rtserver.market.book.tick_tail import TailState, TickTail
from tests.market.book.ticks import MINUTE, NOON, bar, price

UTC = ZoneClock(ZoneInfo("UTC"))
NUMBERS = st.one_of(st.integers(-(10**15), 10**15), st.floats(-1e15, 1e15))


def tail_of(*ticks: Tick, length: int = 100) -> TickTail:
    tail = TickTail(length, UTC)
    for tick in ticks:
        tail.add(tick)
    return tail


def test_ticks_lie_in_the_order_of_their_times_and_those_of_one_time_as_they_came() -> None:
    sent = [price(NOON, 1), price(NOON + 2, 2), price(NOON + 1, 3), price(NOON, 4), price(NOON - 1, 5)]

    assert [tick.close for tick in tail_of(*sent).ticks()] == [5, 1, 4, 3, 2]


def test_add_says_whether_a_tick_is_the_newest() -> None:
    tail = TickTail(100, UTC)

    added = [
        tail.add(tick) for tick in (price(NOON, 1), price(NOON, 2), price(NOON - 1, 3), bar(NOON, 1, 1, 1, 1, 1))
    ]

    assert added == [True, True, False, True]


def test_a_bar_that_comes_again_behind_others_replaces_itself() -> None:
    old, new = bar(NOON, 1, 2, 1, 3, 4), bar(NOON, 1, 1, 1, 1, 1)
    tail = tail_of(old, price(NOON + 1, 7))

    assert not tail.add(new)
    assert tail.replaced == old
    assert list(tail.ticks()) == [new, price(NOON + 1, 7)]
    tail.add(price(NOON + 2, 7))
    assert tail.replaced is None


def test_a_bar_that_comes_again_twenty_thousand_times_is_one_tick() -> None:
    tail = tail_of(bar(NOON - MINUTE, 1, 1, 1, 1, 1), *(bar(NOON, 1, 1, 1, 1, n) for n in range(20_000)))

    assert [tick.volume for tick in tail.ticks()] == [1, 19_999]
    assert not tail.is_cut


def test_the_oldest_ticks_go_and_the_tail_says_so() -> None:
    tail = TickTail(80, UTC)
    for number in range(90):
        tail.add(price(NOON + number, number))
        assert not tail.is_cut
    tail.add(price(NOON + 90, 90))

    assert tail.is_cut
    assert [tick.close for tick in tail.ticks()] == list(range(11, 91))
    assert (tail.covers(NOON + 11), tail.covers(NOON + 12)) == (False, True)


def test_a_tick_older_than_all_that_are_kept_is_not_kept() -> None:
    tail = tail_of(*(price(NOON + number, number) for number in range(12)), length=10)

    assert not tail.add(price(NOON, 5))
    assert tail[0].time > NOON


def test_a_text_stays_where_it_came_and_a_bar_of_the_same_text_replaces_the_last_one() -> None:
    tail = tail_of(
        price("a", 1), price(NOON, 2), bar("b", 3, 3, 3, 3, 3), bar("b", 4, 4, 4, 4, 4), price("b", 5), price("a", 6)
    )

    assert [(tick.label, tick.close) for tick in tail.ticks()] == [("a", 1), (NOON, 2), ("b", 4), ("b", 5), ("a", 6)]
    assert [tick.has_time for tick in tail.ticks()] == [False, True, False, False, False]


@pytest.mark.parametrize(
    "label", ["09:30", "09:30:01", "9:30:01", "09:30:01.5", "09:30:01.25", "09:30:01.125", "09:30:01.123456789"]
)
def test_a_clock_label_comes_out_as_it_was_sent(label: str) -> None:
    moment = NOON - 150 * MINUTE + (0 if label.count(":") == 1 else 1_000)
    moment += {"5": 500, "25": 250, "125": 125}.get(label.partition(".")[2], 0)
    tick = msgspec.structs.replace(price(label, 1), time=moment, is_clock=True)

    assert list(tail_of(tick).ticks()) == [tick]


TICKS = st.one_of(
    st.builds(price, st.integers(0, 9), NUMBERS, st.one_of(st.none(), NUMBERS)),
    st.builds(bar, st.integers(0, 9), NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.one_of(st.none(), NUMBERS)),
    st.builds(price, st.sampled_from(["a", "b"]), NUMBERS, st.one_of(st.none(), NUMBERS)),
)


@given(st.lists(st.tuples(TICKS, st.one_of(st.none(), NUMBERS)), max_size=40))
def test_what_is_kept_is_what_was_sent(sent: list[tuple[Tick, float | None]]) -> None:
    ticks = [msgspec.structs.replace(tick, turnover=turnover) for tick, turnover in sent]
    tail = tail_of(*ticks, length=1_000)
    restored = TickTail(1_000, UTC)
    restored.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(tail.state), type=TailState))

    kept = list(tail.ticks())
    assert all(tick in ticks for tick in kept)
    assert len(kept) >= sum(not tick.is_bar for tick in ticks)
    assert list(restored.ticks()) == kept


@pytest.mark.parametrize("number", [7, 7.0, 7.5])
def test_an_integer_comes_out_as_an_integer_and_a_float_as_a_float(number: float) -> None:
    for tick in (price(NOON, number, number), bar(NOON, *[number] * 5)):
        sent = msgspec.structs.replace(tick, turnover=number)
        assert repr(tail_of(sent)[0]) == repr(sent)


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (27, [price(NOON + 250 * n, 100.25 + n % 7 / 4, n % 9) for n in range(20_000)]),
        (40, [msgspec.structs.replace(price(NOON + 250 * n, 100.25, 5), turnover=501.25) for n in range(20_000)]),
        (40, [bar(NOON + MINUTE * n, 100.25, 100.5, 99.75, 101.5, 5_000 + n) for n in range(20_000)]),
    ],
    ids=["prices", "turnovers", "bars"],
)
def test_a_tick_takes_at_most_forty_bytes(most: int, ticks: list[Tick]) -> None:
    assert tail_of(*ticks, length=20_000).size <= most * len(ticks)
