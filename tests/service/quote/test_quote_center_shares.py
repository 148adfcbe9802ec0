"""QuoteCenter with the processor time of users: what is computed for one waits for that one's turns, and nobody else.

Time passes by work: a piece of a feed, or a tick of it, takes a millisecond.
"""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rtserver.base.bridge.message import Message, Refused, Snapshot, Subscribe, Table, Unsubscribe, Update
from rtserver.base.limit.cpu_quota import FairShares, ProcessorClock, cpu_rate
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote import feed_work
from rtserver.service.quote.feed import Feed
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands

APPLE, IBM = "DEMO:AAPL:20130301", "DEMO:IBM:20130301"
DECODER = msgspec.json.Decoder(QuoteCenter.data_type)
COSTLY = {"indicators": ["macd", "boll", "vwap"]}


class WorkClock:
    """A clock of the time that the work of a test has taken so far."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time

    def taking(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same, a millisecond later."""

        def timed(*args: Any) -> Any:
            self.time += 0.001
            return work(*args)

        return timed


clock = WorkClock()


@pytest.fixture(autouse=True)
def _work_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("work", "step"):
        monkeypatch.setattr(Feed, name, clock.taking(getattr(Feed, name)))


class Desk:
    """A QuoteCenter, everything it posted, and the timers that it waits for."""

    def __init__(self, *, is_fair: bool = True, share: float = 0.1) -> None:
        self.timers: list[Callable[[], object]] = []
        self.posted: list[Message] = []
        self.label = 0
        shares = FairShares(cpu_rate(share), ProcessorClock(clock, clock), self._call_later)
        context = ServiceContext(self.posted.append, UserCommands(self.posted.append), lambda fn, *args: fn(*args))
        self.center = QuoteCenter(context, picture_rows=50, shares=shares if is_fair else None)

    def tell(self, quote: str, count: int = 1, *, label: Callable[[int], int | str] = int) -> None:
        points = []
        for _ in range(count):
            self.label += 1
            points.append([label(self.label), 100 + self.label % 7, 103 + self.label % 5, 90, 120, self.label % 11])
        data = [{"quote": quote, "info": {"point": point}} for point in points]
        self.center.handle("1772000000000-0", "feed-1", DECODER.decode(msgspec.json.encode(data)))

    def subscribe(self, agent: int, user: str, quote: str = APPLE, **request: Any) -> None:
        self.center.on_subscribe(Subscribe(agent, 1, "quotes", {"quote": quote, **request}, user))

    def turn(self) -> bool:
        """Ring the timer that has waited longest; whether there was one."""
        if self.timers:
            clock.time += 1.0
            self.timers.pop(0)()
        return bool(self.timers)

    def run(self) -> None:
        while self.turn():
            pass

    def flush(self) -> list[Message]:
        self.center.flush()
        posted, self.posted[:] = self.posted.copy(), []
        return posted

    def _call_later(self, delay: float, callback: Callable[[], object]) -> None:
        self.timers.append(callback)


def test_a_feed_is_computed_in_turns_while_others_get_their_quotes() -> None:
    desk = Desk()
    desk.tell(APPLE, 3_000)
    desk.subscribe(1, "ann", IBM)
    desk.run()
    desk.flush()
    desk.subscribe(2, "eve", APPLE, **COSTLY)
    turns = 0
    while desk.turn():
        turns += 1
        desk.tell(IBM)
        assert [type(message) for message in desk.flush() if not isinstance(message, Snapshot)] == [Update]
    assert turns > 50


def test_what_came_meanwhile_is_in_the_picture_once() -> None:
    desk, twin = Desk(), Desk(is_fair=False)
    for each in (desk, twin):
        each.tell(APPLE, 1_000)
    desk.subscribe(1, "eve", **COSTLY)
    while desk.turn():
        if desk.label < 1_010:
            desk.tell(APPLE)
    twin.tell(APPLE, desk.label - twin.label)
    twin.subscribe(1, "eve", **COSTLY)
    ((ours,), (theirs,)) = desk.flush(), twin.flush()
    assert isinstance(ours, Snapshot)
    assert isinstance(theirs, Snapshot)
    assert (ours.seq, ours.topic) == (theirs.seq, theirs.topic) == (1_010, ours.topic)
    for one, other in zip(ours.payload.rows, theirs.payload.rows, strict=True):
        assert one == pytest.approx(other)


