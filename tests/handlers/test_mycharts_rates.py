"""Charts that are updated less often than there are ticks, because their users wish it or may not have more."""

import asyncio

import msgspec
import pytest

from tests.handlers.market import Market, chart_request


def rows_of(messages: list[dict]) -> list:
    return [entry[1] for message in messages for entry in message["data"]["chart"]["series"]]


def test_a_chart_with_a_rate_gets_its_ticks_together_and_whole() -> None:
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


def test_a_bar_that_grew_meanwhile_is_shown_as_it_is_last_and_leaves_no_gap() -> None:
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


def test_everyone_of_a_rate_shares_one_frame() -> None:
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


def test_a_rate_is_changed_while_connected_and_said_back_as_it_was_granted() -> None:
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


def test_nothing_is_missed_or_doubled_by_a_change_of_rate() -> None:
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


def test_a_rate_may_be_changed_before_the_picture_is_there() -> None:
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


def test_a_cap_by_user_holds_for_requests_and_for_changes() -> None:
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


def test_a_user_who_changes_sees_every_chart_as_often_as_their_new_groups_may_and_as_was_wished() -> None:
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


def test_a_chart_that_is_not_there_has_no_rate() -> None:
    [message] = Market().online.connect().ask("mycharts", {"type": "rate", "chart_id": "c9", "max_rate": 1}, id=3)
    assert (message["data"]["code"], message["id"]) == ("bad_request", 3)
    assert "c9" in message["data"]["message"]


@pytest.mark.parametrize("wrong", [0, 0.09, -1, "1", True])
def test_a_rate_below_the_lowest_is_refused(wrong: float | str | bool) -> None:
    market = Market()
    client = market.online.connect()
    for data in (chart_request(max_rate=wrong), {"type": "rate", "chart_id": "c1", "max_rate": wrong}):
        [message] = client.ask("mycharts", data)
        assert message["data"]["code"] == "bad_request"
    assert market.online.posted == []


def test_a_change_of_rate_has_to_say_which() -> None:
    [message] = Market().online.connect().ask("mycharts", {"type": "rate", "chart_id": "c1"})
    assert "max_rate" in message["data"]["message"]
