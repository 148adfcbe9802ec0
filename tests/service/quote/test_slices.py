"""Long work that is charged to nobody: other messages are handled between its pieces, and no number changes by that.

Each step is a slice, and what comes between two slices is the test's.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rtserver.base.bridge.message import Message, Snapshot, Subscribe, Update
from rtserver.market.book.quote_book import BookRules
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands
from tests.service.quote.viewer import viewers_of
from tests.service_fakes import at_once, call_at_once

APPLE, IBM = "DEMO:AAPL", "DEMO:IBM"
DECODER = msgspec.json.Decoder(QuoteCenter.data_type)
TICKS = 3_000
STEP_MS = 10
LATE_MS = 31 * STEP_MS - 5
"""The time of a late tick: nearly all ticks are behind it."""


class Desk:
    """A QuoteCenter whose slices begin when the test says so, or at once."""

    def __init__(self, *, is_sliced: bool = True) -> None:
        self.timers: list[Callable[[], object]] = []
        self.posted: list[Message] = []
        self.ticks = 0
        later = self._call_later if is_sliced else call_at_once
        post = self.posted.append
        context = ServiceContext(post, UserCommands(post), at_once, call_later=later)
        self.center = QuoteCenter(context, rules=BookRules(10_000), picture_rows=500)

    def _call_later(self, _seconds: float, call: Callable[[], object]) -> None:
        self.timers.append(call)

    def trade(self, count: int, quote: str = APPLE) -> None:
        """Tell the next ticks of a quote."""
        self.ticks += count
        self.tell([[number * STEP_MS, 100 + number % 7] for number in range(self.ticks - count, self.ticks)], quote)

    def tell(self, points: list[list[Any]], quote: str = APPLE) -> None:
        data = [{"quote": quote, "info": {"point": point, "volume": 1}} for point in points]
        self.center.handle("60000-0", "x", DECODER.decode(msgspec.json.encode(data)))
        self.center.flush()

    def subscribe(self, agent: int, quote: str = APPLE, **request: Any) -> None:
        self.center.on_subscribe(Subscribe(agent, 1, "quotes", {"quote": quote, **request}))

    def turn(self) -> bool:
        """Do one slice. Return False if there was none to do."""
        if self.timers:
            self.timers.pop(0)()
            return True
        return False

    def run(self) -> int:
        """Do all slices, and return how many there were."""
        count = 0
        while self.turn():
            count += 1
        return count


def rows_of(desk: Desk) -> list[list[Any]]:
    """The rows of each viewer, who must have got every number once."""
    viewers = viewers_of(desk.posted)
    return [viewer.rows[-400:] for _, viewer in sorted(viewers.items())]


REQUESTS: list[dict[str, Any]] = [
    {},
    {"indicators": ["macd", "sma:20"]},
    {"period": 0.05, "indicators": ["boll", "vwap"]},
]


@pytest.mark.usefixtures("short_slices")
@pytest.mark.parametrize("request_of", REQUESTS)
def test_a_first_picture_is_made_in_slices_between_messages(request_of: dict[str, Any]) -> None:
    desk = Desk()
    desk.subscribe(1, IBM)
    desk.run()
    desk.trade(TICKS)
    desk.subscribe(2, **request_of)
    slices = 0
    while desk.timers:
        posted = len(desk.posted)
        desk.trade(1, IBM)
        assert [type(message) for message in desk.posted[posted:]] == [Update]
        desk.turn()
        slices += 1
    assert slices > 5
    assert [message.agent for message in desk.posted if isinstance(message, Snapshot)] == [1, 2]


@pytest.mark.usefixtures("short_slices")
@pytest.mark.parametrize("request_of", REQUESTS)
def test_a_late_tick_is_replayed_in_slices_between_messages(request_of: dict[str, Any]) -> None:
    desk, twin = Desk(), Desk(is_sliced=False)
    for each in (desk, twin):
        each.trade(TICKS)
        for agent in (1, 2):
            each.subscribe(agent, **request_of)
            each.run()
        each.tell([[LATE_MS, 500]])
    slices = 0
    while desk.turn():
        slices += 1
        for each in (desk, twin):
            if slices < 20:
                each.trade(1)
            each.subscribe(2 + slices, IBM)
        assert isinstance(desk.posted[-1], Snapshot)
    assert slices > 5
    assert rows_of(desk) == rows_of(twin)


@pytest.mark.usefixtures("short_slices")
def test_viewers_get_news_although_a_late_tick_comes_in_each_slice() -> None:
    desk = Desk()
    desk.trade(TICKS)
    for agent in (1, 2):
        desk.subscribe(agent, indicators=["sma:20"])
        desk.run()
    desk.posted.clear()
    news = 0
    for number in range(100):
        desk.tell([[LATE_MS + number, 500]])
        desk.turn()
        news = sum(isinstance(message, Update) for message in desk.posted)
    assert news > 1
    desk.subscribe(3, indicators=["sma:20"])
    for number in range(30):
        desk.tell([[LATE_MS + number, 400]])
        desk.turn()
    assert [message.agent for message in desk.posted if isinstance(message, Snapshot)] == [3]


@pytest.mark.usefixtures("short_slices")
def test_many_feeds_take_turns_behind_one_late_tick() -> None:
    desk = Desk()
    desk.trade(100)
    for number in range(50):
        desk.subscribe(number, indicators=[f"sma:{number + 2}"])
        desk.run()
    desk.posted.clear()
    desk.tell([[5, 500]])
    assert len(desk.posted) < 5
    assert desk.run() > 40
    assert len({message.topic for message in desk.posted if isinstance(message, Update)}) == 50
