"""A server that goes down as clients see it, with another one beside it and without."""

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.fork_server import REPOSITORY
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.websocket_client import TEXT, WebSocketClient

DRAIN = ("--drain-seconds", "1")


def make_server(redis_url: str, directory: Path, port: int, *options: str) -> RunningServer:
    # Who knocks here knocks faster than one address may.
    return RunningServer(redis_url, directory, port, "--no-demo-quotes", "--limits", "off", *DRAIN, *options)


@pytest.fixture
def lone_server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    with make_server(redis_url, tmp_path, unused_port()) as server:
        yield server


@pytest.fixture
def pair(redis_url: str, tmp_path: Path) -> Iterator[tuple[RunningServer, RunningServer]]:
    """The one that is to go, up already, and the one that is to follow it, not started yet; of one port."""
    port = unused_port()
    with make_server(redis_url, tmp_path, port, "--reuse-port") as old:
        new = make_server(redis_url, tmp_path, port, "--reuse-port")
        yield old, new
        new.end()


def connect(server: RunningServer, login: DemoLogin) -> WebSocketClient:
    client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", login.headers)
    assert json.loads(client.recv_text())["type"] == "userinfo"
    return client


def last_words(client: WebSocketClient) -> tuple[list[dict[str, Any]], int]:
    """Return the messages to a client until it is told to go, and the close code."""
    messages = []
    while (frame := client.recv()).opcode == TEXT:
        messages.append(json.loads(frame.payload))
    client.socket.close()
    return messages, frame.close_code


def test_without_another_server_all_are_told_their_moments_at_once(lone_server: RunningServer) -> None:
    login = DemoLogin(lone_server.url)
    clients = [connect(lone_server, login) for _ in range(10)]
    assert lone_server.stop() == 0
    ends = [last_words(client) for client in clients]
    assert sorted(messages[-1]["data"]["after_ms"] for messages, _ in ends) == list(range(0, 1000, 100))
    assert {code for _, code in ends} == {4101}


def test_what_is_waiting_for_a_client_is_sent_before_it_is_sent_away(lone_server: RunningServer) -> None:
    client = connect(lone_server, DemoLogin(lone_server.url))
    with ServiceQueue(lone_server.redis_url) as queue:
        for n in range(50):
            queue.push("pushuser", {"user_id": "*", "type": "n", "data": n})
        first = json.loads(client.recv_text())
        lone_server.stop()
        messages, code = last_words(client)
        left = [json.loads(raw)["data"]["data"] for raw in queue.waiting()]
    numbers = [message["data"] for message in (first, *messages) if message["type"] == "n"]
    assert numbers + left == list(range(50))
    assert code == 4101


def test_with_another_server_each_client_is_served_until_its_own_moment(
    pair: tuple[RunningServer, RunningServer],
) -> None:
    old, new = pair
    login = DemoLogin(old.url)
    clients = [connect(old, login) for _ in range(10)]
    new.start()
    old.signal()
    with ServiceQueue(old.redis_url) as queue:
        end = threading.Thread(target=old.wait)
        end.start()
        n = 0
        while end.is_alive():
            queue.push("pushuser", {"user_id": "*", "type": "n", "data": n})
            n += 1
            end.join(0.01)
    ends = [last_words(client) for client in clients]
    counts = [len(messages) - 1 for messages, _ in ends]
    assert [messages[-1] for messages, _ in ends] == [{"type": "reconnect", "data": {"after_ms": 0}}] * 10
    assert {code for _, code in ends} == {4101}
    assert counts == sorted(counts), "in the order in which they came"
    assert len(set(counts)) > 5, "the later ones have got more than the earlier ones"
    for (messages, _), count in zip(ends, counts, strict=True):
        assert [message["data"] for message in messages[:-1]] == list(range(count))


def test_nobody_who_connects_is_refused_or_reset_while_one_server_follows_the_other(
    pair: tuple[RunningServer, RunningServer],
) -> None:
    old, new = pair
    login = DemoLogin(old.url)
    outcomes: list[str] = []
    is_over = threading.Event()

    def keep_connecting() -> None:
        while not is_over.is_set():
            try:
                with connect(old, login):
                    outcomes.append("userinfo")
            except OSError as error:
                outcomes.append(type(error).__name__)

    knockers = [threading.Thread(target=keep_connecting) for _ in range(4)]
    for knocker in knockers:
        knocker.start()
    new.start()
    before = len(outcomes)
    assert old.stop() == 0
    is_over.set()
    for knocker in knockers:
        knocker.join()
    assert len(outcomes) - before > 20
    assert set(outcomes) == {"userinfo"}


def test_two_servers_share_a_port_and_answer_with_their_process_ids(
    pair: tuple[RunningServer, RunningServer],
) -> None:
    old, new = pair
    new.start()
    pids = set()
    for _ in range(100):
        with urllib.request.urlopen(f"{old.url}/readyz") as answer:
            pids.add(json.load(answer)["pid"])
    assert pids == {old.pid, new.pid}


def test_a_port_that_one_server_does_not_share_is_not_shared(lone_server: RunningServer, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rtserver", "--port", str(lone_server.port), "--tce-port", "0", "--reuse-port"]
    run = subprocess.run(
        [*command, "--redis-url", lone_server.redis_url, "--var-dir", str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert f"cannot listen on 127.0.0.1:{lone_server.port}" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_process_at_once(
    pair: tuple[RunningServer, RunningServer], second: signal.Signals
) -> None:
    old, new = pair
    clients = [connect(old, DemoLogin(old.url)) for _ in range(2)]
    new.start()
    old.signal()
    assert last_words(clients[0])[1] == 4101  # it is going down, and has the other one to wait for
    assert old.stop(second) == -second
    clients[1].socket.close()


def test_a_page_that_is_asked_for_over_an_open_connection_is_answered_while_clients_are_sent_away(
    pair: tuple[RunningServer, RunningServer],
) -> None:
    old, new = pair
    clients = [connect(old, DemoLogin(old.url)) for _ in range(2)]
    request = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with ExitStack() as stack:
        probe = stack.enter_context(socket.create_connection(("127.0.0.1", old.port)))
        probe.sendall(request)
        assert b"200 OK" in probe.recv(4096)
        new.start()
        old.signal()
        assert last_words(clients[0])[1] == 4101
        probe.sendall(request)
        assert b"503" in probe.recv(4096)
        assert old.wait() == 0
    clients[1].socket.close()
