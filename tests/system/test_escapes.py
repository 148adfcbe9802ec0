"""Any exception of a handler costs its message and nothing else: a real server with handlers that raise anything."""

import json
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rtserver.base.mark.file_marks import FileMarks
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.escaper import ESCAPES
from tests.system.test_canary import said
from tests.system.test_death import metric
from tests.until import until
from tests.websocket_client import WebSocketClient

OPTIONS = (
    "--no-demo-quotes",
    "--drain-seconds",
    "0",
    "--once-tries",
    "1",
    "--policy",
    "tests.system.escaper:ExitingPolicy",
)
PLUG_INS = (
    "--services",
    "tests.system.escaper:ServiceEscaper,tests.system.escaper:OnceEscaper",
    "--msg-handlers",
    "tests.system.escaper:UserEscaper",
)


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(redis_url, tmp_path, unused_port(), *OPTIONS, *PLUG_INS) as server:
        yield server


@pytest.fixture
def client(server: RunningServer) -> Iterator[WebSocketClient]:
    client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
    with client:
        assert json.loads(client.recv_text())["type"] == "userinfo"
        yield client


@pytest.fixture
def queue(redis_url: str) -> Iterator[ServiceQueue]:
    with ServiceQueue(redis_url) as queue:
        yield queue


def heard(client: WebSocketClient, msg_type: str = "heard") -> Any:
    """The data of the next message of a type."""
    while (message := json.loads(client.recv_text()))["type"] != msg_type:
        pass
    return message["data"]


def readiness(server: RunningServer) -> tuple[int, dict[str, str]]:
    """The status of /readyz, and what its checks say."""
    try:
        with urllib.request.urlopen(f"{server.url}/readyz") as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read()
    return status, {check["name"]: check["detail"] for check in json.loads(body)["checks"]}


def test_whatever_handlers_policy_and_hooks_raise_costs_one_message_each(
    server: RunningServer, client: WebSocketClient, queue: ServiceQueue
) -> None:
    pid = server.pid
    for msg_type in ("escape", "once_escape"):
        for what in ESCAPES:
            queue.push(msg_type, what)
        queue.push(msg_type, f"behind {msg_type}")
    assert {heard(client), heard(client)} == {"behind escape", "behind once_escape"}
    for msg_type in ("escape", "once_escape"):
        for what in ESCAPES:
            letter = queue.dead_letter(json.dumps({"type": msg_type, "src": "test", "data": what}).encode())
            assert letter[b"reason"] == b"handler_failed"
            assert letter[b"detail"].startswith(what.encode())
            assert b"(system/escaper.py:" in letter[b"detail"]
            assert letter[b"detail"].endswith(b" in __call__)")
    for what in (*ESCAPES, *(f"later {what}" for what in ESCAPES)):
        client.send_text(json.dumps({"type": "escape", "data": what, "id": what}))
        answer = json.loads(client.recv_text())
        assert (answer["type"], answer["id"], answer["data"]["code"]) == ("error", what, "internal")
    client.send_text(json.dumps({"type": "resume", "data": {"offset": None}}))
    assert heard(client, "error")["code"] == "forbidden"
    client.send_text(json.dumps({"type": "ping", "data": 1}))
    assert heard(client, "ping") == "pong"
    assert readiness(server)[0] == 200
    assert server.pid == pid
    assert server.stop() == 0


def test_a_handler_that_computes_for_ever_does_not_keep_the_process_from_ending_in_order(
    redis_url: str, tmp_path: Path, queue: ServiceQueue
) -> None:
    with RunningServer(redis_url, tmp_path, unused_port(), *OPTIONS, *PLUG_INS, "--shutdown-seconds", "1") as server:
        queue.push("escape", "compute")
        until(said(server, "the service thread has not turned"))
        assert server.stop() == 0
    assert "a handler does not return" in "".join(server.output)
    # A message that is merely slow must not become poison by being stopped three times.
    marks = FileMarks(tmp_path / "marks", f"{socket.gethostname()}:{server.port}")
    assert marks.mark("escape").suspects() == []


def test_what_hooks_raise_at_sigterm_costs_no_client_its_farewell_and_is_no_failure(server: RunningServer) -> None:
    headers = DemoLogin(server.url).headers
    with ExitStack() as stack:
        clients = []
        for what in (*ESCAPES, *(f"later {what}" for what in ESCAPES)):
            client = stack.enter_context(WebSocketClient.connect("127.0.0.1", server.port, "/rt/", headers))
            client.send_text(json.dumps({"type": "escape", "data": f"at the end {what}"}))
            assert heard(client, "escape") == "noted"
            clients.append(client)
        server.signal()
        assert {client.recv_until_close().close_code for client in clients} == {4101}
        assert server.wait() == 0
    said = "".join(server.output)
    assert said.count("UserEscaper.on_useragent_remove failed") == len(clients)


def test_a_message_that_kills_the_process_is_retried_alone_and_buried_after_three_deaths(
    server: RunningServer, queue: ServiceQueue, tmp_path: Path
) -> None:
    deadly = json.dumps({"type": "escape", "src": "test", "data": "deadly"})
    before, behind = (json.dumps({"type": "escape", "src": "test", "data": word}) for word in ("before", "behind"))
    queue.push_raw(before, deadly, behind)
    codes = [server.wait()]
    for _ in range(2):
        server.start(lambda: True)
        codes.append(server.wait())
    assert codes == [-signal.SIGKILL, -signal.SIGABRT, 0]
    server.start()
    letter = queue.dead_letter(deadly.encode())
    assert letter[b"reason"] == b"poison"
    assert letter[b"detail"] == b"3 processes have died while it was with its handler"
    until(lambda: metric(server, "lane_handled_total", '{lane="escape"}') >= 1)  # the one behind it
    assert metric(server, "dead_messages_total", '{reason="poison"}') == 1
    assert (tmp_path / "deaths").read_bytes() == b"..."
    assert server.wait_said("was with its handler when a process died (1 of 3); it is retried alone")
    assert server.wait_said("was with its handler when a process died (2 of 3); it is retried alone")
    assert readiness(server)[0] == 200
    assert server.stop() == 0


def test_a_lane_that_dies_is_begun_anew_and_one_that_keeps_dying_is_not_ready(
    server: RunningServer, client: WebSocketClient, queue: ServiceQueue
) -> None:
    for deaths in (1, 2, 3):
        queue.push("escape", "trap")
        assert heard(client) == "trap"
        until(lambda deaths=deaths: metric(server, "lane_restarts_total", '{lane="escape"}') == deaths)  # type: ignore[misc]
        queue.push("escape", deaths)  # bad data does not come through; what is behind it does
        queue.push("escape", f"behind {deaths}")
        assert heard(client) == f"behind {deaths}"
        if deaths < 3:
            assert readiness(server)[0] == 200
    status, checks = readiness(server)
    assert status == 503
    assert checks["lanes"] == "dead, or keep dying: escape"
    assert any("the loop of escape died" in line for line in server.output)
