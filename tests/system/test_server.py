"""A running server as a client, a backend and an operator see it."""

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import rtserver
from rtserver.base.queue.redis_queue import plain_client
from rtserver.registry.running_server import RunningServers
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.conftest import Connect
from tests.websocket_client import TEXT, WebSocketClient, masked

START_MS = 1_362_148_200_000


def recv(client: WebSocketClient, wanted: str) -> Any:
    """The data of the next message of a type; others are passed over."""
    while True:
        message = json.loads(client.recv_text())
        if message["type"] == wanted:
            return message["data"]


def ask_for(client: WebSocketClient, item: str, **more: Any) -> None:
    """Ask for a dynamic chart."""
    request = {"type": "quote", "chart_id": "c", "exchange": "TEST", "item": item, "date": "20130301"}
    data = {**request, "update": "dynamic", **more}
    client.send_text(json.dumps({"type": "mycharts", "data": data, "id": 1}))


def test_userinfo_is_the_first_message(connect: Connect) -> None:
    message = json.loads(connect().recv_text())
    assert message["type"] == "userinfo"
    assert message["data"]["user"]["name"] == "demo"
    assert message["data"]["heartbeat_ms"] == 25_000
    assert set(message["data"]["server"]) == {"version", "epoch"}


def test_two_sockets_of_one_user_have_different_uids(connect: Connect) -> None:
    assert recv(connect(), "userinfo")["uid"] != recv(connect(), "userinfo")["uid"]


def test_a_ping_is_answered_under_its_id(connect: Connect) -> None:
    client = connect()
    client.recv_text()
    client.send_text('{"type":"ping","id":"x","data":[1]}')
    assert json.loads(client.recv_text()) == {"type": "ping", "data": "pong", "id": "x"}


def test_a_pushed_price_arrives_as_it_was_pushed(connect: Connect, queue: ServiceQueue) -> None:
    client = connect()
    ask_for(client, "A")
    picture = recv(client, "mycharts")
    assert (picture["update"], picture["chart"]["series"][0]["data"]) == ("static", [])
    queue.push_price("TEST:A:20130301", START_MS, 430.5)
    assert recv(client, "mycharts")["chart"]["series"] == [[0, START_MS, 430.5]]


def test_the_picture_holds_what_came_before_and_the_updates_go_on_without_a_gap(
    connect: Connect, queue: ServiceQueue
) -> None:
    early, late = connect(), connect()
    ask_for(early, "B")
    recv(early, "mycharts")
    for n in range(50):
        queue.push_price("TEST:B:20130301", START_MS + n, n)
    seen: list[float] = []
    while len(seen) < 25:
        seen += [entry[2] for entry in recv(early, "mycharts")["chart"]["series"]]
    ask_for(late, "B")
    picture = recv(late, "mycharts")
    prices = [point[1] for point in picture["chart"]["series"][0]["data"]]
    assert picture["seq"] == len(prices)
    while len(prices) < 50:
        update = recv(late, "mycharts")
        prices += [entry[2] for entry in update["chart"]["series"]]
        assert update["seq"] == len(prices)
    assert prices == list(range(50))


def test_candles_with_indicators_are_drawn_from_ticks(connect: Connect, queue: ServiceQueue) -> None:
    client = connect()
    ask_for(client, "C", period=60, shape="ohlc", indicators=["sma:2"])
    assert recv(client, "mycharts")["chart"]["legends"] == ["C", "volume", "sma:2"]
    queue.push("quote", [
        {"quote": "TEST:C:20130301", "info": {"point": [START_MS + second * 1000, price], "volume": 5}}
        for second, price in ((0, 10), (1, 14), (59, 8), (60, 12))
    ])  # fmt: skip
    entries: list[list[Any]] = []
    while not entries or entries[-1][0] != 2:
        entries += recv(client, "mycharts")["chart"]["series"]
    candles = [entry[1:] for entry in entries if entry[0] == 0]
    assert candles[-2:] == [[START_MS, 10, 8, 8, 14], [START_MS + 60_000, 12, 12, 12, 12]]
    assert entries[-1] == [2, START_MS + 60_000, 10]


