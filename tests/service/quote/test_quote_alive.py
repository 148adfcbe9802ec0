"""Effect of a producer's heartbeat on those who watch its quotes."""

from typing import Any

import msgspec
import pytest

from rtserver.base.bridge.message import Message, Subscribe, Unsubscribe, Update
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_alive import QuoteAliveMsgHandler
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands

GOLD, IRON = "A:GOLD", "A:IRON:20130301"


class Desk:
    """The two handlers, and what they post."""

    def __init__(self) -> None:
        self.posted: list[Message] = []
        context = ServiceContext(self.posted.append, UserCommands(self.posted.append), lambda fn, *args: fn(*args))
        self.center = QuoteCenter(context)
        self._alive = QuoteAliveMsgHandler(context, self.center.books)

    def tick(self, quote: str, time: int) -> None:
        raw = msgspec.json.encode([{"quote": quote, "info": {"point": [time, 1.5]}}])
        data = msgspec.json.decode(raw, type=QuoteCenter.data_type)
        self.center.handle("1772000000000-0", "feed-1", data)

    def watch(self, quote: str, agent: int, **request: Any) -> None:
        self.center.on_subscribe(Subscribe(agent, 1, "quotes", {"quote": quote, **request}))

    def say_alive(self, *quotes: str) -> list[Message]:
        """The messages that are posted for it."""
        self.posted.clear()
        raw = msgspec.json.encode({"quotes": quotes})
        self._alive("feed-1", msgspec.json.decode(raw, type=QuoteAliveMsgHandler.data_type))
        return self.posted.copy()


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    for quote in (GOLD, IRON):
        desk.tick(quote, 1_772_000_000_000)
    return desk


def test_each_watched_feed_of_a_quiet_quote_is_told_once_for_all_its_viewers(desk: Desk) -> None:
    desk.watch(GOLD, 1)
    desk.watch(GOLD, 2)
    desk.watch(GOLD, 3, period=60)
    told = desk.say_alive(GOLD, IRON)
    assert [(each.seq, each.prev_seq, each.payload) for each in told if isinstance(each, Update)] == [(1, 1, ())] * 2
    assert len({each.topic for each in told if isinstance(each, Update)}) == len(told) == 2


def test_nobody_is_told_of_what_nobody_watches(desk: Desk) -> None:
    assert desk.say_alive(GOLD, IRON, "A:UNKNOWN", "no key") == []
    desk.watch(GOLD, 1)
    desk.center.on_unsubscribe(Unsubscribe(1, 1, "quotes"))
    assert desk.say_alive(GOLD) == []


def test_a_row_on_its_way_says_it_already(desk: Desk) -> None:
    desk.watch(GOLD, 1)
    desk.tick(GOLD, 1_772_000_001_000)
    assert desk.say_alive(GOLD) == []
    desk.center.flush()
    assert len(desk.say_alive(GOLD)) == 1


@pytest.mark.parametrize("raw", ["{}", "[]", '{"quotes":"A:B"}', '{"quotes":[1]}'])
def test_data_of_another_shape_is_refused(raw: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=QuoteAliveMsgHandler.data_type)
