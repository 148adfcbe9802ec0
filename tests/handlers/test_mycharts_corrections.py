"""Corrected rows: sent to charts that take them, a new picture for the others."""

from typing import Any

from tests.handlers.quote_desk import QuoteDesk, row, table
from tests.user_side import Client

LATE = (row(100, 9),)


def correct(desk: QuoteDesk, seq: int) -> None:
    """A late tick: the row before the last one changes."""
    desk.update(seq, row(101), corrected=LATE)


def pictures(messages: list[dict[str, Any]]) -> list[int]:
    """The numbers of the whole pictures among the messages."""
    return [message["data"]["seq"] for message in messages if message["data"]["update"] == "static"]


def refresh(desk: QuoteDesk, *clients: Client, seq: int, seconds: float = 0) -> list[list[dict[str, Any]]]:
    """Let time pass and answer what is asked. Return what each client gets."""
    desk.time.pass_by(seconds)
    known = len(desk.asked)
    desk.take_asked()
    for asked in desk.asked[known:]:
        desk.answer(asked, table(100, 101), seq)
    desk.take_asked()
    return [client.wire.take() for client in clients]


def test_a_chart_that_takes_corrections_is_sent_the_row() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, table(100, 101), corrections=True)
    correct(desk, 2)
    [update] = client.wire.take()
    assert update["data"]["chart"]["series"] == [[0, 100, 9], [0, 101, 1]]
    assert refresh(desk, client, seq=2, seconds=5) == [[]]


def test_a_chart_that_does_not_is_sent_a_new_picture_without_an_id_and_goes_on() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, table(100, 101), request_id=7)
    correct(desk, 2)
    [update] = client.wire.take()
    assert update["data"]["chart"]["series"] == [[0, 101, 1]]
    [[picture]] = refresh(desk, client, seq=2)
    assert (picture["data"]["update"], picture["data"]["seq"]) == ("static", 2)
    assert "id" not in picture
    assert desk.ended == [desk.asked[0].ref]
    desk.update(3, row(102))
    [update] = client.wire.take()
    assert (update["data"]["prev_seq"], update["data"]["seq"]) == (2, 3)


def test_a_burst_of_corrections_is_one_picture_a_second() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, table(100, 101))
    seen = []
    for seq in range(2, 22):
        correct(desk, seq)
        seen += pictures(refresh(desk, client, seq=seq, seconds=0.2)[0])
    seen += pictures(refresh(desk, client, seq=21, seconds=5)[0])
    assert seen == [2, 6, 11, 16, 21]
    assert desk.time.alarms == []


def test_a_picture_is_drawn_once_for_all_who_look_at_the_same() -> None:
    desk = QuoteDesk()
    clients = [desk.online.connect(number) for number in range(20)]
    for client in clients:
        desk.open_chart(client, table(100, 101))
    correct(desk, 2)
    for client in clients:
        client.wire.frames.clear()
    desk.time.pass_by(0)
    desk.take_asked()
    new = table(100, 101)
    for asked in desk.asked[20:]:
        desk.answer(asked, new, 2)
    assert len({id(client.wire.frames[0][0]) for client in clients}) == 1


def test_only_charts_that_do_not_take_corrections_are_refreshed_and_only_of_that_quote() -> None:
    desk = QuoteDesk()
    old, new, other = (desk.online.connect(number) for number in range(3))
    desk.open_chart(old, table(100))
    desk.open_chart(new, table(100), corrections=True)
    desk.open_chart(other, table(100), topic="u")
    correct(desk, 2)
    for client in (old, new, other):
        client.wire.take()
    assert [len(messages) for messages in refresh(desk, old, new, other, seq=2, seconds=3)] == [1, 0, 0]


def test_a_chart_that_was_given_up_meanwhile_is_not_refreshed() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, table(100, 101))
    correct(desk, 2)
    client.send("mycharts", {"type": "unlisten", "chart_id": "c1"})
    client.wire.take()
    assert refresh(desk, client, seq=2, seconds=3) == [[]]
    assert len(desk.asked) == 1
    assert desk.time.alarms == []


def test_a_chart_with_a_rate_gets_its_picture_when_it_is_sent_the_correction() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, table(100), max_rate=1)
    desk.update(2, row(101))
    correct(desk, 3)
    client.wire.take()
    assert len(desk.asked) == 1
    desk.time.pass_by(1)
    [[update, picture]] = refresh(desk, client, seq=3)
    assert (update["data"]["update"], picture["data"]["update"]) == ("dynamic", "static")
    desk.update(4, row(102))
    assert desk.online.topics.members == 1


def test_the_refresh_costs_nothing_of_the_users_pictures() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, table(100, 101))
    counted = desk.online.users.limits.counted.counts.copy()
    for seq in range(2, 300):
        correct(desk, seq)
        refresh(desk, client, seq=seq, seconds=1)
    assert desk.online.users.limits.counted.counts == counted