def test_who_wants_the_same_feed_does_not_wait_for_the_turns_of_the_one_who_owes() -> None:
    desk = Desk()
    desk.tell(APPLE, 1_000)
    desk.subscribe(1, "eve", **COSTLY)
    timers, desk.timers = desk.timers, []  # eve gets no turn any more
    desk.subscribe(2, "ann", **COSTLY)
    desk.run()
    assert sorted(message.agent for message in desk.flush() if isinstance(message, Snapshot)) == [1, 2]
    desk.timers = timers
    desk.run()
    assert desk.flush() == []


def test_work_for_a_feed_that_nobody_wants_any_more_ends() -> None:
    desk = Desk()
    desk.tell(APPLE, 3_000)
    desk.subscribe(1, "eve", **COSTLY)
    desk.center.on_unsubscribe(Unsubscribe(1, 1, "quotes"))
    turns = 0
    while desk.turn():
        turns += 1
    assert turns < 3
    assert desk.flush() == []
    assert len(desk.center.feeds) == 0


@pytest.mark.parametrize(
    "request_of", [{}, {"period": 90}, {"period": 90, "indicators": ["sma:2"]}], ids=["ticks", "bars", "indicator"]
)
@pytest.mark.parametrize("label", [int, "no time {}".format], ids=["times", "texts"])
def test_a_feed_of_one_user_gets_ready_although_a_tick_comes_in_each_turn(
    label: Callable[[int], int | str], request_of: dict[str, Any]
) -> None:
    desk = Desk(share=0.01)
    desk.tell(APPLE, 3_000, label=label)
    desk.subscribe(1, "eve", **request_of)
    turns = 0
    while not any(isinstance(message, Snapshot) for message in desk.posted):
        assert turns < 500
        turns += 1
        desk.tell(APPLE, label=label)
        desk.turn()
    desk.run()
    desk.flush()
    assert not desk.center.feeds.behind


def test_feeds_that_only_one_user_watches_are_brought_up_in_turns() -> None:
    desk = Desk()
    for agent in range(100):
        desk.subscribe(agent, "eve", indicators=[f"sma:{agent + 2}"])
    desk.subscribe(1000, "ann")
    desk.run()
    desk.flush()
    desk.tell(APPLE)
    updates = [message for message in desk.flush() if isinstance(message, Update)]
    assert len(updates) < 10, "one slice of eve's, and ann's"
    assert any(message.topic.endswith("/0/") for message in updates)
    desk.run()
    assert len(updates) + len(desk.flush()) == 101


def test_a_feed_that_is_too_far_behind_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_work, "MOST_BEHIND", 100)
    desk = Desk()
    desk.tell(APPLE, 1_000)
    desk.subscribe(1, "eve", **COSTLY)
    desk.run()
    desk.flush()
    desk.tell(APPLE, 400)
    *_, refused = desk.flush()
    assert isinstance(refused, Refused)
    assert (refused.agent, refused.code) == (1, "rate_limited")
    desk.run()
    assert desk.flush() == []


class View:
    """The view of one subscriber: the numbers must have no gap, the rows are checked against those of a twin."""

    def __init__(self) -> None:
        self.rows: list[tuple] = []
        self.seq = -1

    def on_snapshot(self, seq: int, table: Table) -> None:
        self.seq, self.rows = seq, list(table.rows)

    def on_update(self, update: Update) -> None:
        assert update.prev_seq == self.seq
        self.seq = update.seq
        for row in update.payload:
            if self.rows and self.rows[-1][0] == row[0]:
                self.rows.pop()
            self.rows.append(row)


def every_seven_seconds(number: int) -> int:
    """The time of a tick."""
    return number * 7_000


