"""Trades as an exchange writes them, and the market that makes some up."""

import json

import pytest

from rtserver.feed.port import QuoteInfo
from rtserver.feed.trade import TradeError, TradeShape
from rtserver.feed.trade_market import TradeMarket, streams_of

TRADE = '{"e":"trade","E":5,"s":"BTCUSDT","t":12345,"p":"0.00100000","q":"100","T":1672515782136,"m":true,"M":true}'
TICK = QuoteInfo([1672515782136, 0.001], 100.0, id=12345)


def test_a_trade_is_a_tick_of_its_symbol_with_its_id() -> None:
    assert TradeShape("X").read(TRADE.replace("BTCUSDT", "BTC").encode()) == ("X:BTC", TICK)
    assert TradeShape("X", "20130301").read(TRADE.encode()) == ("X:BTCUSDT:20130301", TICK)


def test_a_combined_stream_wraps_the_trade() -> None:
    wrapped = f'{{"stream":"btcusdt@trade","data":{TRADE}}}'
    assert TradeShape("X", "20130301").read(wrapped.encode()) == ("X:BTCUSDT:20130301", TICK)


@pytest.mark.parametrize(
    "raw", ['{"result":null,"id":1}', '{"e":"aggTrade","s":"X"}', '{"stream":"s","data":{}}', "{}"]
)
def test_other_messages_are_no_trade_and_no_fault(raw: str) -> None:
    assert TradeShape("X", "20130301").read(raw.encode()) is None


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "nothing",
        TRADE[:-1],
        TRADE.replace("0.00100000", "NaN"),
        TRADE.replace("0.00100000", "much"),
        TRADE.replace('"100"', '"-1"'),
        TRADE.replace('"BTCUSDT"', '"BTC USDT"'),
        TRADE.replace("12345", '"x"'),
        TRADE.replace("1672515782136", "1e30"),
        '{"stream":"s","data":[]}',
        '{"data":' * 100_000,
    ],
)
def test_what_cannot_be_a_trade_is_one_error(raw: str) -> None:
    with pytest.raises(TradeError):
        TradeShape("X", "20130301").read(raw.encode())


def test_a_made_up_market_numbers_the_trades_of_each_symbol_and_is_the_same_each_time() -> None:
    markets = [TradeMarket(("A", "B"), seed=3) for _ in range(2)]
    made = [[market.trade(1000 + number) for number in range(200)] for market in markets]
    assert made[0] == made[1]
    for symbol in ("A", "B"):
        numbers = [each["t"] for each in made[0] if each["s"] == symbol]
        assert numbers == list(range(1, len(numbers) + 1))
    shape = TradeShape("X", "20130301")
    assert all(shape.read(json.dumps(each).encode()) for each in made[0])


def test_the_newest_trades_of_some_symbols_are_at_hand_again() -> None:
    market = TradeMarket(("A", "B"))
    made = [market.trade(number) for number in range(100)]
    assert market.newest(3, ["A"]) == [each for each in made if each["s"] == "A"][-3:]
    assert market.newest(0, ["A"]) == []


def test_a_path_says_whose_trades_are_wanted() -> None:
    assert streams_of("/ws/btcusdt@trade", "") == (["BTCUSDT"], False)
    assert streams_of("/stream", "btcusdt@trade/ethusdt@trade/x@depth") == (["BTCUSDT", "ETHUSDT"], True)
