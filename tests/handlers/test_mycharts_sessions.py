"""Sessions and trading days, of which charts are told that ask for them, and others are not."""

import json
from pathlib import Path
from typing import Any

import pytest

from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.market.day import DAY_MS, read_day
from tests.handlers.quote_desk import QuoteDesk, table
from tests.market.exchange import futures, moment, stocks
from tests.user_side import Client

PAGE = Path(__file__).parents[2] / "docs/csprotocols.readme.md"
FUTURES, STOCKS = futures(), stocks()
CALENDARS = ExchangeCalendars({"SHFE": FUTURES, "NYSE": STOCKS})
GOLD: dict[str, Any] = {"exchange": "SHFE", "item": "au", "date": None, "sessions": True}
MONDAY, TUESDAY = (read_day(day) * DAY_MS for day in ("2026-03-09", "2026-03-10"))


def at(text: str) -> int:
    return moment(FUTURES, text)


def desk_at(text: str) -> QuoteDesk:
    desk = QuoteDesk(calendar_of=CALENDARS.of)
    desk.time.now = at(text) / 1000
    return desk


def pass_until(desk: QuoteDesk, text: str) -> None:
    desk.time.pass_by(at(text) / 1000 - desk.time.now)


def session(exchange: str, *, is_open: bool, since: str, until: str, **more: Any) -> dict[str, Any]:
    data = {
        "type": "session",
        "exchange": exchange,
        "is_open": is_open,
        "since": at(since),
        "until": at(until),
        **more,
    }
    return {"type": "mycharts", "data": data}


OPEN = session(
    "SHFE",
    is_open=True,
    since="2026-03-09 13:30",
    until="2026-03-09 15:00",
    days=[[FUTURES.extent_of(read_day("2026-03-09"), read_day("2026-03-09")).begin_ms, MONDAY]],
)
CLOSED = session(
    "SHFE",
    is_open=False,
    since="2026-03-09 15:00",
    until="2026-03-09 21:00",
    days=[[FUTURES.extent_of(read_day("2026-03-10"), read_day("2026-03-10")).begin_ms, TUESDAY]],
)


def test_the_examples_of_the_protocol_reference_are_what_is_sent() -> None:
    page = PAGE.read_text()
    assert all(json.dumps(message, separators=(",", ":")) in page for message in (OPEN, CLOSED))


def ask(desk: QuoteDesk, client: Client, **request: Any) -> list[dict[str, Any]]:
    desk.ask(client, **{**GOLD, **request})
    return client.wire.take()


def test_who_asks_is_told_whether_trade_is_on_before_the_picture_comes() -> None:
    desk = desk_at("2026-03-09 14:59")
    client = desk.online.connect()
    assert ask(desk, client) == [OPEN]
    [picture] = desk.show(client, table(at("2026-03-09 14:58")))
    assert picture["data"]["type"] == "render"


def test_each_open_and_close_is_told_once_to_each_connection() -> None:
    desk = desk_at("2026-03-09 14:59")
    clients = [desk.online.connect() for _ in range(3)]
    for client in clients[:2]:
        desk.open_chart(client, **GOLD)
        desk.open_chart(client, **GOLD, chart_id="c2")
        client.wire.take()
    pass_until(desk, "2026-03-09 14:59:59")
    assert [client.wire.take() for client in clients] == [[], [], []]
    pass_until(desk, "2026-03-09 15:00:01")
    assert [client.wire.take() for client in clients] == [[CLOSED], [CLOSED], []]
    pass_until(desk, "2026-03-09 20:59")
    assert clients[0].wire.take() == []
    pass_until(desk, "2026-03-09 21:00:01")
    assert [each["data"]["is_open"] for each in clients[0].wire.take()] == [True]


def test_an_exchange_without_nights_needs_no_word_about_its_trading_days() -> None:
    desk = desk_at("2026-03-09 14:59")
    client = desk.online.connect()
    [told] = ask(desk, client, exchange="NYSE")
    assert told["data"]["is_open"] is False
    assert "days" not in told["data"]
    [picture] = desk.show(client, table(moment(STOCKS, "2026-03-06 15:59")))
    assert "days" not in picture["data"]["chart"]["xAxis"]


@pytest.mark.parametrize("request_", [{"exchange": "COINS"}, {"sessions": False}, {"update": "static"}])
def test_others_are_told_nothing(request_: dict[str, Any]) -> None:
    desk = desk_at("2026-03-09 14:59")
    client = desk.online.connect()
    assert ask(desk, client, **request_) == []
    desk.show(client, table(100))
    pass_until(desk, "2026-03-09 21:01")
    assert client.wire.take() == []
    assert desk.time.alarms == []


def test_the_timer_ends_with_the_last_connection() -> None:
    desk = desk_at("2026-03-09 14:59")
    client = desk.online.connect()
    ask(desk, client)
    client.leave()
    pass_until(desk, "2026-03-09 15:02")
    assert desk.time.alarms == []
    assert ask(desk, desk.online.connect()) == [CLOSED]


NIGHT = (at("2026-03-06 14:59"), at("2026-03-06 21:00"), at("2026-03-07 02:29"), at("2026-03-09 09:00"))


def days_of(message: dict[str, Any]) -> Any:
    return message["data"]["chart"]["xAxis"].get("days")


def test_the_rows_of_a_night_belong_to_the_next_trading_day() -> None:
    desk = desk_at("2026-03-09 14:59")
    client = desk.online.connect()
    ask(desk, client, period=60, count=4)
    [picture] = desk.show(client, table(*NIGHT))
    friday, monday = days_of(picture)
    assert [friday[1], monday] == [read_day("2026-03-06") * DAY_MS, OPEN["data"]["days"][0]]
    assert NIGHT[0] < monday[0] <= NIGHT[1]
    desk.ask_more(client, 9, before=NIGHT[0])
    [page] = desk.show(client, table(at("2026-03-05 21:00"), has_older=True))
    assert days_of(page) == [friday]


@pytest.mark.parametrize("request_", [{"sessions": False}, {"period": "1d"}])
def test_a_picture_is_as_ever_where_days_are_not_asked_for_or_are_the_labels(request_: dict[str, Any]) -> None:
    desk = desk_at("2026-03-09 14:59")
    client = desk.online.connect()
    ask(desk, client, count=4, **request_)
    [picture] = desk.show(client, table(*NIGHT))
    assert days_of(picture) is None


def test_times_of_day_have_no_trading_days_of_their_own() -> None:
    desk = desk_at("2026-03-09 14:59")
    client = desk.online.connect()
    ask(desk, client, date="20260309")
    row = ("21:00:00", 1, 1, 1, 1, None)
    shown = table()
    [picture] = desk.show(client, type(shown)(shown.columns, (row,)))
    assert days_of(picture) is None
    assert json.dumps(picture).count("21:00:00") == 2