def test_a_page_that_asks_for_all_its_charts_at_once_gets_them_all(connect: Connect, queue: ServiceQueue) -> None:
    client = connect()
    points = [{"quote": "TEST:M:20130301", "info": {"point": [START_MS + n, 100.123456 + n]}} for n in range(1000)]
    queue.push("quote", points)
    ask_for(client, "M")
    while len(recv(client, "mycharts")["chart"]["series"]) < 1:
        pass
    request = {"type": "quote", "exchange": "TEST", "item": "M", "date": "20130301", "update": "dynamic"}
    more = {"indicators": ["sma:2", "boll", "macd"]}
    client.send(
        b"".join(
            masked(TEXT, json.dumps({"type": "mycharts", "data": {**request, **more, "chart_id": n}}).encode())
            for n in range(60)
        )
    )
    seen: list[int] = []
    while len(seen) < 60:
        chart = recv(client, "mycharts")
        if chart["update"] == "static":
            seen.append(chart["chart_id"])
    assert seen == list(range(60))


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server: RunningServer) -> None:
    head = "POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(head.encode())
        assert b" 400 " in client.recv(100)


def test_an_unlistened_chart_is_silent(connect: Connect, queue: ServiceQueue) -> None:
    client = connect()
    ask_for(client, "D")
    recv(client, "mycharts")
    client.send_text('{"type":"mycharts","data":{"type":"unlisten","chart_id":"c"}}')
    client.send_text('{"type":"ping","id":1}')
    recv(client, "ping")
    queue.push_price("TEST:D:20130301", START_MS, 1)
    queue.push("pushuser", {"user_id": "*", "type": "after", "data": None})
    types = []
    while "after" not in types:
        types.append(json.loads(client.recv_text())["type"])
    assert "mycharts" not in types


@pytest.mark.parametrize("to_all", [True, False])
def test_a_pushed_message_reaches_every_tab_of_those_it_is_for(
    connect: Connect, server: RunningServer, queue: ServiceQueue, to_all: bool
) -> None:
    tabs = [connect(), connect()]
    user_id = recv(tabs[0], "userinfo")["user"]["id"]
    guest = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url, "guest").headers)
    with guest:
        queue.push("pushuser", {"user_id": "*" if to_all else user_id, "type": "notice", "data": {"text": "hé"}})
        queue.push("pushuser", {"user_id": "*", "type": "end", "data": 0})
        assert [recv(tab, "notice") for tab in tabs] == [{"text": "hé"}] * 2
        types = [json.loads(guest.recv_text())["type"]]
        while types[-1] != "end":
            types.append(json.loads(guest.recv_text())["type"])
    assert ("notice" in types) is to_all


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_json"),
        ('{"data":1}', "bad_message"),
        ("[]", "bad_message"),
        ('{"type":"nonsense"}', "unknown_type"),
        ('{"type":"mycharts","data":{"type":"quote","chart_id":"c"}}', "bad_request"),
        ('{"type":"mycharts","data":{"type":"nonsense"}}', "bad_request"),
    ],
)
def test_bad_input_is_answered_and_the_socket_stays(connect: Connect, text: str, code: str) -> None:
    client = connect()
    client.recv_text()
    client.send_text(text)
    error = recv(client, "error")
    assert error["code"] == code
    assert error["message"]
    client.send_text('{"type":"ping"}')
    assert recv(client, "ping") == "pong"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Cookie": None}, 401),
        ({"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz123456"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Key": "short"}, 400),
    ],
)
def test_strangers_are_refused_before_the_upgrade(connect: Connect, headers: dict[str, str], status: int) -> None:
    assert connect(**headers).answer.status == status


