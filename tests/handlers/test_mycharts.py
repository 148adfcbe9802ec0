"""``mycharts`` as a client sees it, with the real QuoteCenter behind it."""

import asyncio
import gc
import weakref
from collections import deque
from functools import partial
from typing import Any

import msgspec
import pytest
from user_side import Client, Online

from rtserver.base.messages import Message, Subscribe, Unsubscribe
from rtserver.handlers.mycharts import MyChartMsgHandler
from rtserver.handlers.ping import PingMsgHandler
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote_center import QuoteCenter
from rtserver.service.users import Users
from rtserver.user.auth import Identity
from rtserver.user.limits import UserBounds
from rtserver.user.policy import Policy, Rights

DATE = "20130301"
QUOTES = msgspec.json.Decoder(QuoteCenter.data_type)


class Market:
    """Both sides of the bridge, and the mailboxes between them: what is posted waits until ``deliver``."""

    def __init__(self, *, rights: Rights | None = None, bounds: UserBounds | None = None, **limits: Any) -> None:
        handlers = (PingMsgHandler, partial(MyChartMsgHandler, **limits))
        self.online = Online(*handlers, rights=rights, bounds=bounds)
        self._to_users: deque[Message] = deque()
        post = self._to_users.append
        self.center = QuoteCenter(ServiceContext(post, Users(post), lambda fn, *args: fn(*args)))

    @property
    def painter(self):
        return self.online.users.table.handlers["mycharts"].painter

    def tick(self, label, price, item: str = "AAPL", volume=None) -> None:
        """A producer's message, as bytes."""
        info = {"point": [label, price], "volume": volume}
        data = [{"quote": f"DEMO:{item}:{DATE}", "info": info}]
        self.center("feed-1", QUOTES.decode(msgspec.json.encode(data)))

    def deliver(self) -> None:
        """Everything that was posted, to either side, until nothing is left."""
        while True:
            for message in self.online.take_posted():
                if isinstance(message, Subscribe):
                    self.center.on_subscribe(message)
                elif isinstance(message, Unsubscribe):
                    self.center.on_unsubscribe(message)
            self.center.flush()
            while self._to_users:
                self.online.users.handle(self._to_users.popleft())
            if not self.online.posted:
                return

    def ask(self, client: Client, **request) -> list[dict]:
        """A chart request; what the client has got when everything has been delivered."""
        request_id = request.pop("id", None)
        client.send("mycharts", chart_request(**request), **({} if request_id is None else {"id": request_id}))
        self.deliver()
        return client.wire.take()

    def limited(self) -> dict[str, int]:
        """Which limits were met how often."""
        return {limit: count for limit, count in self.online.users.limits.counted.counts.items() if count}

    def traces(self) -> dict[str, int]:
        """What is held for anybody, on either side."""
        return {
            "agents": len(self.online.users.agents),
            "topics": len(self.online.topics),
            "members": self.online.topics.members,
            "feeds": self.center.feeds,
            "subscribers": self.center.subscribers,
        }


def chart_request(chart_id="c1", item="AAPL", update="dynamic", **more) -> dict:
    known = {"type": "quote", "exchange": "DEMO", "date": DATE}
    return {**known, "chart_id": chart_id, "item": item, "update": update, **more}


def points(message: dict, series: int = 0) -> list:
    return message["data"]["chart"]["series"][series]["data"]


def test_a_dynamic_chart_begins_with_a_picture_and_goes_on_with_every_tick():
    market = Market()
    client = market.online.connect()
    market.tick(1000, 10)
    [picture] = market.ask(client, id="q")
    assert (picture["id"], picture["data"]["update"], picture["data"]["seq"]) == ("q", "static", 1)
    assert points(picture) == [[1000, 10]]

    market.tick(2000, 11.5)
    market.deliver()
    assert client.wire.take() == [
        {
            "type": "mycharts",
            "data": {
                "type": "render",
                "update": "dynamic",
                "chart_id": "c1",
                "epoch": "e1",
                "seq": 2,
                "prev_seq": 1,
                "chart": {"series": [[0, 2000, 11.5]]},
            },
        }
    ]


def test_ticks_of_one_batch_come_in_one_message_in_order():
    market = Market()
    client = market.online.connect()
    market.ask(client)
    for label in range(5):
        market.tick(label, label + 1)
    market.deliver()
    [message] = client.wire.take()
    assert message["data"]["chart"]["series"] == [[0, label, label + 1] for label in range(5)]
    assert message["data"]["seq"] == 5


