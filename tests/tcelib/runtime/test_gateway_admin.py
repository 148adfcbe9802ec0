"""Monitors of a gateway: its life, its queues and its calls, at an address of their own."""

import json
from collections.abc import Callable
from pathlib import Path

import gevent.socket
import pytest

from tcelib.limit.table import DoorLimit
from tests.redis_process import RedisProcess
from tests.tcelib.runtime.gateway_rig import GatewayRig, until_so

IDL = """
module test {
    interface Talk {
        string echo(string text);
        string blob(string data);
        string hold(string text);
    };
};
"""


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    """Status and body."""
    with gevent.socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(f"{method} {path} HTTP/1.0\r\nHost: here\r\n\r\n".encode())
        answer = b""
        while data := sock.recv(65_536):
            answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


@pytest.fixture
def rig(tmp_path: Path, redis_url: str) -> Callable[[], GatewayRig]:
    return lambda: GatewayRig(tmp_path, redis_url)


def test_the_calls_of_an_operation_stand_under_its_name(rig: Callable[[], GatewayRig], tmp_path: Path) -> None:
    idl = tmp_path / "test.idl"
    idl.write_text(IDL, encoding="utf-8")
    with rig() as scene:
        scene.serve()
        port = scene.gateway.serveAdmin("127.0.0.1:0", str(idl))
        talk = scene.dial()
        assert [talk.echo("hello") for _ in range(3)] == ["hello"] * 3
        held = talk.hold_async("held")
        until_so(lambda: scene.servant.arrivals.acquire(blocking=False))
        status, page = ask(port, "/metrics")
        assert status == 200
        lines = page.splitlines()
        assert 'tce_gateway_calls_total{interface="test.Talk",operation="echo"} 3.0' in lines
        assert 'tce_gateway_call_seconds_count{interface="test.Talk",operation="echo"} 3.0' in lines
        assert 'tce_gateway_calls_in_flight{interface="test.Talk",operation="hold"} 1.0' in lines
        assert 'tce_gateway_clients{endpoint="clients"} 1.0' in lines
        scene.servant.gate.set()
        assert held.get(10) == "held"


def test_limits_that_clients_meet_are_counted_by_name(rig: Callable[[], GatewayRig]) -> None:
    with rig() as scene:
        port = scene.gateway.serveAdmin("127.0.0.1:0")
        assert 'tce_gateway_limits_total{limit="pending"} 0.0' in ask(port, "/metrics")[1].splitlines()
        assert scene.gateway._gateway is not None
        scene.gateway._gateway.guard.counted.note(DoorLimit.PENDING)
        assert 'tce_gateway_limits_total{limit="pending"} 1.0' in ask(port, "/metrics")[1].splitlines()


def test_without_idl_operations_have_numbers(rig: Callable[[], GatewayRig]) -> None:
    with rig() as scene:
        scene.serve()
        port = scene.gateway.serveAdmin("127.0.0.1:0")
        scene.dial().echo("hello")
        assert 'tce_gateway_calls_total{interface="test.Talk",operation="0"} 1.0' in ask(port, "/metrics")[1]


def test_a_gateway_is_ready_while_its_queues_are_there(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, GatewayRig(tmp_path, server.url) as scene:
        port = scene.gateway.serveAdmin("127.0.0.1:0")
        status, body = ask(port, "/readyz")
        assert (status, json.loads(body)["ready"]) == (200, True)
        assert [check["name"] for check in json.loads(body)["checks"]] == ["write calls", "read answers"]
        server.stop()
        until_so(lambda: ask(port, "/readyz")[0] == 503)
        assert "answers" in ask(port, "/readyz")[1]
        server.start()
        until_so(lambda: ask(port, "/readyz")[0] == 200)


def test_it_is_alive_and_knows_no_other_page(rig: Callable[[], GatewayRig]) -> None:
    with rig() as scene:
        port = scene.gateway.serveAdmin("127.0.0.1:0")
        assert ask(port, "/healthz") == (200, '{"alive":true}')
        assert ask(port, "/healthz", "HEAD") == (200, "")
        assert ask(port, "/")[0] == 404
        assert ask(port, "/metrics", "POST")[0] == 405


@pytest.mark.parametrize("address", ["", "here", ":9102", "127.0.0.1:port", "127.0.0.1:99999", "127.0.0.1:1/x"])
def test_what_is_no_address_is_refused(rig: Callable[[], GatewayRig], address: str) -> None:
    with rig() as scene, pytest.raises(ValueError, match=r"."):
        scene.gateway.serveAdmin(address)


def test_a_mistake_in_the_idl_is_told_with_its_place(rig: Callable[[], GatewayRig], tmp_path: Path) -> None:
    idl = tmp_path / "bad.idl"
    idl.write_text("module {", encoding="utf-8")
    with rig() as scene, pytest.raises(ValueError, match=r"bad\.idl:1"):
        scene.gateway.serveAdmin("127.0.0.1:0", str(idl))


def test_a_program_without_routes_has_nothing_to_tell(rig: Callable[[], GatewayRig]) -> None:
    with rig() as scene, pytest.raises(ValueError, match="no gateway"):
        scene.program("other").serveAdmin("127.0.0.1:0")