def test_the_own_origin_is_let_in(connect: Connect, server: RunningServer) -> None:
    assert connect(Origin=server.url).answer.status == 101


def test_a_logout_closes_all_sockets_of_its_session_and_no_other(
    connect: Connect, login: DemoLogin, server: RunningServer
) -> None:
    tabs = [connect(), connect()]
    other = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
    with other:
        cookie = login.headers["Cookie"]
        login.log_out()
        assert [tab.recv_until_close().close_code for tab in tabs] == [4009, 4009]
        other.recv_text()
        other.send_text('{"type":"ping"}')
        assert recv(other, "ping") == "pong"
    with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", {"Cookie": cookie}) as late:
        assert late.answer.status == 401


def test_a_kick_closes_with_4003_and_its_reason(server: RunningServer, queue: ServiceQueue) -> None:
    guest = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url, "guest").headers)
    with guest:
        user_id = recv(guest, "userinfo")["user"]["id"]
        queue.push("django_site", {"op": "kick", "user_id": user_id, "reason": "go away"})
        frame = guest.recv_until_close()
    assert (frame.close_code, frame.payload[2:]) == (4003, b"go away")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"not json \xff", b"bad_json"),
        (b'{"src":"x","data":1}', b"bad_message"),
        (b'{"type":"nobody","src":"x","data":1}', b"unknown_type"),
        (b'{"type":"quote","src":"x","data":[{"quote":"A"}]}', b"bad_data"),
        (b'{"type":"quote","src":"x","data":[{"quote":"A:B:1","info":{"point":[1,2]}}]}', b"bad_data"),
    ],
)
def test_a_bad_service_message_goes_to_the_dead_stream_and_the_next_one_is_handled(
    connect: Connect, queue: ServiceQueue, raw: bytes, reason: bytes
) -> None:
    client = connect()
    queue.push_raw(raw)
    queue.push("pushuser", {"user_id": "*", "type": "next", "data": 7})
    assert recv(client, "next") == 7
    letter = queue.dead_letter(raw)
    assert letter[b"reason"] == reason
    assert letter[b"detail"]


def test_the_metrics_count_dead_messages(server: RunningServer, queue: ServiceQueue) -> None:
    raw = b'{"type":"counted","src":"x","data":1}'
    queue.push_raw(raw)
    queue.dead_letter(raw)
    text = urllib.request.urlopen(f"{server.url}/metrics").read().decode()
    count = next(
        line for line in text.splitlines() if line.startswith('rtserver_dead_messages_total{reason="unknown_type"')
    )
    assert float(count.split()[-1]) >= 1


@pytest.mark.parametrize(
    "path", ["/static/%00", "/static/../../etc/passwd", "/static/%2e%2e/settings.py", "/nothing"]
)
def test_what_is_not_there_is_not_found(server: RunningServer, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(server.url + path)
    error.value.close()
    assert error.value.code in (403, 404)


def test_health_is_told(server: RunningServer) -> None:
    assert json.load(urllib.request.urlopen(f"{server.url}/healthz")) == {"alive": True}
    ready = json.load(urllib.request.urlopen(f"{server.url}/readyz"))
    assert ready["ready"]
    assert {check["name"] for check in ready["checks"]} == {
        "websocket thread",
        "service thread",
        "lanes",
        "redis memory",
        "redis",
        "keys",
        "canary",
        "memory",
        "accepting",
        "writes",
        "log-ins",
        "lease",
    }


def test_a_server_says_which_types_it_handles_while_it_runs(redis_url: str, tmp_path: Path) -> None:
    with plain_client(redis_url) as client:
        servers = RunningServers.of_queue(client, "queue:rtserver")
        with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes", "--worker", "w"):
            [server] = servers.all()
            assert (server.name, server.version, server.users) == ("w", rtserver.__version__, 0)
            assert set(server.types) == {"django_site", "online", "pushuser", "quote", "quote_alive"}
        assert servers.all() == ()
