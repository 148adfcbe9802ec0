"""The limits of a server as an operator sets them: who meets one is told, and counted in /metrics."""

import http.client
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.system.test_canary import own_url
from tests.websocket_client import WebSocketClient

LIMITS = ("--connections-per-user", "2", "--message-rate", "1", "--json-depth", "8", "--pictures-per-user", "0.1")
CHART = {"type": "quote", "exchange": "TEST", "item": "L", "date": "20130301", "update": "static"}


@pytest.fixture(scope="module")
def server(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    directory = tmp_path_factory.mktemp("var")
    with RunningServer(module_redis_url, directory, unused_port(), "--no-demo-quotes", *LIMITS) as server:
        yield server


def limited(server: RunningServer, limit: str) -> float:
    with urllib.request.urlopen(f"{own_url(server)}/metrics") as answer:
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


def test_a_user_whose_processor_time_is_used_up_is_told_so_and_counted(redis_url: str, tmp_path: Path) -> None:
    options = ("--no-demo-quotes", "--user-cpu-ms", "10", "--message-rate", "0", "--byte-rate", "0")
    costly = '{"type":"ping","id":1,"data":[' + "[]," * 21_000 + "[]]}"
    with RunningServer(redis_url, tmp_path, unused_port(), *options) as server:
        with connect(server, DemoLogin(server.url)) as client:
            client.recv_text()
            answers = []
            while len(answers) < 500 and (not answers or answers[-1]["type"] == "ping"):
                client.send_text(costly)
                answers.append(json.loads(client.recv_text()))
        assert len(answers) > 5
        assert (answers[-1]["data"]["code"], answers[-1]["id"]) == ("rate_limited", 1)
        assert "processor time" in answers[-1]["data"]["message"]
        assert limited(server, "user_cpu_ms") >= 1


def test_requests_of_plain_http_have_a_rate_over_a_kept_connection(redis_url: str, tmp_path: Path) -> None:
    options = ("--no-demo-quotes", "--requests-per-ip", "20")
    with RunningServer(redis_url, tmp_path, unused_port(), *options) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        statuses = []
        while 429 not in statuses:
            assert len(statuses) < 1_000
            connection.request("GET", "/static/js/rtc/index.js")
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        assert answer.headers["Retry-After"] == "1"
        assert set(statuses) <= {200, 429}
        connection.close()
        assert limited(server, "requests_per_ip") >= 1
        # Sockets have a rate of their own, and so has the loop-back port.
        client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", {})
        assert client.answer.status == 401
        client.socket.close()
