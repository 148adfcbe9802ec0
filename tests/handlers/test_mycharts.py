"""``mycharts`` as a client sees it, with the real QuoteCenter behind it."""

import gc
import weakref

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.user.identity import Identity
from rtserver.user.policy import Policy, Rights, ServiceRequest
from tests.handlers.market import Market, chart_request, points


def test_a_dynamic_chart_begins_with_a_picture_and_goes_on_with_every_tick() -> None:
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


def test_ticks_of_one_batch_come_in_one_message_in_order() -> None:
    market = Market()
    client = market.online.connect()
    market.ask(client)
    for label in range(5):
        market.tick(label, label + 1)
    market.deliver()
    [message] = client.wire.take()
    assert message["data"]["chart"]["series"] == [[0, label, label + 1] for label in range(5)]
    assert message["data"]["seq"] == 5


def test_nothing_is_missed_and_nothing_comes_twice_while_the_request_is_under_way() -> None:
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


def test_each_message_says_which_number_it_follows() -> None:
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


def test_a_static_chart_is_one_picture_and_leaves_nothing_behind() -> None:
    market = Market()
    client = market.online.connect()
    market.tick(1, 10)
    [picture] = market.ask(client, update="static", id=1)
    assert (picture["id"], points(picture)) == (1, [[1, 10]])
    market.tick(2, 11)
    market.deliver()
    assert client.wire.take() == []
    assert market.traces() == {"agents": 1, "topics": 0, "members": 0, "feeds": 0, "subscribers": 0}


def test_a_user_has_several_charts_also_of_one_quote() -> None:
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
    assert len(market.center.feeds) == 2


def test_asking_again_under_the_same_id_replaces_the_chart() -> None:
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


def test_asking_again_before_the_first_answer_is_there_leaves_one_chart() -> None:
    market = Market()
    client = market.online.connect()
    client.send("mycharts", chart_request(), id=1)
    client.send("mycharts", chart_request(shape="bar"), id=2)
    market.deliver()
    [error, picture] = client.wire.take()
    assert (error["id"], error["data"]["code"]) == (1, "replaced")
    assert picture["id"] == 2
    assert market.traces()["subscribers"] == 1


def test_asking_for_the_same_chart_again_does_not_end_its_feed_in_between() -> None:
    market = Market()
    client = market.online.connect()
    market.ask(client)
    market.online.take_posted()
    client.send("mycharts", chart_request())
    assert [type(message) for message in market.online.posted] == [Subscribe, Unsubscribe]


def test_a_chart_that_was_given_up_gets_no_more() -> None:
    market = Market()
    client = market.online.connect()
    market.ask(client)
    client.send("mycharts", {"type": "unlisten", "chart_id": "c1"})
    market.tick(1, 1)
    market.deliver()
    assert client.wire.take() == []
    assert market.traces()["feeds"] == 0


def test_giving_up_is_answered_if_it_has_an_id_and_may_be_repeated() -> None:
    market = Market()
    client = market.online.connect()
    market.ask(client)
    for _ in range(2):
        answer = client.ask("mycharts", {"type": "unlisten", "chart_id": "c1"}, id=5)
        assert answer == [{"type": "mycharts", "data": {"type": "unlisten", "chart_id": "c1"}, "id": 5}]


def test_a_chart_that_is_given_up_before_its_picture_came_never_comes() -> None:
    market = Market()
    client = market.online.connect()
    client.send("mycharts", chart_request())
    client.send("mycharts", {"type": "unlisten", "chart_id": "c1"})
    market.deliver()
    assert client.wire.take() == []
    assert market.traces()["subscribers"] == 0


def test_a_chart_id_may_be_a_number_and_is_not_the_text_that_looks_like_it() -> None:
    market = Market()
    client = market.online.connect()
    ids = [market.ask(client, chart_id=chart_id)[0]["data"]["chart_id"] for chart_id in (1, "1")]
    assert ids == [1, "1"]
    assert market.center.subscribers == 2


def test_five_hundred_who_watch_one_quote_cost_one_picture_and_one_frame_per_tick() -> None:
    market = Market()
    clients = [market.online.connect(number) for number in range(500)]
    market.tick(1, 1)
    for client in clients:
        client.send("mycharts", chart_request(), id="chart-1")
    market.deliver()
    assert len({id(client.wire.frames[0][0]) for client in clients}) == 1
    for client in clients:
        client.wire.take()
    market.tick(2, 2)
    market.deliver()
    frames = {id(client.wire.frames[0][0]) for client in clients}
    assert len(frames) == 1
    assert all(len(client.wire.frames) == 1 for client in clients)


def test_updates_may_be_conflated_and_pictures_may_not() -> None:
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


def test_nobody_sees_a_chart_that_another_asked_for() -> None:
    market = Market()
    ann, bob = market.online.connect(1), market.online.connect(2)
    market.ask(ann)
    market.ask(bob, item="IBM")
    market.tick(1, 10)
    market.deliver()
    assert len(ann.wire.take()) == 1
    assert bob.wire.take() == []


def test_the_first_one_to_leave_a_group_is_not_kept_by_it() -> None:
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


def test_a_thousand_who_come_and_go_leave_nothing_behind() -> None:
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
    """A policy under which users see the symbols that are called like their groups."""

    def may_subscribe(self, user: Identity, service: str, request: ServiceRequest) -> bool:
        return request["quote"].split(":")[1] in user.groups


def test_a_chart_whose_right_is_lost_says_so_by_its_id_and_is_silent_from_then_on() -> None:
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
            "message": "chart a: you may not subscribe to quotes",
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
