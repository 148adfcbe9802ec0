"""The shapes of the quote message: what is taken, and what a producer is told about the rest."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.book.tick import Tick, tick_of
from rtserver.service.message import BadData
from rtserver.service.quote.tick import (
    MAX_ITEMS,
    MAX_NUMBER,
    QuoteInfo,
    QuoteMessage,
    check_key,
    day_of_key,
    read_tick,
)

DECODER = msgspec.json.Decoder(QuoteMessage)


def read(info: str) -> Tick:
    """The tick of one item, from the bytes that a producer sends."""
    [item] = DECODER.decode(f'[{{"quote":"DEMO:AAPL:20130301","info":{info}}}]')
    return tick_of(read_tick(item.info))


def test_a_price_is_a_tick_with_four_equal_prices() -> None:
    assert read('{"point":[1362150000000,430.5],"volume":7}') == Tick(
        1362150000000, 430.5, 430.5, 430.5, 430.5, 7, False, 1362150000000
    )


def test_a_price_at_a_moment_is_read_as_such_and_anything_more_as_a_whole_tick() -> None:
    assert read_tick(QuoteInfo([5, 430.5], 7)) == (5, 430.5, 7)
    more = [QuoteInfo(["09:30", 1]), QuoteInfo([5.5, 1]), QuoteInfo([5, 1], id=1), QuoteInfo([5, 1, 1, 1, 1, 1])]
    assert all(isinstance(read_tick(info), Tick) for info in more)


def test_a_bar_comes_as_open_close_low_high_volume() -> None:
    assert read('{"point":["09:30",1,2,0.5,3,100]}') == Tick("09:30", 1, 2, 0.5, 3, 100, True)


def test_the_volume_of_a_bar_is_the_one_in_its_point() -> None:
    assert read('{"point":["09:30",1,2,0.5,3,100],"volume":5}').volume == 100


def test_a_price_without_volume_has_none() -> None:
    assert read('{"point":["09:30:01",5]}').volume is None
    assert read('{"point":["09:30:01",5],"volume":null}').volume is None


def test_a_whole_float_is_the_same_time_as_the_integer() -> None:
    tick = read('{"point":[1362150000000.0,1]}')

    assert (tick.time, type(tick.time)) == (1362150000000, int)
    assert read('{"point":[1362150000000.5,1]}').time == 1362150000000.5


def test_a_price_may_be_negative_but_a_volume_may_not() -> None:
    assert read('{"point":[0,-37.63]}').close == -37.63
    with pytest.raises(BadData, match="volume -1 is negative"):
        read('{"point":[0,1],"volume":-1}')


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ('{"point":[]}', "length 0"),
        ('{"point":[1]}', "length 1"),
        ('{"point":[1,2,3]}', "length 3"),
        ('{"point":[1,2,3,4,5,6,7]}', "length 7"),
        ('{"point":[1,"2"]}', "price '2' is not a number"),
        ('{"point":[1,1e16]}', r"price '1e\+16' is not a number"),
        ('{"point":[1,-1e16]}', r"price '-1e\+16' is not a number"),
        ('{"point":[1,2],"volume":1e16}', "volume"),
        ('{"point":[1e300,2]}', "no epoch time"),
        ('{"point":[-8640000000000001,2]}', "no epoch time"),
        ('{"point":[' + "9" * 400 + ",2]}", "no epoch time"),
        ('{"point":[1,' + "9" * 400 + "]}", "is not a number"),
        ('{"point":["",2]}', "1 to 64 printable"),
        ('{"point":["' + "x" * 65 + '",2]}', "1 to 64 printable"),
        ('{"point":["a\\nb",2]}', "1 to 64 printable"),
        ('{"point":[1,5,5,6,7,0]}', "open 5 and close 5 are not between low 6 and high 7"),
        ('{"point":[1,5,8,4,7,0]}', "close 8 are not between"),
        ('{"point":[1,5,5,7,4,0]}', "not between low 7 and high 4"),
        ('{"point":[1,5,5,"4",7,0]}', "low '4' is not a number"),
        ('{"point":[1,5,5,4,7,"0"]}', "volume '0' is not a number"),
    ],
)
def test_a_bad_point_is_refused_with_its_reason(info: str, reason: str) -> None:
    with pytest.raises(BadData, match=reason):
        read(info)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_never_gets_in(value: float) -> None:
    for point, volume in (([value, 1], None), ([1, value], None), ([1, 1], value)):
        with pytest.raises(BadData):
            read_tick(QuoteInfo(point, volume))


@pytest.mark.parametrize(
    "info", ['{"point":[true,1]}', '{"point":[1,null]}', '{"point":[1,[2]]}', "{}", "[]", "null"]
)
def test_another_shape_does_not_decode(info: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(info)


def test_a_message_has_a_largest_number_of_items() -> None:
    item = b'{"quote":"A:B:20130301","info":{"point":[1,2]}}'

    assert len(DECODER.decode(b"[" + b",".join([item] * MAX_ITEMS) + b"]")) == MAX_ITEMS
    with pytest.raises(msgspec.ValidationError, match="length <= 20000"):
        DECODER.decode(b"[" + b",".join([item] * (MAX_ITEMS + 1)) + b"]")


@pytest.mark.parametrize(
    "key", ["SHFE:cu1512:20151120", "DEMO:BRK.B:20130301", "FX:EUR/USD:20130301", "上期所:铜:20151120", "FX:EUR/USD"]
)
def test_a_key_names_exchange_item_and_date(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "AAPL",
        "DEMO:AAPL:",
        "DEMO:AAPL:2013-03-01",
        ":AAPL:20130301",
        "DEMO::20130301",
        "DEMO:AA PL:20130301",
        "DEMO:AAPL:20130301\n",
        "A:B:C:20130301",
        "DEMO:AAPL:\uff12\uff10\uff11\uff130301",
        "X" * 200 + ":B:20130301",
    ],
)
def test_a_key_of_another_form_is_refused(key: str) -> None:
    with pytest.raises(BadData, match="EXCHANGE:ITEM:DATE"):
        check_key(key)


@pytest.mark.parametrize("key", ["DEMO:AAPL:20130301", "DEMO:AAPL"])
def test_a_key_names_a_dated_quote_or_a_continuous_one(key: str) -> None:
    check_key(key)


@given(
    st.lists(st.one_of(st.integers(), st.floats(), st.text(max_size=80)), max_size=8),
    st.one_of(st.none(), st.integers(), st.floats()),
)
def test_any_point_gives_a_sound_tick_or_bad_data(point: list[float | str], volume: float | None) -> None:
    try:
        tick = read_tick(QuoteInfo(point, volume))
    except BadData:
        return
    assert tick.low <= min(tick.open, tick.close) <= max(tick.open, tick.close) <= tick.high
    assert abs(tick.low) <= MAX_NUMBER >= abs(tick.high)
    assert tick.volume is None or 0 <= tick.volume <= MAX_NUMBER


def test_a_key_names_a_day_or_none() -> None:
    assert [day_of_key(key) for key in ("A:B:19700102", "A:B", "A:B:20131399")] == [1, None, None]


def test_optional_fields_are_kept_by_name() -> None:
    tick = read('{"point":[0,1],"bid":0.5,"ask":1.5,"open_interest":7,"turnover":4,"settlement":2,"id":"x1"}')

    assert tick.fields == {"bid": 0.5, "ask": 1.5, "open_interest": 7, "turnover": 4, "settlement": 2}
    assert (tick.id, tick.turnover) == ("x1", 4)
    assert (read('{"point":[0,1]}').fields, read('{"point":[0,1],"id":-7}').id) == (None, -7)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('"bid":1e16', "bid '1e.16' is not a number"),
        ('"turnover":-1e300', "turnover"),
        ('"id":"' + "x" * 65 + '"', "an id has at most 64 characters"),
        ('"id":' + "9" * 30, "an integer of 64 bits"),
    ],
)
def test_a_bad_optional_field_is_refused_by_its_name(more: str, reason: str) -> None:
    with pytest.raises(BadData, match=reason):
        read(f'{{"point":[0,1],{more}}}')
