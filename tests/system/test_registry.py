"""Servers that share a Redis, as each other, an operator and the registry see them."""

import json
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtserver.registry.running_server import WORKER, RunningServers
from rtserver.registry.running_server import RunningServer as Told
from rtserver.registry.user_place import UserPlaces
from rtserver.service.message_queue import ServiceMessageQueue
from tcelib.lease.keeper import LEASE_SECONDS
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.until import until
from tests.websocket_client import WebSocketClient

QUEUE = "queue:rtserver"
OPTIONS = ("--no-demo-quotes", "--worker")


@pytest.fixture
def leases(redis_url: str) -> Iterator[RedisLeases]:
    """The registry, as another program sees it."""
    with plain_client(redis_url) as client:
        yield RedisLeases(client, QUEUE)


def told_by(server: RunningServer) -> list[dict[str, object]]:
    """The servers that ``/readyz`` lists."""
    with urllib.request.urlopen(f"{server.url}/readyz") as answer:
        servers: list[dict[str, object]] = json.load(answer)["servers"]
    return servers


def test_servers_see_each_other_and_where_a_user_is(redis_url: str, tmp_path: Path, leases: RedisLeases) -> None:
    running, places = RunningServers(leases), UserPlaces(leases)
    with (
        RunningServer(redis_url, tmp_path / "one", unused_port(), *OPTIONS, "one") as one,
        RunningServer(redis_url, tmp_path / "two", unused_port(), *OPTIONS, "two"),
    ):
        login = DemoLogin(one.url)
        user_id = 1
        assert places.online([user_id]) == set()
        sockets = [WebSocketClient.connect("127.0.0.1", one.port, "/rt/", login.headers) for _ in range(2)]
        until(lambda: places.where(user_id) == ("one",), "the user is on one server")
        until(lambda: [server.connections for server in running.all()] == [2, 0], "both are counted")
        assert [(server.name, server.users) for server in running.all()] == [("one", 1), ("two", 0)]
        until(lambda: [server["name"] for server in told_by(one)] == ["one", "two"], "each server tells of both")
        assert told_by(one)[0].keys() == set(Told._fields)
        sockets[0].socket.close()
        sockets[1].socket.close()
        until(lambda: places.online([user_id]) == set(), "the user is gone with the last connection")
    assert running.all() == ()


def test_a_second_server_of_a_name_is_refused_and_the_first_one_goes_on(redis_url: str, tmp_path: Path) -> None:
    with RunningServer(redis_url, tmp_path / "one", unused_port(), *OPTIONS, "same") as first:
        second = RunningServer(redis_url, tmp_path / "two", unused_port(), *OPTIONS, "same")
        with pytest.raises(AssertionError, match="did not start"):
            second.start()
        [line] = [line for line in second.output if "same" in line]
        assert "another server runs as 'same' on this queue, since " in line
        assert "--worker" in line
        assert not any("Traceback" in line for line in second.output)
        assert [server["name"] for server in told_by(first)] == ["same"]


def test_servers_that_share_a_port_may_share_a_name(redis_url: str, tmp_path: Path, leases: RedisLeases) -> None:
    port = unused_port()
    options = (*OPTIONS, "same", "--reuse-port", "--drain-seconds", "0")
    first = RunningServer(redis_url, tmp_path, port, *options)
    second = RunningServer(redis_url, tmp_path, port, *options)
    with first, second:
        assert [server.name for server in RunningServers(leases).all()] == ["same", "same"]


def test_a_server_that_was_killed_is_back_under_its_name_at_once(
    redis_url: str, tmp_path: Path, leases: RedisLeases
) -> None:
    server = RunningServer(redis_url, tmp_path, unused_port(), *OPTIONS, "w")
    with server:
        [before] = leases.holders(WORKER)
        server.stop(signal.SIGKILL)
        begun = time.monotonic()
        server.start(lambda: [holder.number for holder in leases.holders(WORKER)] > [before.number])
        assert time.monotonic() - begun < LEASE_SECONDS
        [after] = leases.holders(WORKER)
        assert after.number > before.number


def test_a_frozen_server_comes_back_with_its_users(redis_url: str, tmp_path: Path, leases: RedisLeases) -> None:
    with RunningServer(redis_url, tmp_path, unused_port(), *OPTIONS, "w") as server:
        client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
        until(lambda: UserPlaces(leases).online([1]), "the user is online")
        server.signal(signal.SIGSTOP)
        until(lambda: not UserPlaces(leases).online([1]), "a frozen server has no users")
        server.signal(signal.SIGCONT)
        until(lambda: UserPlaces(leases).online([1]), "the user is online again")
        with urllib.request.urlopen(f"{server.url}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        assert "rtserver_leases_taken_total 2.0" in lines
        client.socket.close()


def test_another_program_asks_who_is_online_and_one_server_answers(redis_url: str, tmp_path: Path) -> None:
    with (
        RunningServer(redis_url, tmp_path / "one", unused_port(), *OPTIONS, "one") as one,
        RunningServer(redis_url, tmp_path / "two", unused_port(), *OPTIONS, "two"),
        ServiceMessageQueue.own("queue:billing", redis_url) as billing,
        ServiceQueue(redis_url) as queue,
        plain_client(redis_url) as client,
    ):
        socket = WebSocketClient.connect("127.0.0.1", one.port, "/rt/", DemoLogin(one.url).headers)
        until(lambda: UserPlaces(RedisLeases(client, QUEUE)).online([1]), "the user is online")
        for ref in range(3):
            queue.push("online", {"user_ids": [1, 2, "1"], "queue": "queue:billing", "ref": ref})
        answers: dict[object, object] = {}
        while len(answers) < 3:
            for answer in billing.get(10):
                answers[answer.data["ref"]] = answer.data["online"]
                billing.ack(answer)
        assert answers == {ref: [1, "1"] for ref in range(3)}
        socket.socket.close()
