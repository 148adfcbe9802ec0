"""Requests to ``mycharts``: their forms, the answers to wrong ones, and their limit."""

from typing import Any

import pytest

from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.user.user_limits import UserBounds
from tests.handlers.market import Market, chart_request, points


def test_bars_and_indicators_are_asked_of_the_service_and_drawn() -> None:
    market = Market()
    client = market.online.connect()
    for second in range(5):
        market.tick(second * 1000, second + 1)
    [picture] = market.ask(client, period=2, shape="ohlc", indicators=["sma:2", "rsi:2"])
    chart = picture["data"]["chart"]
    assert chart["legends"] == ["AAPL", "volume", "sma:2", "rsi:2"]
    assert points(picture) == [[0, 1, 2, 1, 2], [2000, 3, 4, 3, 4], [4000, 5, 5, 5, 5]]
    assert points(picture, 2)[-1] == [4000, 4.5]


@pytest.mark.parametrize(
    "wrong", [{"indicators": ["nonsense:3"]}, {"period": 1e9}, {"period": 0.0001}, {"period": "60"}]
)
def test_what_the_service_refuses_is_an_error_with_the_requests_id(wrong: dict[str, Any]) -> None:
    market = Market()
    client = market.online.connect()
    [message] = market.ask(client, id="q", **wrong)
    assert message["id"] == "q"
    assert message["data"]["code"] == "bad_request"
    assert message["data"]["type"] == "mycharts"
    assert message["data"]["message"].startswith("chart c1: ")
    assert market.traces()["subscribers"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"chart_id": ""},
        {"chart_id": "x" * 129},
        {"chart_id": 1.5},
        {"chart_id": None},
        {"chart_id": ["a"]},
        {"exchange": "A:B"},
        {"exchange": ""},
        {"item": "A B"},
        {"item": "A" * 65},
        {"item": "A\n"},
        {"date": "2013-03-01"},
        {"date": "20130301\n"},
        {"date": 20130301},
        {"update": "sometimes"},
        {"period": -1},
        {"period": ""},
        {"count": 0},
        {"count": 10_001},
        {"count": "many"},
        {"from": "yesterday", "update": "static"},
        {"to": "2026-13-01", "update": "static"},
        {"to": 1000},
        {"from": 2000, "to": 2000, "update": "static"},
        {"from": "2026-01-06", "to": "2026-01-05", "update": "static"},
        {"corrections": "yes"},
        {"shape": "pie"},
        {"indicators": "sma:20"},
        {"indicators": ["x" * 33]},
        {"indicators": ["sma"] * 33},
        {"type": "quotes"},
        {"type": None},
    ],
)
def test_a_request_of_another_shape_never_reaches_the_service(wrong: dict[str, Any]) -> None:
    market = Market()
    client = market.online.connect()
    [message] = client.ask("mycharts", {**chart_request(), **wrong}, id=3)
    assert (message["data"]["code"], message["id"]) == ("bad_request", 3)
    assert market.online.posted == []


@pytest.mark.parametrize("missing", ["type", "chart_id", "exchange", "item", "update"])
def test_a_request_that_lacks_something_is_told_what(missing: str) -> None:
    request = chart_request()
    del request[missing]
    [message] = Market().online.connect().ask("mycharts", request)
    assert missing in message["data"]["message"]


def test_one_connection_has_a_bounded_number_of_charts() -> None:
    market = Market(max_charts=2)
    client = market.online.connect()
    for chart_id in ("a", "b"):
        market.ask(client, chart_id=chart_id)
    [message] = market.ask(client, chart_id="c", id=9)
    assert (message["data"]["code"], message["id"]) == ("rate_limited", 9)
    assert market.limited() == {"charts_per_connection": 1}
    assert market.ask(client, chart_id="b")[0]["data"]["type"] == "render"
    client.send("mycharts", {"type": "unlisten", "chart_id": "a"})
    assert market.ask(client, chart_id="c")[0]["data"]["type"] == "render"


def test_one_user_has_a_bounded_number_of_charts_over_all_connections() -> None:
    market = Market(bounds=UserBounds(charts=3))
    first, second, somebody = (market.online.connect(user_id) for user_id in (1, "1", 2))
    for client, chart_id in ((first, "a"), (first, "b"), (second, "a"), (somebody, "a")):
        [picture] = market.ask(client, chart_id=chart_id)
        assert picture["type"] == "mycharts"
    for client in (first, second):
        [message] = market.ask(client, chart_id="c", id=9)
        assert (message["data"]["code"], message["id"]) == ("rate_limited", 9)
        assert message["data"]["message"] == "3 charts of this user are open, which is the limit"
    assert market.limited() == {"charts_per_user": 2}
    [replaced] = market.ask(second, chart_id="a", item="IBM")
    assert replaced["type"] == "mycharts"
    first.leave()
    [picture] = market.ask(second, chart_id="c")
    assert picture["type"] == "mycharts"


def test_one_user_may_ask_for_so_many_pictures_over_all_connections_and_after_a_new_one() -> None:
    market = Market(bounds=UserBounds(pictures=1))
    first, second, somebody = (market.online.connect(user_id) for user_id in (1, 1, 2))
    for number in range(10):
        [picture] = market.ask(first if number % 2 else second, chart_id="a")
        assert picture["type"] == "mycharts"
    first.leave()
    [message] = market.ask(market.online.connect(1), chart_id="a", id=9)
    assert (message["data"]["code"], message["id"]) == ("rate_limited", 9)
    assert "1 a second" in message["data"]["message"]
    assert [picture["type"] for picture in market.ask(somebody)] == ["mycharts"]
    assert market.limited() == {"pictures_per_user": 1}
    market.online.now += 1
    assert [picture["type"] for picture in market.ask(second, chart_id="a")] == ["mycharts"]


def test_a_static_chart_counts_only_until_it_has_been_sent() -> None:
    market = Market(max_charts=1)
    client = market.online.connect()
    for chart_id in range(5):
        [message] = market.ask(client, chart_id=chart_id, update="static")
        assert message["data"]["type"] == "render"


def test_a_page_gets_the_list_of_indicators_with_its_id_and_without() -> None:
    described = IndicatorRegistry().describe()
    market = Market(indicators=described)
    client = market.online.connect()
    client.send("mycharts", {"type": "indicators"})
    client.send("mycharts", {"type": "indicators"}, id="menu")
    answer = {"type": "mycharts", "data": {"type": "indicators", "indicators": described}}
    assert client.wire.take() == [answer, {**answer, "id": "menu"}]