def test_nothing_is_missed_and_nothing_comes_twice_while_the_request_is_under_way():
    market = Market()
    client = market.online.connect()
    watcher = market.online.connect()
    market.ask(watcher)
    market.tick(1, 1)
    client.send("mycharts", chart_request())
    market.tick(2, 2)
    market.deliver()
    market.tick(3, 3)
    market.deliver()
    picture, *updates = client.wire.take()
    seen = [label for label, _ in points(picture)]
    seen += [entry[1] for message in updates for entry in message["data"]["chart"]["series"]]
    assert seen == [1, 2, 3]


def test_each_message_says_which_number_it_follows():
    market = Market()
    client = market.online.connect()
    market.tick(1, 1)
    messages = market.ask(client)
    for ticks in (1, 3, 2):
        for _ in range(ticks):
            market.tick(2, 2)
        market.deliver()
    messages += client.wire.take()
    assert [message["data"].get("prev_seq") for message in messages] == [None, 1, 2, 5]
    assert [message["data"]["seq"] for message in messages] == [1, 2, 5, 7]
    assert {message["data"]["epoch"] for message in messages} == {"e1"}


def test_a_static_chart_is_one_picture_and_leaves_nothing_behind():
    market = Market()
    client = market.online.connect()
    market.tick(1, 10)
    [picture] = market.ask(client, update="static", id=1)
    assert (picture["id"], points(picture)) == (1, [[1, 10]])
    market.tick(2, 11)
    market.deliver()
    assert client.wire.take() == []
    assert market.traces() == {"agents": 1, "topics": 0, "members": 0, "feeds": 0, "subscribers": 0}


def test_a_user_has_several_charts_also_of_one_quote():
    market = Market()
    client = market.online.connect()
    market.ask(client, chart_id="line")
    market.ask(client, chart_id="candles", shape="ohlc")
    market.ask(client, chart_id="ibm", item="IBM")
    market.tick(1, 10, volume=3)
    market.tick(1, 99, item="IBM")
    market.deliver()
    got = {message["data"]["chart_id"]: message["data"]["chart"]["series"] for message in client.wire.take()}
    assert got == {"line": [[0, 1, 10]], "candles": [[0, 1, 10, 10, 10, 10], [1, 1, 3]], "ibm": [[0, 1, 99]]}
    assert market.center.feeds == 2


def test_asking_again_under_the_same_id_replaces_the_chart():
    market = Market()
    client = market.online.connect()
    market.ask(client)
    [picture] = market.ask(client, shape="ohlc", item="IBM")
    assert picture["data"]["chart"]["legends"] == ["IBM", "volume"]
    market.tick(1, 10)
    market.tick(1, 99, item="IBM")
    market.deliver()
    [message] = client.wire.take()
    assert message["data"]["chart"]["series"] == [[0, 1, 99, 99, 99, 99]]
    assert market.center.subscribers == 1


def test_asking_again_before_the_first_answer_is_there_leaves_one_chart():
    market = Market()
    client = market.online.connect()
    client.send("mycharts", chart_request(), id=1)
    client.send("mycharts", chart_request(shape="bar"), id=2)
    market.deliver()
    [picture] = client.wire.take()
    assert picture["id"] == 2
    assert market.traces()["subscribers"] == 1


def test_asking_for_the_same_chart_again_does_not_end_its_feed_in_between():
    market = Market()
    client = market.online.connect()
    market.ask(client)
    market.online.take_posted()
    client.send("mycharts", chart_request())
    assert [type(message) for message in market.online.posted] == [Subscribe, Unsubscribe]


def test_a_chart_that_was_given_up_gets_no_more():
    market = Market()
    client = market.online.connect()
    market.ask(client)
    client.send("mycharts", {"type": "unlisten", "chart_id": "c1"})
    market.tick(1, 1)
    market.deliver()
    assert client.wire.take() == []
    assert market.traces()["feeds"] == 0


def test_giving_up_is_answered_if_it_has_an_id_and_may_be_repeated():
    market = Market()
    client = market.online.connect()
    market.ask(client)
    for _ in range(2):
        answer = client.ask("mycharts", {"type": "unlisten", "chart_id": "c1"}, id=5)
        assert answer == [{"type": "mycharts", "data": {"type": "unlisten", "chart_id": "c1"}, "id": 5}]


def test_a_chart_that_is_given_up_before_its_picture_came_never_comes():
    market = Market()
    client = market.online.connect()
    client.send("mycharts", chart_request())
    client.send("mycharts", {"type": "unlisten", "chart_id": "c1"})
    market.deliver()
    assert client.wire.take() == []
    assert market.traces()["subscribers"] == 0


