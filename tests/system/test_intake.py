"""Intake of a real server: copies of one message, and messages that are far too large."""

import hashlib
import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
import redis

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import DEAD, ServiceQueue
from tests.until import until
from tests.websocket_client import WebSocketClient


@pytest.fixture(scope="module")
def server(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    directory = tmp_path_factory.mktemp("var")
    with RunningServer(module_redis_url, directory, unused_port(), "--no-demo-quotes") as server:
        yield server


@pytest.fixture
def client(server: RunningServer) -> Iterator[WebSocketClient]:
    with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers) as client:
        assert json.loads(client.recv_text())["type"] == "userinfo"
        yield client


def notice(text: str, message_id: str | int, **more: object) -> str:
    data = {"user_id": "*", "type": "notice", "data": {"text": text, **more}}
    return json.dumps({"type": "pushuser", "src": "shop", "data": data, "id": message_id})


def repeated(server: RunningServer) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        found = re.search(r"^rtserver_repeated_messages_total (\S+)", answer.read().decode(), re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_of_copies_of_a_message_a_page_gets_one_and_an_inner_id_is_no_id(
    server: RunningServer, client: WebSocketClient, module_redis_url: str
) -> None:
    before = repeated(server)
    long = "x" * 50_000
    with ServiceQueue(module_redis_url) as queue:
        queue.push_raw(notice("first", "a", id="inner", long=long), notice("second", "b", id="inner"))
        queue.push_raw(notice("copy", "a"), notice("large", 2**53 + 1), notice("other", 2**53 + 2))
        queue.push_raw(notice("copy", 2**53 + 1), notice("last", "c"))
    texts = [json.loads(client.recv_text())["data"]["text"] for _ in range(5)]
    assert texts == ["first", "second", "large", "other", "last"]
    assert repeated(server) - before == 2


def test_sixty_megabytes_with_an_id_cost_one_letter_and_the_next_message_comes(
    server: RunningServer, client: WebSocketClient, module_redis_url: str
) -> None:
    large = b'{"type":"pushuser","src":"shop","id":1,"data":"' + b"x" * 60_000_000 + b'"}'
    with ServiceQueue(module_redis_url) as queue, redis.Redis.from_url(module_redis_url) as plain:
        queue.push_raw(large)
        queue.push_raw(notice("behind", "d"))
        assert json.loads(client.recv_text())["data"]["text"] == "behind"
        until(lambda: plain.xlen(DEAD), "there is a dead letter")
        [(_, fields)] = plain.xrange(DEAD)
        assert int(fields[b"bytes"]) == len(large)
        assert fields[b"sha256"].decode() == hashlib.sha256(large).hexdigest()
        assert fields[b"raw"] == large[:4096]
        assert fields[b"reason"] == b"bad_message"
        assert plain.memory_usage("queue:rtserver") is None
        assert not list(plain.scan_iter("*aside*"))
