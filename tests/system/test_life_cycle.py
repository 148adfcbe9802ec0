"""Start and end of a server."""

import json
import resource
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.fork_server import REPOSITORY
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.websocket_client import WebSocketClient


@pytest.fixture
def fresh_server(redis_url: str, tmp_path: Path) -> RunningServer:
    """One that is not started yet."""
    return RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_sockets_with_4101_and_ends_the_process_with_0(
    fresh_server: RunningServer, how: signal.Signals
) -> None:
    with fresh_server as server:
        client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
        with client:
            client.recv_text()
            code = server.stop(how)
            assert client.recv_until_close().close_code == 4101
    assert code == 0


def test_every_client_is_told_when_to_come_back(fresh_server: RunningServer) -> None:
    with fresh_server as server:
        login = DemoLogin(server.url)
        clients = [WebSocketClient.connect("127.0.0.1", server.port, "/rt/", login.headers) for _ in range(4)]
        for client in clients:
            client.recv_text()
        server.stop()
        told = [json.loads(client.recv_text()) for client in clients]
        for client in clients:
            client.socket.close()
    assert {message["type"] for message in told} == {"reconnect"}
    assert len({message["data"]["after_ms"] for message in told}) == 4


def test_a_server_may_open_more_files_than_its_shell_began_with(fresh_server: RunningServer) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        with fresh_server as server:
            limits = Path(f"/proc/{server.pid}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    (row,) = (line.split() for line in limits.splitlines() if line.startswith("Max open files"))
    assert row[3] == row[4] != "256"


def test_the_password_of_redis_is_on_no_line(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with RedisProcess(tmp_path / "redis", "--requirepass", "hush") as redis_process:
        url = redis_process.url.replace("//", "//:hush@")
        server = RunningServer(url, tmp_path / "var", unused_port(), "--no-demo-quotes")
        with server:
            pass
    assert redis_process.url in "".join(server.output)
    assert "hush" not in "".join(server.output)


def test_what_was_taken_before_the_signal_is_delivered(fresh_server: RunningServer) -> None:
    with fresh_server as server, ServiceQueue(server.redis_url) as queue:
        client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
        with client:
            client.recv_text()
            for n in range(2_000):
                queue.push("pushuser", {"user_id": "*", "type": "n", "data": n})
            first = json.loads(client.recv_text())["data"]
            server.stop()
            received = [first]
            while (frame := client.recv()).opcode == 1:
                message = json.loads(frame.payload)
                if message["type"] == "n":
                    received.append(message["data"])
    # Whatever was not taken is still on the list, in order, behind what arrived.
    with ServiceQueue(server.redis_url) as queue:
        left = [json.loads(raw)["data"]["data"] for raw in queue.waiting()]
    assert received + left == list(range(2_000))


def test_a_taken_port_is_one_clear_line_and_exit_code_1(redis_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "rtserver",
                "--port",
                str(port),
                "--redis-url",
                redis_url,
                "--var-dir",
                str(tmp_path),
            ],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.returncode == 1
    assert str(port) in run.stderr
    assert "Traceback" not in run.stderr


def test_redis_may_come_later(tmp_path: Path) -> None:
    port = unused_port()
    server = RunningServer(f"redis://127.0.0.1:{port}/0", tmp_path, unused_port(), "--no-demo-quotes")
    server.start(is_ready=lambda: any("no queue at" in line for line in server.output))
    try:
        told = next(line for line in server.output if "no queue at" in line)
        assert f"redis://127.0.0.1:{port}/0" in told
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{server.url}/readyz")
        error.value.close()
        assert error.value.code == 503
        with RedisProcess(tmp_path, port=port):
            server.wait_ready()
    finally:
        server.stop()


def test_a_restarted_server_has_its_history_back(fresh_server: RunningServer) -> None:
    with fresh_server as server, ServiceQueue(server.redis_url) as queue:
        for n in range(10):
            queue.push_price("TEST:H:20130301", n, n)
        assert [point[1] for point in history(server)] == list(range(10))
        server.stop()
        server.start()
        assert [point[1] for point in history(server)] == list(range(10))


def history(server: RunningServer) -> list[list[float]]:
    """The ten points of the quote TEST:H, as soon as the server has them all."""
    request = {
        "type": "quote",
        "chart_id": "h",
        "exchange": "TEST",
        "item": "H",
        "date": "20130301",
        "update": "static",
    }
    client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", DemoLogin(server.url).headers)
    with client:
        while True:
            client.send_text(json.dumps({"type": "mycharts", "data": request}))
            while (message := json.loads(client.recv_text()))["type"] != "mycharts":
                pass
            points: list[list[float]] = message["data"]["chart"]["series"][0]["data"]
            if len(points) >= 10:
                return points