def test_a_chart_id_may_be_a_number_and_is_not_the_text_that_looks_like_it():
    market = Market()
    client = market.online.connect()
    ids = [market.ask(client, chart_id=chart_id)[0]["data"]["chart_id"] for chart_id in (1, "1")]
    assert ids == [1, "1"]
    assert market.center.subscribers == 2


def test_bars_and_indicators_are_asked_of_the_service_and_drawn():
    market = Market()
    client = market.online.connect()
    for second in range(5):
        market.tick(second * 1000, second + 1)
    [picture] = market.ask(client, period=2, shape="ohlc", indicators=["sma:2", "rsi:2"])
    chart = picture["data"]["chart"]
    assert chart["legends"] == ["AAPL", "volume", "sma:2", "rsi:2"]
    assert points(picture) == [[0, 1, 2, 1, 2], [2000, 3, 4, 3, 4], [4000, 5, 5, 5, 5]]
    assert points(picture, 2)[-1] == [4000, 4.5]


@pytest.mark.parametrize("wrong", [{"indicators": ["wma:3"]}, {"period": 1e9}, {"period": 0.0001}])
def test_what_the_service_refuses_is_an_error_with_the_requests_id(wrong):
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
        {"period": "60"},
        {"shape": "pie"},
        {"indicators": "sma:20"},
        {"indicators": ["x" * 33]},
        {"indicators": ["sma"] * 33},
        {"type": "quotes"},
        {"type": None},
    ],
)
def test_a_request_of_another_shape_never_reaches_the_service(wrong):
    market = Market()
    client = market.online.connect()
    [message] = client.ask("mycharts", {**chart_request(), **wrong}, id=3)
    assert (message["data"]["code"], message["id"]) == ("bad_request", 3)
    assert market.online.posted == []


@pytest.mark.parametrize("missing", ["type", "chart_id", "exchange", "item", "date", "update"])
def test_a_request_that_lacks_something_is_told_what(missing):
    request = chart_request()
    del request[missing]
    [message] = Market().online.connect().ask("mycharts", request)
    assert missing in message["data"]["message"]


def test_one_connection_has_a_bounded_number_of_charts():
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


def test_one_user_has_a_bounded_number_of_charts_over_all_connections():
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


def test_one_user_may_ask_for_so_many_pictures_over_all_connections_and_after_a_new_one():
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


def test_a_static_chart_counts_only_until_it_has_been_sent():
    market = Market(max_charts=1)
    client = market.online.connect()
    for chart_id in range(5):
        [message] = market.ask(client, chart_id=chart_id, update="static")
        assert message["data"]["type"] == "render"


def test_five_hundred_who_watch_one_quote_cost_one_picture_and_one_frame_per_tick():
    market = Market()
    clients = [market.online.connect(number) for number in range(500)]
    market.tick(1, 1)
    for client in clients:
        client.send("mycharts", chart_request(), id="chart-1")
    market.deliver()
    assert market.painter.drawn == 1
    for client in clients:
        client.wire.take()
    market.tick(2, 2)
    market.deliver()
    frames = {id(client.wire.frames[0][0]) for client in clients}
    assert len(frames) == 1
    assert all(len(client.wire.frames) == 1 for client in clients)


def rows_of(messages: list[dict]) -> list:
    return [entry[1] for message in messages for entry in message["data"]["chart"]["series"]]


def test_a_chart_with_a_rate_gets_its_ticks_together_and_whole():
    market = Market()
    quick, slow = market.online.connect(1), market.online.connect(2)
    market.ask(quick)
    market.ask(slow, max_rate=1.9)
    for label in range(5):
        market.tick(label, label)
        market.deliver()
    assert [len(client.wire.frames) for client in (quick, slow)] == [5, 1]
    market.online.time.pass_by(1)
    messages = slow.wire.take()
    assert rows_of(messages) == [0, 1, 2, 3, 4]
    assert [(message["data"]["prev_seq"], message["data"]["seq"]) for message in messages] == [(0, 1), (1, 5)]


def test_a_bar_that_grew_meanwhile_is_shown_as_it_is_last_and_leaves_no_gap():
    market = Market()
    client = market.online.connect()
    market.ask(client, max_rate=1, period=60)
    for second in range(0, 90, 15):
        market.tick(second * 1000, second)
        market.deliver()
    market.online.time.pass_by(1)
    first, second = client.wire.take()
    assert first["data"]["chart"]["series"] == [[0, 0, 0]]
    assert second["data"]["chart"]["series"] == [[0, 0, 45], [0, 60_000, 75]]
    assert (second["data"]["prev_seq"], second["data"]["seq"]) == (1, 6)


