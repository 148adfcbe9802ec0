"""Real servers that are broken from inside: what ends the process, what is only said, what is seen standing still."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.until import until
from tests.websocket_client import WebSocketClient

PLUG_INS = (
    "--services",
    "tests.system.saboteur:ServiceSaboteur",
    "--msg-handlers",
    "tests.system.saboteur:UserSaboteur",
)
OPTIONS = ("--no-demo-quotes", "--drain-seconds", "0", "--lane-stall-seconds", "0.3")


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """One that can be broken."""
    with RunningServer(redis_url, tmp_path, unused_port(), *OPTIONS, *PLUG_INS) as server:
        yield server


@contextmanager
def connected(server: RunningServer) -> Iterator[WebSocketClient]:
    client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
    with client:
        assert json.loads(client.recv_text())["type"] == "userinfo"
        yield client


def break_services(server: RunningServer, what: str) -> None:
    with ServiceQueue(server.redis_url) as queue:
        queue.push("sabotage", what)


def break_users(server: RunningServer, what: str) -> None:
    with connected(server) as client:
        client.send_text(json.dumps({"type": "sabotage", "data": what}))


def said(server: RunningServer) -> str:
    return "".join(server.output)


def check_death(server: RunningServer, word: str) -> None:
    """It ends by itself with 1, and has said why."""
    assert server.wait() == 1
    assert "Traceback (most recent call last)" in said(server)
    assert "CRITICAL" in said(server)
    assert word in said(server)


@pytest.mark.parametrize(
    ("what", "word"),
    [
        ("the intake", "Sabotage"),
        ("the hub", "Sabotage"),
        ("a hub that has nothing to wait for", "LoopExit"),
        ("a callback that exits", "SystemExit"),
    ],
)
def test_a_service_thread_that_dies_ends_the_process(server: RunningServer, what: str, word: str) -> None:
    with connected(server) as client:
        break_services(server, what)
        assert client.recv_until_close().close_code == 4101
    check_death(server, word)


@pytest.mark.parametrize(
    ("what", "word"),
    [
        ("a callback that exits", "SystemExit"),
        ("a callback that is interrupted", "KeyboardInterrupt"),
        ("the canary's client", "CanaryClient.run"),
        ("the check of sessions", "_recheck_sessions"),
        ("the timers", "Sabotage"),
        ("the watchdog", "SystemExit"),
    ],
)
def test_a_websocket_thread_or_a_watcher_that_dies_ends_the_process(
    server: RunningServer, what: str, word: str
) -> None:
    break_users(server, what)
    check_death(server, word)


@pytest.mark.parametrize("what", ["a callback that fails", "a greenlet of its own that fails"])
def test_what_fails_beside_the_service_threads_own_greenlets_is_told_with_its_traceback(
    server: RunningServer, what: str
) -> None:
    break_services(server, what)
    until(lambda: "SabotageError: by a test" in said(server))
    check_life(server)


def test_a_callback_that_fails_on_the_event_loop_is_told_with_its_traceback(server: RunningServer) -> None:
    break_users(server, "a callback that fails")
    until(lambda: "SabotageError: by a test" in said(server))
    assert metric(server, "loop_errors_total") == 1
    check_life(server)


def check_life(server: RunningServer) -> None:
    with connected(server) as client, ServiceQueue(server.redis_url) as queue:
        queue.push("pushuser", {"user_id": "*", "type": "n", "data": 1})
        assert json.loads(client.recv_text())["type"] == "n"


def metric(server: RunningServer, name: str, label: str = "") -> float:
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        (value,) = re.findall(rf"^rtserver_{name}{re.escape(label)} (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(value)


@pytest.mark.parametrize("thread", ["websocket", "service"])
def test_a_thread_that_stands_still_is_told_with_the_stack_of_what_blocks(server: RunningServer, thread: str) -> None:
    break_ = break_users if thread == "websocket" else break_services
    break_(server, "block")
    # A busy machine may have made it stand before, and somewhere else.
    until(lambda: "in block_here" in said(server))
    until(lambda: f"the {thread} thread turns again" in said(server).rpartition("in block_here")[2])
    assert f"! the {thread} thread has not turned for" in said(server).partition("in block_here")[0]
    assert metric(server, "stalls_total", f'{{thread="{thread}"}}') >= 1
    assert metric(server, "longest_stall_seconds", f'{{thread="{thread}"}}') >= 0.9


def test_a_lane_that_is_held_up_is_told_with_the_stack_of_its_greenlet(server: RunningServer) -> None:
    break_services(server, "wait")
    until(lambda: "! sabotage: busy with one message for" in said(server))
    until(lambda: "in wait_here" in said(server))
    # A busy machine may make the thread stand still as well, but that is not what the lane's stack is told for.
    assert said(server).partition("in wait_here")[0].rpartition("! ")[2].startswith("sabotage: busy")
    check_life(server)  # the other lanes go on
    until(lambda: metric(server, "lane_busy_seconds", '{lane="sabotage"}') == 0)
    assert said(server).count("! sabotage: busy") == 1
