"""Requests for indicators, and the errors that wrong ones are answered with."""

import pytest

from rtserver.market.indicator.indicator import IndicatorError, parse_indicator, parse_indicators
from tests.market.indicator.bars import REGISTRY


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("sma:20", ("sma:20",)),
        ("sma", ("sma:20",)),
        ("ema", ("ema:12",)),
        ("ema:1000", ("ema:1000",)),
        ("macd", ("macd:12:26:9", "macd:12:26:9/signal", "macd:12:26:9/histogram")),
        ("macd:5:35", ("macd:5:35:9", "macd:5:35:9/signal", "macd:5:35:9/histogram")),
        ("boll", ("boll:20:2/upper", "boll:20:2/middle", "boll:20:2/lower")),
        ("boll:10:2.50", ("boll:10:2.5/upper", "boll:10:2.5/middle", "boll:10:2.5/lower")),
        ("rsi", ("rsi:14",)),
        ("vwap", ("vwap",)),
        (" SMA:020 ", ("sma:20",)),
    ],
)
def test_an_indicator_names_its_columns(text: str, columns: tuple[str, ...]) -> None:
    assert parse_indicator(text, REGISTRY).columns == columns


@pytest.mark.parametrize("text", ["sma:20", "macd:12:26:9", "boll:20:2.25", "vwap"])
def test_the_spelling_of_an_indicator_asks_for_it_again(text: str) -> None:
    assert str(parse_indicator(text, REGISTRY)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("smaa:20", 'unknown indicator "smaa"; did you mean "sma"?'),
        ("bollinger", "known are sma, ema, macd, boll, rsi, vwap"),
        ("", 'unknown indicator ""'),
        ("sma:", 'period "" is not a whole number from 1 to 1000'),
        ("sma:0", 'period "0" is not a whole number from 1 to 1000'),
        ("sma:1001", 'period "1001" is not'),
        ("sma:-5", 'period "-5" is not'),
        ("sma:2.5", 'period "2.5" is not a whole number'),
        ("sma:\u0661\u0662", "is not a whole number"),
        ("sma:20:3", "too many parameters; sma takes period"),
        ("vwap:1", "too many parameters; vwap takes no parameters"),
        ("rsi:1", 'period "1" is not a whole number from 2 to 1000'),
        ("boll:20:0", 'width "0" is not a number from 0.01 to 1000'),
        ("boll:20:nan", 'width "nan" is not a number'),
        ("boll:20:1e2", 'width "1e2" is not a number'),
        ("macd:26:12", "fast has to be shorter than slow"),
        ("macd:12:12", "fast has to be shorter than slow"),
    ],
)
def test_a_wrong_request_is_answered_with_what_would_be_right(text: str, reason: str) -> None:
    with pytest.raises(IndicatorError) as caught:
        parse_indicator(text, REGISTRY)
    assert reason in str(caught.value)


def test_an_endless_text_does_not_come_back_whole() -> None:
    with pytest.raises(IndicatorError) as caught:
        parse_indicator("x" * 100_000, REGISTRY)
    assert len(str(caught.value)) < 300


def test_order_is_kept_and_doubles_stand_once() -> None:
    assert tuple(map(str, parse_indicators(["ema", "sma:20", "EMA:12"], REGISTRY))) == ("ema:12", "sma:20")


def test_eight_indicators_are_the_most() -> None:
    eight = [f"sma:{period}" for period in range(1, 9)]

    assert len(parse_indicators(eight, REGISTRY)) == 8
    with pytest.raises(IndicatorError, match="9 indicators in one request, at most 8"):
        parse_indicators([*eight, "vwap"], REGISTRY)


def test_the_parameters_of_all_indicators_together_are_bounded() -> None:
    assert len(parse_indicators(["macd:12:26:9", "ema:453", "sma:500"], REGISTRY)) == 3
    with pytest.raises(IndicatorError, match="add up to 1001, at most 1000"):
        parse_indicators(["macd:12:26:9", "ema:454", "sma:500"], REGISTRY)


def test_a_default_and_its_spelling_are_one_indicator() -> None:
    assert parse_indicator("boll", REGISTRY) == parse_indicator("boll:20:2.00", REGISTRY)
    assert len({parse_indicator("boll", REGISTRY), parse_indicator("boll:20:2.00", REGISTRY)}) == 1
