"""nginx in front of rtserver, with the configurations that are shipped and shown."""

import json
import re
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from string import Template

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.docs.document import PROTOCOLS, README, blocks
from tests.nginx_process import NginxProcess
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.manifest import DEPLOY, documents
from tests.until import until
from tests.websocket_client import WebSocketClient

TEMPLATE = (DEPLOY / "nginx" / "rtserver.conf.template").read_text(encoding="utf-8")
SHOWN = [*blocks(README, "nginx"), *blocks(PROTOCOLS, "nginx")]
OPTIONS = ("--no-demo-quotes", "--drain-seconds", "1", "--workers", "2", "--trusted-proxies", "127.0.0.1")
ELSEWHERE = "203.0.113.9"
NOTICE = {"user_id": "*", "type": "notice", "data": {"text": "hello"}}
COUNT = re.compile(r'^rtserver_connections\{worker="\d"\} ([\d.]+)$', re.MULTILINE)


def front(server_port: int, port: int) -> str:
    """The configuration as nginx's image makes it of the template."""
    return Template(TEMPLATE).safe_substitute(
        NGINX_LISTEN=f"127.0.0.1:{port}", NGINX_RTSERVER=f"127.0.0.1:{server_port}"
    )


def metrics_proxy(admin_port: int, port: int) -> str:
    """The configuration of the pods' metrics, with the ports of a test."""
    (text,) = (
        each["data"]["default.conf"]
        for each in documents("kubernetes/configuration.yaml")
        if each["metadata"]["name"] == "metrics-proxy"
    )
    return str(text).replace("listen 9100", f"listen 127.0.0.1:{port}").replace(":8890/", f":{admin_port}/")


def connections(metrics_port: int) -> list[float]:
    """Connections of each worker, as Prometheus is told."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
        return [float(number) for number in COUNT.findall(answer.read().decode())]


def test_nginx_takes_what_the_documents_show(tmp_path: Path) -> None:
    assert len(SHOWN) == 3
    for text in SHOWN:
        assert NginxProcess(tmp_path, f"server {{ listen 127.0.0.1:1; {text} }}").check() == ""


def test_what_nginx_does_not_know_is_seen(tmp_path: Path) -> None:
    assert (
        "proxy_bufering" in NginxProcess(tmp_path, front(1, 2).replace("proxy_buffering", "proxy_bufering")).check()
    )


def test_browsers_reach_all_workers_through_nginx_and_are_known_by_their_own_addresses(
    redis_url: str, tmp_path: Path
) -> None:
    admin_port, port, metrics_port = unused_port(), unused_port(), unused_port()
    options = (*OPTIONS, "--admin-port", str(admin_port))
    server = RunningServer(redis_url, tmp_path / "var", unused_port(), *options)
    text = front(server.port, port) + metrics_proxy(admin_port, metrics_port)
    nginx = NginxProcess(tmp_path / "nginx", text)
    assert nginx.check() == ""
    server.start(lambda: sum("is ready" in line for line in server.output) == 2)
    with ExitStack() as stack:
        stack.callback(server.end)
        stack.enter_context(nginx)
        login = DemoLogin(f"http://127.0.0.1:{port}")
        clients: list[WebSocketClient] = []

        def reach_all() -> bool:
            client = stack.enter_context(WebSocketClient.connect("127.0.0.1", port, "/rt/", login.headers))
            assert json.loads(client.recv_text())["type"] == "userinfo"
            clients.append(client)
            counts = connections(metrics_port)
            return sum(counts) == len(clients) and len(counts) == 2 and min(counts) > 0

        until(reach_all, "each worker has connections, and all of them are in the metrics of the pod")
        stack.enter_context(ServiceQueue(redis_url)).push("pushuser", NOTICE)
        for client in clients:
            assert json.loads(client.recv_text())["data"] == {"text": "hello"}

        headers = {"X-Forwarded-For": ELSEWHERE}
        with WebSocketClient.connect("127.0.0.1", port, "/rt/", headers) as stranger:
            assert stranger.answer.status == 401
        until(lambda: f"{ELSEWHERE}: " in "".join(server.output), "the log names the stranger's own address")
