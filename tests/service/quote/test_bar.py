"""The growing bar: the ticks that belong to it, and its values after them."""

from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.bridge.message import Cell, Row
from rtserver.market.book.tick import Tick
from rtserver.service.quote.bar import Bar, PeriodBar, TickBar

MINUTE = 60_000


def price(time: str | float, value: int, volume: int | None = None) -> Tick:
    return Tick(time, value, value, value, value, volume, False)


def candle(time: int, *open_close_low_high_volume: int) -> Tick:
    return Tick(time, *open_close_low_high_volume, True)


def rows(bar: Bar, *ticks: Tick) -> list[Row]:
    """The rows that a chart would hold: one more for each new bar, else the last one replaced."""
    held: list[Row] = []
    for tick in ticks:
        if not bar.add(tick):
            held.pop()
        held.append(bar.row())
    return held


def labels(bar: Bar, *times: float | str) -> list[Cell]:
    return [row[0] for row in rows(bar, *(price(time, 1) for time in times))]


def test_without_a_period_every_tick_is_a_row() -> None:
    assert rows(TickBar(), price(1, 10, 5), price(2, 11), price(1, 9, 2)) == [
        (1, 10, 10, 10, 10, 5),
        (2, 11, 11, 11, 11, None),
        (1, 9, 9, 9, 9, 2),
    ]


def test_a_tick_with_the_last_label_replaces_the_price_and_adds_its_volume() -> None:
    assert rows(TickBar(), price("a", 10, 5), price("a", 12), price("a", 11, 3)) == [("a", 11, 11, 11, 11, 8)]


def test_a_bar_with_the_last_label_replaces_all_of_it() -> None:
    assert rows(TickBar(), candle(1, 5, 6, 4, 7, 100), candle(1, 5, 8, 4, 9, 150)) == [(1, 5, 8, 4, 9, 150)]


def test_a_period_gathers_open_close_low_high_and_volume() -> None:
    ticks = (price(60_000, 10, 1), price(75_000, 8, 2), price(119_999, 13, 3), price(120_000, 9, 4))

    assert rows(PeriodBar(MINUTE), *ticks) == [(60_000, 10, 13, 8, 13, 6), (120_000, 9, 9, 9, 9, 4)]


def test_a_bar_without_any_volume_has_none_and_one_volume_is_enough() -> None:
    assert rows(PeriodBar(MINUTE), price(0, 1), price(1, 2))[0][5] is None
    assert rows(PeriodBar(MINUTE), price(0, 1), price(1, 2, 7), price(2, 2))[0][5] == 7


def test_a_period_without_a_tick_has_no_bar() -> None:
    assert labels(PeriodBar(MINUTE), 0, 600_000) == [0, 600_000]


def test_a_late_tick_counts_into_the_growing_bar() -> None:
    assert rows(PeriodBar(MINUTE), price(60_000, 10, 1), price(59_000, 8, 2)) == [(60_000, 10, 8, 8, 10, 3)]


def test_times_before_1970_and_between_milliseconds_find_their_bar() -> None:
    assert labels(PeriodBar(MINUTE), -1, 0.5, 60_000.25) == [-60_000, 0, 60_000]


def test_larger_bars_are_made_of_smaller_ones() -> None:
    ticks = (candle(0, 5, 6, 4, 7, 100), candle(60_000, 6, 3, 2, 6, 50), candle(300_000, 3, 4, 3, 4, 10))

    assert rows(PeriodBar(5 * MINUTE), *ticks) == [(0, 5, 3, 2, 7, 150), (300_000, 3, 4, 3, 4, 10)]


def test_a_part_that_comes_again_while_it_grows_is_not_counted_twice() -> None:
    grown = (
        candle(0, 5, 5, 5, 5, 10),
        candle(0, 5, 6, 5, 6, 25),
        candle(60_000, 6, 6, 6, 6, 1),
        candle(60_000, 6, 4, 4, 6, 5),
    )

    assert rows(PeriodBar(5 * MINUTE), *grown) == [(0, 5, 4, 4, 6, 30)]


def test_a_price_between_two_states_of_a_part_keeps_its_volume() -> None:
    ticks = (candle(0, 5, 5, 5, 5, 10), price(1, 6, 3), price(1, 6, 3))

    assert rows(PeriodBar(MINUTE), *ticks)[0][5] == 16


def test_clock_labels_are_cut_to_the_start_of_their_bar() -> None:
    times = ("9:30", "09:30:59", "09:31:00.250", "09:34:59")

    assert labels(PeriodBar(MINUTE), *times) == ["09:30:00", "09:31:00", "09:34:00"]
    assert labels(PeriodBar(5 * MINUTE), *times) == ["09:30:00"]


def test_a_late_clock_label_counts_into_the_growing_bar() -> None:
    assert labels(PeriodBar(MINUTE), "09:31:00", "09:30:59", "09:31:10", "09:32:00") == ["09:31:00", "09:32:00"]


def test_a_night_session_goes_on_after_midnight_and_in_the_morning() -> None:
    times = ("21:00:00", "23:59:59", "00:00:00", "00:00:30", "02:29:00", "09:00:00")

    assert labels(PeriodBar(MINUTE), *times) == [
        "21:00:00",
        "23:59:00",
        "00:00:00",
        "02:29:00",
        "09:00:00",
    ]


def test_a_period_longer_than_a_day_is_one_bar_of_clock_labels() -> None:
    assert labels(PeriodBar(7 * 24 * 60 * MINUTE), "21:00", "00:10", "09:00") == ["00:00:00"]


def test_any_other_label_is_a_bar_of_its_own() -> None:
    assert labels(PeriodBar(MINUTE), "open", "open", "close", "25:00", "9:5") == ["open", "close", "25:00", "9:5"]


def test_numbers_and_labels_never_share_a_bar() -> None:
    assert labels(PeriodBar(MINUTE), 0, "00:00:00", 0, "open", 5) == [0, "00:00:00", 0, "open", 0]


TICKS = st.lists(
    st.builds(
        price,
        st.integers(0, 600_000),
        st.integers(-50, 50),
        st.one_of(st.none(), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=40,
)


@given(TICKS, st.sampled_from([1, 1000, MINUTE, 7 * MINUTE]))
def test_bars_are_the_ticks_grouped_by_the_latest_start_seen(ticks: list[Tick], period: int) -> None:
    groups: list[tuple[int, list[Tick]]] = []
    for tick in ticks:
        start = tick.label - tick.label % period
        if not groups or start > groups[-1][0]:
            groups.append((start, []))
        groups[-1][1].append(tick)

    expected = []
    for start, group in groups:
        prices = [tick.close for tick in group]
        volumes = [tick.volume for tick in group if tick.volume is not None]
        total = sum(volumes) if volumes else None
        expected.append((start, prices[0], prices[-1], min(prices), max(prices), total))
    assert rows(PeriodBar(period), *ticks) == expected


CLOCK = st.builds("{:02}:{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))


@given(st.lists(st.one_of(st.integers(0, 10**6), CLOCK, st.sampled_from(["open", "close"])), max_size=30))
def test_a_bar_is_new_exactly_when_its_label_is_another(times: list[int | str]) -> None:
    bar = PeriodBar(5 * MINUTE)
    before = None
    for time in times:
        is_new = bar.add(price(time, 1))
        assert is_new == (bar.row()[0] != before)
        before = bar.row()[0]