KINDS: list[dict[str, Any]] = [
    {},
    COSTLY,
    {"period": 5},
    {"period": 60},
    {"period": 90},
    {"period": 300},
    {"period": "1d"},
]


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_order_of_turns_everybody_sees_every_row_once(seed: int) -> None:
    chance = random.Random(seed)
    desk = Desk(share=chance.choice([0.01, 0.1, 1.0]))
    desk.tell(APPLE, chance.randrange(300), label=every_seven_seconds)
    views: dict[str, dict[int, View]] = {}
    topics: dict[int, str] = {}

    def look() -> None:
        for message in desk.flush():
            if isinstance(message, Snapshot):
                topics[message.agent] = message.topic
                views.setdefault(message.topic, {})[message.agent] = view = View()
                view.on_snapshot(message.seq, message.payload)
            elif isinstance(message, Update):
                for view in views.get(message.topic, {}).values():
                    view.on_update(message)

    for step in range(400):
        match chance.randrange(6):
            case 0:
                kind = chance.choice(KINDS)
                desk.subscribe(step, chance.choice(["eve", "eve", "ann"]), **kind)
            case 1 if topics:
                agent = chance.choice(list(topics))
                desk.center.on_unsubscribe(Unsubscribe(agent, 1, "quotes"))
                look()
                views[topics.pop(agent)].pop(agent)
            case 2 | 3:
                desk.tell(APPLE, chance.randrange(1, 4), label=every_seven_seconds)
            case _:
                desk.turn()
        if chance.random() < 0.5:
            look()
    desk.run()
    look()
    twin = Desk(is_fair=False)
    twin.tell(APPLE, desk.label, label=every_seven_seconds)
    pictures: dict[str, Snapshot] = {}
    for agent, kind in enumerate(KINDS):
        twin.subscribe(agent, "x", **kind)
        picture = twin.flush()[-1]
        assert isinstance(picture, Snapshot)
        pictures[picture.topic] = picture
    for name, seen in views.items():
        picture = pictures[name]
        for view in seen.values():
            assert view.seq == picture.seq
            ours, theirs = view.rows[-50:], list(picture.payload.rows)[-50:]
            assert [row[:6] for row in ours] == [row[:6] for row in theirs]


@pytest.mark.parametrize("period", [5, 60, 86_400])
def test_ticks_that_waited_count_once_in_a_bar(period: int) -> None:
    desk, twin = Desk(share=0.01), Desk(is_fair=False)
    for each in (desk, twin):
        each.tell(APPLE, 10)
        each.subscribe(1, "eve", period=period)
        each.run()
    for count in (30, 1, 2, 40, 3):
        for each in (desk, twin):
            each.label += period * 1_000  # a bar begins
            each.tell(APPLE, count)
            each.flush()
        desk.turn()
    desk.run()
    desk.tell(APPLE, 1)
    twin.tell(APPLE, 1)
    desk.run()
    desk.flush()
    for each in (desk, twin):
        each.subscribe(2, "ann", period=period)
    (*_, ours), (*_, theirs) = desk.flush(), twin.flush()
    assert isinstance(ours, Snapshot)
    assert isinstance(theirs, Snapshot)
    assert ours.seq == theirs.seq
    assert ours.payload.rows == theirs.payload.rows


def test_who_wants_the_same_page_does_not_wait_for_the_turns_of_the_one_who_owes() -> None:
    desk = Desk()
    desk.tell(APPLE, 1_000)
    desk.subscribe(1, "eve", **COSTLY)
    desk.subscribe(2, "eve", end_ms=500, count=10)
    timers, desk.timers = desk.timers, []  # eve gets no turn any more
    desk.subscribe(3, "ann", end_ms=500, count=10)
    desk.run()
    assert sorted(message.agent for message in desk.flush() if isinstance(message, Snapshot)) == [2, 3]
    desk.timers = timers
    desk.run()
    assert [message.agent for message in desk.flush() if isinstance(message, Snapshot)] == [1]
