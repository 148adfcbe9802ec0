"""An indicator of a plug-in that fails costs the charts that show it an error, and nobody else anything."""

import logging
from typing import Any

import msgspec
import pytest

from rtserver.base.bridge.message import Message, Refused, Snapshot, Subscribe, Update
from rtserver.market.indicator.indicator_line import Cells, IndicatorLine, Parameter
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.market.market_bar import Bar
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands

QUOTE = "DEMO:AAPL:20130301"


class Touchy(IndicatorLine):
    """Cannot stand a price above its limit."""

    name = "touchy"
    parameters = (Parameter("limit", 100),)

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def step(self, bar: Bar) -> Cells:
        if bar.close > self.limit:
            raise ArithmeticError(bar.close)
        return (bar.close,)


class Desk:
    """A center that knows the indicator, and what it posted."""

    def __init__(self) -> None:
        self.posted: list[Message] = []
        context = ServiceContext(self.posted.append, UserCommands(self.posted.append), lambda fn, *args: fn(*args))
        self.center = QuoteCenter(context, indicators=IndicatorRegistry([Touchy]))

    def tell(self, label: int, price: float) -> list[Message]:
        data = [{"quote": QUOTE, "info": {"point": [label, price]}}]
        items = msgspec.json.decode(msgspec.json.encode(data), type=QuoteCenter.data_type)
        self.center.handle("1772000000000-0", "feed-1", items)
        self.center.flush()
        return self.take()

    def subscribe(self, ref: int, **request: Any) -> list[Message]:
        self.center.on_subscribe(Subscribe(1, ref, "quotes", {"quote": QUOTE, **request}))
        return self.take()

    def take(self) -> list[Message]:
        posted = self.posted.copy()
        self.posted.clear()
        return posted


def refusals(messages: list[Message]) -> list[tuple[int, str]]:
    return [(message.ref, message.code) for message in messages if isinstance(message, Refused)]


def test_a_step_that_fails_at_a_tick_ends_its_chart_alone(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.tell(1, 10)
    desk.subscribe(1, indicators=["touchy"])
    desk.subscribe(2, indicators=["sma:2"])
    with caplog.at_level(logging.ERROR):
        posted = desk.tell(2, 200)

    assert refusals(posted) == [(1, "internal")]
    [update] = [message for message in posted if isinstance(message, Update)]
    assert update.payload == ((2, 200, 200, 200, 200, None, 105),)
    assert "ArithmeticError" in caplog.text
    assert refusals(desk.tell(3, 201)) == []


def test_a_step_that_fails_in_the_history_refuses_its_chart(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.tell(1, 200)
    desk.tell(2, 10)
    with caplog.at_level(logging.ERROR):
        assert refusals(desk.subscribe(1, indicators=["touchy"])) == [(1, "internal")]
    [snapshot] = desk.subscribe(1, indicators=["touchy:300"])
    assert isinstance(snapshot, Snapshot)
    assert [row[-1] for row in snapshot.payload.rows] == [200, 10]