def test_everyone_of_a_rate_shares_one_frame():
    market = Market()
    clients = [market.online.connect(number) for number in range(100)]
    for number, client in enumerate(clients):
        market.ask(client, max_rate=1 + number % 10 / 20)
    for label in range(3):
        market.tick(label, label)
        market.deliver()
    market.online.time.pass_by(1)
    assert {len(client.wire.frames) for client in clients} == {2}
    assert len({id(client.wire.frames[1][0]) for client in clients}) == 1


def test_a_rate_is_changed_while_connected_and_said_back_as_it_was_granted():
    market = Market()
    client = market.online.connect()
    market.ask(client)
    [answer] = client.ask("mycharts", {"type": "rate", "chart_id": "c1", "max_rate": 1.5}, id=7)
    assert answer == {"type": "mycharts", "data": {"type": "rate", "chart_id": "c1", "max_rate": 1.0}, "id": 7}
    for label in range(4):
        market.tick(label, label)
        market.deliver()
    assert rows_of(client.ask("mycharts", {"type": "rate", "chart_id": "c1", "max_rate": None})) == [0, 1, 2, 3]
    market.tick(4, 4)
    market.deliver()
    assert rows_of(client.wire.take()) == [4]
    assert market.online.time.alarms == []


def test_nothing_is_missed_or_doubled_by_a_change_of_rate():
    market = Market()
    client = market.online.connect()
    market.ask(client, max_rate=1)
    for label in range(12):
        market.tick(label, label)
        market.deliver()
        if label % 3 == 2:
            client.send("mycharts", {"type": "rate", "chart_id": "c1", "max_rate": (5, None, 1, 0.1)[label // 3]})
    market.online.time.pass_by(10)
    assert rows_of(client.wire.take()) == list(range(12))


def test_a_rate_may_be_changed_before_the_picture_is_there():
    market = Market()
    client = market.online.connect()
    client.send("mycharts", chart_request())
    client.send("mycharts", {"type": "rate", "chart_id": "c1", "max_rate": 1})
    market.deliver()
    client.wire.take()
    for label in range(3):
        market.tick(label, label)
        market.deliver()
    assert len(client.wire.take()) == 1


def test_a_cap_by_user_holds_for_requests_and_for_changes():
    market = Market(max_rate=lambda user: {1: 2.0}.get(user.user_id))
    capped, free = market.online.connect(1), market.online.connect(2)
    for client in (capped, free):
        market.ask(client)
    for label in range(3):
        market.tick(label, label)
        market.deliver()
    assert [len(client.wire.take()) for client in (capped, free)] == [1, 3]
    rates = [(None, 2.0), (50, 2.0), (1, 1.0)]
    for wish, rate in rates:
        [answer] = [
            message
            for message in capped.ask("mycharts", {"type": "rate", "chart_id": "c1", "max_rate": wish}, id=1)
            if "id" in message
        ]
        assert answer["data"]["max_rate"] == rate


def test_a_user_who_changes_sees_every_chart_as_often_as_their_new_groups_may_and_as_was_wished():
    market = Market(max_rate=lambda user: None if "quick" in user.groups else 0.1)
    client = market.online.connect()
    for chart_id, wish in (("all", None), ("few", 0.1)):
        market.ask(client, chart_id=chart_id, **({} if wish is None else {"max_rate": wish}))

    def seen(labels: range) -> dict[str, list]:
        for label in labels:
            market.tick(label, label)
            market.deliver()
        messages = client.wire.take()
        return {
            chart_id: rows_of([message for message in messages if message["data"]["chart_id"] == chart_id])
            for chart_id in ("all", "few")
        }

    def move_to(*groups: str) -> None:
        known = client.agent.user
        market.online.site.sessions[known.session_key] = msgspec.structs.replace(known, groups=frozenset(groups))
        asyncio.run(market.online.users.recheck_sessions())

    assert seen(range(3)) == {"all": [0], "few": [0]}
    move_to("quick")
    assert seen(range(3, 6)) == {"all": [1, 2, 3, 4, 5], "few": []}
    move_to()
    seen(range(6, 8))
    assert seen(range(8, 10))["all"] == []
    market.online.time.pass_by(20)
    assert rows_of([m for m in client.wire.take() if m["data"]["chart_id"] == "few"])[-1] == 9


def test_a_chart_that_is_not_there_has_no_rate():
    [message] = Market().online.connect().ask("mycharts", {"type": "rate", "chart_id": "c9", "max_rate": 1}, id=3)
    assert (message["data"]["code"], message["id"]) == ("bad_request", 3)
    assert "c9" in message["data"]["message"]


@pytest.mark.parametrize("wrong", [0, 0.09, -1, "1", True])
def test_a_rate_below_the_lowest_is_refused(wrong):
    market = Market()
    client = market.online.connect()
    for data in (chart_request(max_rate=wrong), {"type": "rate", "chart_id": "c1", "max_rate": wrong}):
        [message] = client.ask("mycharts", data)
        assert message["data"]["code"] == "bad_request"
    assert market.online.posted == []


def test_a_change_of_rate_has_to_say_which():
    [message] = Market().online.connect().ask("mycharts", {"type": "rate", "chart_id": "c1"})
    assert "max_rate" in message["data"]["message"]


def test_updates_may_be_conflated_and_pictures_may_not():
    market = Market()
    client = market.online.connect()
    market.tick(1, 1)
    client.send("mycharts", chart_request())
    market.deliver()
    market.tick(2, 2)
    market.deliver()
    picture_key, update_key = (key for _, key in client.wire.frames)
    assert picture_key is None
    assert update_key is not None


def test_nobody_sees_a_chart_that_another_asked_for():
    market = Market()
    ann, bob = market.online.connect(1), market.online.connect(2)
    market.ask(ann)
    market.ask(bob, item="IBM")
    market.tick(1, 10)
    market.deliver()
    assert len(ann.wire.take()) == 1
    assert bob.wire.take() == []


def test_the_first_one_to_leave_a_group_is_not_kept_by_it():
    market = Market()
    first, second = market.online.connect(1), market.online.connect(2)
    market.ask(first)
    market.ask(second)
    gone = weakref.ref(first.wire)
    first.leave()
    del first
    gc.collect()
    assert gone() is None
    market.tick(1, 1)
    market.deliver()
    assert len(second.wire.take()) == 1


def test_a_thousand_who_come_and_go_leave_nothing_behind():
    market = Market()
    market.tick(1, 1)
    wires = weakref.WeakSet()
    for number in range(1000):
        client = market.online.connect(number)
        wires.add(client.wire)
        client.send("mycharts", chart_request(chart_id="static", update="static"))
        client.send("mycharts", chart_request(chart_id="line"))
        client.send("mycharts", chart_request(chart_id="bad", indicators=["nothing"]))
        if number % 3:
            market.deliver()
            client.send("mycharts", chart_request(chart_id="line", shape="ohlc", item="IBM", period=number % 5))
        if number % 2:
            market.deliver()
        client.leave()
        del client
    market.deliver()
    market.online.site.sessions.clear()
    gc.collect()
    assert market.traces() == {"agents": 0, "topics": 0, "members": 0, "feeds": 0, "subscribers": 0}
    assert len(wires) == 0
    assert market.online.users.user_count == 0
    assert market.online.users.table.failures == 0


class BySymbol(Policy):
    """What may be seen is called like a group."""

    def may_subscribe(self, user, service, request):
        return request["quote"].split(":")[1] in user.groups


def test_a_chart_whose_right_is_lost_says_so_by_its_id_and_is_silent_from_then_on():
    market = Market(rights=Rights(BySymbol()))
    client = market.online.connect()
    client.agent.on_user(Identity(1, "ann", client.agent.session_key, frozenset({"AAPL", "IBM"})))
    market.ask(client, chart_id="a", item="AAPL", id="q")
    market.ask(client, chart_id="i", item="IBM")
    client.agent.on_user(Identity(1, "ann", client.agent.session_key, frozenset({"IBM"})))
    market.tick(1, 1, "AAPL")
    market.tick(1, 2, "IBM")
    market.deliver()
    error, update = client.wire.take()
    assert error == {
        "type": "error",
        "data": {
            "code": "forbidden",
            "message": "chart a: you may not have this of the quotes",
            "type": "mycharts",
            "chart_id": "a",
        },
        "id": "q",
    }
    assert update["data"]["chart_id"] == "i"
    # The name is free, the right is not there.
    [error] = market.ask(client, chart_id="a", item="AAPL", id="r")
    assert (error["id"], error["data"]["code"], error["data"]["chart_id"]) == ("r", "forbidden", "a")
    [picture] = market.ask(client, chart_id="a", item="IBM")
    assert picture["data"]["update"] == "static"
    client.leave()
    market.deliver()
    assert set(market.traces().values()) == {0}
