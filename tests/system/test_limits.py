"""The limits of a server as an operator sets them: who meets one is told, and counted in /metrics."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.websocket_client import WebSocketClient

LIMITS = ("--connections-per-user", "2", "--message-rate", "1", "--json-depth", "8", "--pictures-per-user", "0.1")
CHART = {"type": "quote", "exchange": "TEST", "item": "L", "date": "20130301", "update": "static"}


@pytest.fixture(scope="module")
def server(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    directory = tmp_path_factory.mktemp("var")
    with RunningServer(module_redis_url, directory, unused_port(), "--no-demo-quotes", *LIMITS) as server:
        yield server


def limited(server: RunningServer, limit: str) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        found = re.search(rf'rtserver_limited_total{{limit="{limit}"}} (\S+)', answer.read().decode())
    assert found is not None
    return float(found[1])


def connect(server: RunningServer, login: DemoLogin) -> WebSocketClient:
    return WebSocketClient.connect("127.0.0.1", server.port, "/rt/", login.headers)


def test_every_limit_of_a_user_is_told_to_the_client_and_counted(server: RunningServer) -> None:
    login = DemoLogin(server.url)
    with connect(server, login) as client, connect(server, login) as other, connect(server, login) as third:
        assert (third.answer.status, third.answer.headers["retry-after"]) == (429, "30")
        assert [json.loads(each.recv_text())["type"] for each in (client, other)] == ["userinfo"] * 2
        client.send_text('{"type":"ping","data":' + "[" * 8 + "]" * 8 + "}")
        assert json.loads(client.recv_text())["data"]["code"] == "bad_json"
        for _ in range(2):
            client.send_text(json.dumps({"type": "mycharts", "data": {**CHART, "chart_id": "c"}, "id": "q"}))
        answers = [json.loads(client.recv_text()) for _ in range(2)]
        assert sorted(answer["data"].get("code", "picture") for answer in answers) == ["picture", "rate_limited"]
        # Ten at once are good; some more are refused, and many more in one go are a flood.
        for _ in range(15):
            other.send_text('{"type":"ping","id":1}')
        pongs = [json.loads(other.recv_text()) for _ in range(15)]
        assert pongs[-1]["data"]["code"] == "rate_limited"
        for _ in range(30):
            other.send_text('{"type":"ping","id":1}')
        assert other.recv_until_close().close_code == 4129
    for limit in ("connections_per_user", "json_depth", "pictures_per_user", "flood", "messages"):
        assert limited(server, limit) >= 1, limit


def test_what_nobody_met_is_shown_as_zero(server: RunningServer) -> None:
    for limit in ("memory", "spare_files", "pending", "handshakes", "outboxes", "charts_per_user"):
        assert limited(server, limit) == 0, limit
