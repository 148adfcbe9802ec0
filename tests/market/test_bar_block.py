"""Blocks of bars: nothing is lost, few bytes, and bytes that are no block."""

import math
import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.bar_block import count_blocks, decode_bars, encode_bars, merged_bars
from rtserver.market.block_column import BlockError
from rtserver.market.market_bar import Bar

MINUTE, DAY = 60_000, 86_400_000
BEGIN = 1_767_605_400_000  # 2026-01-05T09:30Z

whole = st.integers(-(10**18), 10**18) | st.integers(-100, 100)
decimal = st.builds(lambda number, places: number / 10**places, st.integers(-(10**9), 10**9), st.integers(0, 9))
number = whole | decimal | st.floats(allow_nan=False) | st.integers()
label = st.integers(0, 2**53) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | decimal
group, maybe = st.integers(-(10**6), 10**6), st.none() | number
bar = st.builds(Bar, label, number, number, number, number, maybe, maybe, group, st.integers(-(2**60), 2**60))


def told(bars: list[Bar]) -> str:
    """Values with their types, and the sign of zero."""
    return repr(bars)


def minutes(count: int, decimals: int = 2) -> list[Bar]:
    """Minute bars of a day as a market makes them, with a turnover summed from floats."""
    chance = random.Random(count)
    price, bars = 100.0, []
    for minute in range(count):
        prices = [round(price := price + chance.gauss(0, 0.05), decimals) for _ in range(4)]
        volume = chance.randrange(100, 100_000)
        turnover = sum(chance.choice(prices) * volume / 7 for _ in range(7))
        at = BEGIN + minute * MINUTE
        bars.append(Bar(at, prices[0], prices[3], min(prices), max(prices), volume, turnover, 20_458, at))
    return bars


@given(st.lists(bar, max_size=20))
def test_nothing_is_lost(bars: list[Bar]) -> None:
    assert told(decode_bars(encode_bars(bars))) == told(bars)


@given(st.lists(st.lists(bar, max_size=4), max_size=4))
def test_blocks_may_stand_one_behind_another(parts: list[list[Bar]]) -> None:
    data = b"".join(map(encode_bars, parts))
    assert told(decode_bars(data)) == told([bar for part in parts for bar in part])
    assert count_blocks(data) == sum(1 for part in parts if part)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, -0.0, 5e-324, 1e308, 0.1 + 0.2, 2**64, -(2**70)])
@pytest.mark.parametrize("beside", [0.0, 1, 2.5])
def test_odd_numbers_come_back_as_they_were(value: float, beside: float) -> None:
    bars = [Bar(at, beside, number, beside, beside, None, number, 1, at) for at, number in ((1, value), (2, beside))]
    assert told(decode_bars(encode_bars(bars))) == told(bars)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, -0.0, 1e300, 2**70, 0.1 + 0.2, 1.00001])
def test_one_odd_number_behind_many_others_is_kept(value: float) -> None:
    for beside in (2.5, 3, 0.0):
        numbers = [*[beside] * 30, value, beside]
        bars = [Bar(at, 1, number, 1, 1, None, None, 1, at) for at, number in enumerate(numbers)]
        assert told(decode_bars(encode_bars(bars))) == told(bars)


def test_a_minute_bar_with_turnover_takes_at_most_forty_bytes() -> None:
    for count in (100, 240, 390, 1440):
        assert len(encode_bars(minutes(count))) / count < 26
    # Prices that are averages of others have no scale in common.
    assert len(encode_bars(minutes(390, decimals=17))) / 390 < 53


def test_a_price_that_never_moves_takes_next_to_nothing() -> None:
    bars = [Bar(BEGIN + n * MINUTE, 5, 5, 5, 5, None, None, 20_458, BEGIN + n * MINUTE) for n in range(1440)]
    assert len(encode_bars(bars)) < 3 * len(bars)


def test_no_bars_are_no_bytes() -> None:
    assert encode_bars([]) == b""
    assert decode_bars(b"") == []


def test_too_many_bars_are_refused() -> None:
    with pytest.raises(ValueError, match="100001 bars are more than the 100000 of a block"):
        encode_bars(minutes(1) * 100_001)


@given(st.binary(max_size=60))
def test_bytes_of_another_program_are_an_error(data: bytes) -> None:
    try:
        decode_bars(data)
    except BlockError:
        return
    assert not data


@given(st.data())
def test_a_changed_byte_is_an_error_or_another_value(data: st.DataObject) -> None:
    block = bytearray(encode_bars(minutes(5)))
    block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BlockError):
        decode_bars(bytes(block))


@pytest.mark.parametrize("length", range(1, 40))
def test_a_block_that_is_cut_off_is_an_error(length: int) -> None:
    block = encode_bars(minutes(2))
    with pytest.raises(BlockError):
        decode_bars(block[:-length])


def test_of_several_bars_of_one_label_the_last_counts_and_labels_ascend() -> None:
    one, two, three = minutes(3)
    corrected = Bar(two.label, 7, 7, 7, 7, 1, 7, two.group, two.time)
    assert merged_bars([three, two, one, corrected]) == [one, corrected, three]
