"""Older rows of a chart, page by page, and requests for a part of the history."""

import json
from typing import Any

import pytest

from rtserver.base.bridge.message import Delayed
from rtserver.user.user_limits import UserBounds
from tests.handlers.market import chart_request
from tests.handlers.quote_desk import QuoteDesk, table

CONTINUOUS = {"date": None}
MIDNIGHT = 1_767_571_200_000
"""2026-01-05T00:00Z"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"count": 300}, {"count": 300}),
        ({"from": MIDNIGHT}, {"start_ms": MIDNIGHT}),
        ({"from": "2026-01-05"}, {"start_ms": MIDNIGHT}),
        ({"from": "2026-01-05T00:00:00.500Z"}, {"start_ms": MIDNIGHT + 500}),
        ({"from": "2026-01-05T08:00:00+08:00"}, {"start_ms": MIDNIGHT}),
        ({"to": MIDNIGHT, "update": "static"}, {"end_ms": MIDNIGHT}),
        (
            {"from": "2026-01-05", "to": "2026-01-06T00:00", "count": 5, "update": "static"},
            {"start_ms": MIDNIGHT, "end_ms": MIDNIGHT + 86_400_000, "count": 5},
        ),
        ({"corrections": True}, {}),
        ({}, {}),
    ],
)
def test_the_service_is_asked_for_the_part_that_the_client_wants(asked: dict[str, Any], told: dict[str, Any]) -> None:
    desk = QuoteDesk()
    request = desk.ask(desk.online.connect(), **asked)
    assert request == {"quote": "DEMO:AAPL:20130301", "period": 0, "indicators": (), **told}


def test_without_a_date_the_quote_is_the_continuous_one() -> None:
    desk = QuoteDesk()
    assert desk.ask(desk.online.connect(), date=None)["quote"] == "DEMO:AAPL"


def test_a_period_may_have_a_name() -> None:
    desk = QuoteDesk()
    assert desk.ask(desk.online.connect(), period="15m")["period"] == "15m"


@pytest.mark.parametrize("wish", [{"count": 10}, {"from": 0}, {"corrections": True}])
def test_who_asks_for_a_part_is_told_whether_there_are_older_rows(wish: dict[str, Any]) -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    for has_older in (True, False):
        desk.ask(client, **wish)
        [picture] = desk.show(client, table(100, has_older=has_older))
        assert picture["data"]["older"] is has_older


def test_who_asks_as_ever_is_answered_as_ever() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.ask(client)
    [picture] = desk.show(client, table(100, has_older=True))
    assert set(picture["data"]) == {"type", "update", "chart_id", "epoch", "seq", "chart"}


def test_a_page_answers_its_request_and_the_chart_goes_on() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, period=60, shape="ohlc", indicators=["sma:2"], count=500)
    [asked] = desk.ask_more(client, 9)
    assert (asked.service, asked.request) == (
        "quotes",
        {"quote": "DEMO:AAPL:20130301", "period": 60, "indicators": ("sma:2",), "end_ms": 100, "count": 2},
    )
    [answer] = desk.show(client, table(98, 99, has_older=True), seq=5)
    assert answer["id"] == 9
    data = answer["data"]
    assert (data["type"], data["chart_id"], data["before"], data["older"]) == ("more", "c1", 100, True)
    assert data["chart"]["legends"] == ["AAPL", "volume"]
    assert data["chart"]["xAxis"]["data"] == [98, 99]
    assert desk.ended == [asked.ref]
    desk.update(2, (101, 1, 1, 1, 1, None))
    [update] = client.wire.take()
    assert (update["data"]["update"], update["data"]["prev_seq"]) == ("dynamic", 1)


def test_a_page_reaches_behind_the_begin_that_the_chart_was_asked_for() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, **{"from": 100})
    [asked] = desk.ask_more(client)
    assert "start_ms" not in asked.request


def test_a_label_may_be_a_text_of_iso_8601() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client)
    [asked] = desk.ask_more(client, before="2026-01-05")
    assert asked.request["end_ms"] == MIDNIGHT


@pytest.mark.parametrize("wrong", [{"before": "tomorrow"}, {"before": None}, {"count": 0}, {"count": 1e9}])
def test_a_page_that_makes_no_sense_is_refused_and_the_error_names_the_field(wrong: dict[str, Any]) -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client)
    assert desk.ask_more(client, 9, **wrong) == []
    [error] = client.wire.take()
    assert (error["id"], error["data"]["code"]) == (9, "bad_request")
    assert next(iter(wrong)) in error["data"]["message"]
    assert "chart_id" not in error["data"]


def test_there_are_no_pages_of_a_chart_that_is_not_shown() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    assert desk.ask_more(client, 9) == []
    [error] = client.wire.take()
    assert (error["id"], error["data"]["code"]) == (9, "bad_request")
    assert "c1" in error["data"]["message"]


def test_a_page_that_the_service_refuses_leaves_the_chart_as_it_is() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client)
    desk.ask_more(client, 9)
    [error] = desk.refuse(client, "history_failed", "the history does not answer")
    assert error["id"] == 9
    assert error["data"] == {
        "code": "history_failed",
        "message": "chart c1: the history does not answer",
        "type": "mycharts",
    }
    desk.update(2, (101, 1, 1, 1, 1, None))
    assert len(client.wire.take()) == 1


def test_a_second_page_takes_the_place_of_the_first_which_is_told_so() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client)
    [first] = desk.ask_more(client, 8)
    [second] = desk.ask_more(client, 9, before=50)
    assert desk.ended == [first.ref]
    [error] = client.wire.take()
    assert (error["id"], error["data"]["code"]) == (8, "replaced")
    [answer] = desk.show(client, table(49))
    assert (answer["id"], second.request["end_ms"]) == (9, 50)


@pytest.mark.parametrize("last", [{"type": "unlisten", "chart_id": "c1"}, "another chart"])
def test_a_chart_that_ends_takes_its_page_along(last: Any) -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client)
    [page] = desk.ask_more(client, 8)
    if last == "another chart":
        desk.ask(client, item="IBM")
    else:
        desk.send(client, last)
    [error] = client.wire.take()
    assert (error["id"], error["data"]["code"]) == (8, "replaced")
    assert page.ref in desk.ended


@pytest.mark.parametrize("last", [{"type": "unlisten", "chart_id": "c1"}, "another chart"])
def test_a_chart_that_ends_before_its_picture_is_answered_under_its_id(last: Any) -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.ask(client, 7)
    if last == "another chart":
        desk.ask(client, 8, item="IBM")
    else:
        desk.send(client, last)
    [error] = client.wire.take()
    assert (error["id"], error["data"]["code"], "chart_id" in error["data"]) == (7, "replaced", False)


def test_a_chart_without_an_id_ends_without_a_word() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.ask(client)
    desk.ask(client, item="IBM")
    assert client.wire.take() == []


def test_a_chart_that_was_shown_ends_without_a_word() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client, request_id=7)
    client.wire.take()
    desk.ask(client, 8, item="IBM")
    [picture] = desk.show(client, table(49))
    assert picture["id"] == 8


def test_pages_count_as_pictures_and_not_as_charts() -> None:
    desk = QuoteDesk(bounds=UserBounds(pictures=1, charts=1), max_charts=1)
    client = desk.online.connect()
    desk.open_chart(client)
    [_] = desk.ask_more(client, 8)
    assert client.wire.take() == []
    codes = []
    for _ in range(20):
        desk.ask_more(client, 9)
        codes += [message["data"]["code"] for message in client.wire.take()]
    assert codes[-1] == "rate_limited"


def test_a_page_is_cut_to_what_the_system_takes_at_once_and_a_picture_as_ever_is_not() -> None:
    desk = QuoteDesk(page_bytes=4_096)
    client = desk.online.connect()
    long = table(*range(1_000))
    desk.open_chart(client, long)
    [asked] = desk.ask_more(client, 9, before=1_000, count=1_000)
    assert asked.request["count"] < 200  # more would not fit
    [(frame, _)] = _frames(desk, client, long)
    assert len(frame) <= 4_096
    page = json.loads(frame[4:])["data"]
    labels = page["chart"]["xAxis"]["data"]
    assert (labels[-1], page["older"]) == (999, True)
    assert 100 < len(labels) < 1_000
    desk.ask(client)
    [picture] = desk.show(client, long)
    assert len(picture["data"]["chart"]["xAxis"]["data"]) == 1_000


def _frames(desk: QuoteDesk, client: Any, shown: Any) -> list[tuple[bytes, Any]]:
    take = client.wire.take
    client.wire.take = lambda: list(client.wire.frames)
    frames = desk.show(client, shown)
    client.wire.frames.clear()
    client.wire.take = take
    return frames  # type: ignore[return-value]


def test_a_connection_that_ends_has_no_page_left() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client)
    [page] = desk.ask_more(client, 8)
    client.leave()
    desk.take_asked()
    assert page.ref in desk.ended


def test_a_page_that_has_to_be_read_holds_up_no_other_chart() -> None:
    desk = QuoteDesk()
    client = desk.online.connect()
    desk.open_chart(client)
    [page] = desk.ask_more(client, 8)
    assert desk.send(client, chart_request(chart_id="c2", item="IBM")) == []
    desk.online.users.handle(Delayed(page.agent, page.ref))
    [other] = desk.take_asked()
    assert other.request["quote"] == "DEMO:IBM:20130301"
    [picture] = desk.show(client, table(5))
    assert picture["data"]["chart_id"] == "c2"
    desk.answer(page, table(98, 99), 1)
    [answer] = client.wire.take()
    assert answer["id"] == 8
