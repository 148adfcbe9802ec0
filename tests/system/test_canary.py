"""A real server that is deaf, in ways that a server can become deaf, and one that is not."""

import json
import re
import resource
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import DEAD
from tests.until import until
from tests.websocket_client import WebSocketClient

BUS = "{queue:rtserver}:bus"
STALE_SECONDS = 30.0
QUICK = ("--no-demo-quotes", "--canary-seconds", "0.5")  # no quicker: a busy machine is not deaf


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """One whose canaries are quick."""
    with RunningServer(redis_url, tmp_path, unused_port(), *QUICK) as server:
        yield server


def own_url(server: RunningServer) -> str:
    """Return the address at which this process alone answers."""
    return re.findall(r"http://127.0.0.1:\d+", server.wait_said("this process alone answers at"))[0]


def readings(url: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Status, and what each probe says."""
    try:
        with urllib.request.urlopen(f"{url}/readyz") as answer:
            status, body = answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, json.load(error)
    return status, {check["name"]: check for check in body["checks"]}


def metric(url: str, name: str) -> float:
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        (value,) = re.findall(rf"^rtserver_{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(value)


def said(server: RunningServer, words: str) -> Callable[[], bool]:
    return lambda: any(words in line for line in server.output)


def test_messages_of_our_own_come_back_and_no_user_sees_them(server: RunningServer) -> None:
    url = own_url(server)
    client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
    with client:
        assert json.loads(client.recv_text())["type"] == "userinfo"
        begun = metric(url, "canaries_returned_total")
        until(lambda: metric(url, "canaries_returned_total") >= begun + 3)
        assert metric(url, "canary_age_seconds") < STALE_SECONDS
        assert (metric(url, "connections"), metric(url, "agents"), metric(url, "users")) == (1, 1, 1)
        client.send_text('{"type":"ping","data":1}')
        assert json.loads(client.recv_text())["type"] == "ping", "nothing has come in between"
    status, checks = readings(url)
    assert (status, checks["canary"]["ok"]) == (200, True)


def test_those_of_two_workers_are_signed_and_do_not_meet(redis_url: str, tmp_path: Path) -> None:
    options = (*QUICK, "--queue-secret", "only these two know it")
    one, other = (RunningServer(redis_url, tmp_path / name, unused_port(), *options) for name in ("one", "other"))
    with one, other:
        for url in (own_url(one), own_url(other)):
            begun = metric(url, "canaries_returned_total")
            until(lambda url=url, begun=begun: metric(url, "canaries_returned_total") >= begun + 2)
    with redis.Redis.from_url(redis_url) as client:
        assert client.xlen(DEAD) == 0


def test_a_server_whose_bus_takes_nothing_is_not_ready_and_says_where_messages_stay(server: RunningServer) -> None:
    url = own_url(server)
    begun = metric(url, "canaries_returned_total")
    # One has just come back, so none is on the bus: the next one will find it broken.
    until(lambda: metric(url, "canaries_returned_total") > begun)
    with redis.Redis.from_url(server.redis_url) as client:
        client.pipeline().delete(BUS).set(BUS, "somebody else's").execute()
        until(said(server, "it is on the list, and the intake does not move it"))
        assert said(server, "deaf: no message of our own has come back")()
        status, checks = readings(server.url)
        assert (status, checks["canary"]["ok"]) == (503, False)
        assert "it is on the list" in checks["canary"]["detail"]
        client.delete(BUS)
    until(said(server, "messages of our own come back again"))
    until(lambda: readings(server.url)[0] == 200)


def test_a_server_that_can_open_no_connection_any_more_is_not_ready(server: RunningServer) -> None:
    url = own_url(server)
    # Nothing is in flight when the last file is gone; the probe's own connection is there already.
    probe = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
    until(lambda: metric(url, "canaries_returned_total") >= 1)
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3, hard))
    try:
        until(said(server, "no loop-back connection can be opened"))
        assert said(server, "deaf: no message of our own has come back")()
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))
        probe.socket.close()
    until(said(server, "messages of our own come back again"))
    until(lambda: readings(url)[0] == 200)


def test_the_door_of_the_process_alone_answers_while_clients_are_sent_away(redis_url: str, tmp_path: Path) -> None:
    port = unused_port()
    options = ("--no-demo-quotes", "--reuse-port", "--drain-seconds", "2")
    with RunningServer(redis_url, tmp_path, port, *options) as old:
        login = DemoLogin(old.url)
        clients = [WebSocketClient.connect("127.0.0.1", port, "/rt/", login.headers) for _ in range(2)]
        with RunningServer(redis_url, tmp_path, port, *options) as new:
            old.signal()
            assert clients[0].recv_until_close().close_code == 4101
            status, checks = readings(own_url(old))
            assert (status, checks["accepting"]["ok"]) == (503, False)
            assert readings(own_url(new))[0] == 200
            assert old.wait() == 0
        for client in clients:
            client.socket.close()


def test_a_server_that_speaks_tls_hears_itself_as_well(redis_url: str, tmp_path: Path, certificate: Path) -> None:
    options = ("--tls-cert", str(certificate), "--tls-key", str(certificate))
    server = RunningServer(redis_url, tmp_path, unused_port(), *QUICK, *options)
    server.start(is_ready=said(server, "= listening on"))
    try:
        until(lambda: metric(own_url(server), "canaries_returned_total") >= 2)
        assert readings(own_url(server))[0] == 200
    finally:
        assert server.stop() == 0


def test_without_canaries_none_is_sent(redis_url: str, tmp_path: Path) -> None:
    with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes", "--canary-seconds", "0") as server:
        status, checks = readings(server.url)
        assert (status, checks["canary"]["detail"]) == (200, "off")
        with redis.Redis.from_url(redis_url) as client:
            assert client.xlen(BUS) == 0
