"""A Redis that is filled to its maxmemory, under a running server with a demo site whose sessions are in it, too."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.service_queue import BUS, POSITIONS, QUEUE
from tests.until import until
from tests.websocket_client import WebSocketClient

MEGABYTE = 1_048_576
HEALED_SECONDS = 5.0  # what is promised
PAYLOAD = json.dumps(
    {"type": "django_site", "src": "flood", "data": {"op": "recheck", "user_id": 0, "x": "x" * 4_000}}
)


@pytest.fixture
def full_redis(tmp_path: Path) -> Iterator[RedisProcess]:
    memory = ("--maxmemory", "32mb", "--maxmemory-policy", "noeviction")
    with RedisProcess(tmp_path, *memory) as server:
        yield server


@pytest.fixture
def server(full_redis: RedisProcess, tmp_path: Path) -> Iterator[RunningServer]:
    options = ("--no-demo-quotes", "--canary-seconds", "0.5")
    with RunningServer(full_redis.url, tmp_path / "var", unused_port(), *options) as server:
        yield server


def is_accepted(client: redis.Redis, message: str = PAYLOAD) -> bool:
    try:
        client.rpush(QUEUE, message)
    except redis.ResponseError:
        return False
    return True


def has_logged_in(server: RunningServer, logins: list[DemoLogin]) -> bool:
    """Tell if a log-in was accepted, and add it to ``logins`` then. Writes under way may fill Redis once more."""
    try:
        logins.append(DemoLogin(server.url))
    except urllib.error.HTTPError as refusal:
        refusal.close()
    return bool(logins)


def has_told(server: RunningServer, *words: str) -> bool:
    """Tell if a line of the log has all the words. Lines are read by another thread, a little later."""
    return any(all(word in line for word in words) for line in server.output)


def readiness(server: RunningServer) -> dict[str, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"{server.url}/readyz") as answer:
            checks = json.load(answer)["checks"]
    except urllib.error.HTTPError as error:
        with error:
            checks = json.load(error)["checks"]
    return {check["name"]: check for check in checks}


def metric(server: RunningServer, name: str) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        found = re.search(rf"^rtserver_{name} (\S+)", answer.read().decode(), re.MULTILINE)
    assert found is not None
    return float(found[1])


def flood(client: redis.Redis, size: int) -> None:
    for _ in range(size // len(PAYLOAD) // 50):
        try:
            client.rpush(QUEUE, *[PAYLOAD] * 50)
        except redis.ResponseError:
            return


def fill(client: redis.Redis, key: str) -> None:
    """Until nothing more goes in, however small it is."""
    for size in (MEGABYTE, 10_000, 100):
        with suppress(redis.ResponseError):
            while True:
                client.rpush(key, b"x" * size)
        client.connection_pool.disconnect()  # what came over a connection is in memory, too


def test_after_a_flood_producers_and_log_ins_are_let_in_again_and_no_handled_message_is_missing(
    server: RunningServer, full_redis: RedisProcess
) -> None:
    with full_redis.client() as client:
        flood(client, 120 * MEGABYTE)
        until(lambda: is_accepted(client), "a producer is accepted", HEALED_SECONDS)
        until(lambda: client.llen(QUEUE) == 0, "the list is empty")
        logins: list[DemoLogin] = []
        until(lambda: has_logged_in(server, logins), "a log-in is accepted", HEALED_SECONDS)
        until(lambda: client.memory_usage(BUS, samples=0) < 1.2 * 8 * MEGABYTE, "the bus keeps to its bytes")
        with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", logins[0].headers) as page:
            assert json.loads(page.recv_text())["type"] == "userinfo"
            notice = {"user_id": "*", "type": "notice", "data": 1}
            client.rpush(QUEUE, json.dumps({"type": "pushuser", "src": "test", "data": notice}))
            assert json.loads(page.recv_text())["data"] == 1
    assert metric(server, "bus_lost_total") == metric(server, "bus_trimmed_unread_total") == 0
    until(lambda: bool(readiness(server)["canary"]["ok"]), "messages of our own come back")


@pytest.mark.soak
def test_a_backlog_that_fills_redis_is_worked_off_by_a_server_that_starts_then(
    full_redis: RedisProcess, tmp_path: Path
) -> None:
    with full_redis.client() as client:
        flood(client, 120 * MEGABYTE)
        fill(client, QUEUE)
        server = RunningServer(full_redis.url, tmp_path / "var", unused_port(), "--no-demo-quotes")
        with server:
            until(lambda: client.llen(QUEUE) == 0, "the list is empty")
            until(lambda: is_accepted(client), "a producer is accepted")
            assert metric(server, "bus_lost_total") == 0


def test_what_fills_redis_is_named_and_what_waits_for_one_that_is_gone_makes_room(
    server: RunningServer, full_redis: RedisProcess
) -> None:
    with full_redis.client() as client:
        client.hset(POSITIONS, "gone/quote", "0-0")
        flood(client, 7 * MEGABYTE)
        until(lambda: client.llen(QUEUE) == 0, "the list is empty")
        fill(client, "{queue:rtserver}:somebody's")
        # Below what is used, so that Redis stays full when it frees a buffer; above what is used without the bus.
        client.config_set("maxmemory", 29 * MEGABYTE)
        until(lambda: is_accepted(client), "a producer is accepted", HEALED_SECONDS)
        until(lambda: metric(server, "bus_trimmed_unread_total") > 0, "what was lost to somebody is counted")
        until(lambda: has_told(server, "a server or a handler had not had"), "the log tells it")
        client.config_set("maxmemory", 8 * MEGABYTE)
        until(lambda: "of 8.0 MB used" in str(readiness(server)["redis memory"]), "it is told")
        until(lambda: not readiness(server)["canary"]["ok"], "no message of our own comes back")
        checks = readiness(server)
        for name in ("redis memory", "canary"):
            assert re.search(
                r"of 8\.0 MB used \(noeviction\); largest: \{queue:rtserver\}:somebody's \d+",
                str(checks[name]["detail"]),
            )
        assert "loop-back" not in str(checks)
        until(lambda: has_told(server, "Redis is short of memory", "somebody's"), "the log tells it, too")
        client.config_set("maxmemory", 0)
        until(lambda: all(check["ok"] for check in readiness(server).values()), "all is well again")
