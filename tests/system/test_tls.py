"""A server that speaks TLS, from outside: pages, sockets, binary clients, a renewed certificate, what check says."""

import asyncio
import http.client
import json
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import fork_server
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.tce_client import TceClient
from tests.websocket_client import WebSocketClient


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> tuple[Path, Path]:
    """A certificate and its key, which a test may replace."""
    directory = tmp_path_factory.mktemp("live")
    paths = directory / "fullchain.pem", directory / "privkey.pem"
    for path in paths:
        shutil.copy(certificate, path)
    return paths


@pytest.fixture(scope="module")
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture(scope="module")
def server(
    module_redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    files: tuple[Path, Path],
    trust: ssl.SSLContext,
) -> Iterator[RunningServer]:
    options = ("--no-demo-quotes", "--tls-cert", str(files[0]), "--tls-key", str(files[1]))
    running = RunningServer(module_redis_url, tmp_path_factory.mktemp("var"), unused_port(), *options, tls=trust)
    with running as server:
        yield server


@pytest.fixture
def login(server: RunningServer, trust: ssl.SSLContext) -> DemoLogin:
    return DemoLogin(server.url, tls=trust)


def test_the_banner_shows_where_to_go(server: RunningServer) -> None:
    assert server.wait_said(f"https://localhost:{server.port}/")
    assert server.wait_said(f"localhost:{server.tce_port} (TLS)")


def test_one_logs_in_and_connects_over_tls(server: RunningServer, login: DemoLogin, trust: ssl.SSLContext) -> None:
    headers = {**login.headers, "Origin": server.url}
    with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", headers, tls=trust) as client:
        assert client.answer.status == 101
        assert json.loads(client.recv_text())["data"]["user"]["name"] == "demo"
    headers["Origin"] = server.url.replace("https", "http")
    with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", headers, tls=trust) as client:
        assert client.answer.status == 403


def test_cookies_stay_on_tls_and_so_do_browsers(server: RunningServer, trust: ssl.SSLContext) -> None:
    with urllib.request.urlopen(f"{server.url}/accounts/login/", context=trust) as answer:
        headers = answer.headers
    assert "Secure" in headers["set-cookie"]
    assert "HttpOnly" in headers["set-cookie"]
    assert headers["strict-transport-security"] == "max-age=2592000"


@pytest.mark.parametrize("header", ["X-Forwarded-Proto", "X_Forwarded_Proto"])
def test_nobody_is_sent_to_tls_who_speaks_it_whatever_they_claim(
    server: RunningServer, trust: ssl.SSLContext, header: str
) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=trust, timeout=10)
    connection.request("GET", "/accounts/login/", headers={header: "http"})
    assert connection.getresponse().status == 200
    connection.close()


def test_whoever_speaks_plainly_is_told_so(server: RunningServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, b"https://" in answer.read()) == (400, True)
    connection.close()


def test_a_binary_client_logs_in_over_tls(server: RunningServer, login: DemoLogin, trust: ssl.SSLContext) -> None:
    async def talk() -> bool:
        async with await TceClient.over_tcp(server.tce_port, tls=trust) as client:
            await client.ping(token=login.session_key)
            return True

    assert asyncio.run(talk())


def test_a_renewed_certificate_is_shown_after_sighup_and_no_connection_is_lost(
    server: RunningServer, login: DemoLogin, trust: ssl.SSLContext, files: tuple[Path, Path], certificate: Path
) -> None:
    with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", login.headers, tls=trust) as client:
        client.recv_text()
        renewed = make_certificate(files[0].parent / "renewed.pem")
        for path in files:
            shutil.copy(renewed, path)
        server.signal(signal.SIGHUP)
        wait_for_certificate(server, renewed)
        # A key that does not fit changes nothing.
        shutil.copy(certificate, files[1])
        server.signal(signal.SIGHUP)
        server.wait_said("the certificate stays as it is")
        wait_for_certificate(server, renewed)
        client.send_text('{"type":"ping","id":1}')
        assert json.loads(client.recv_text()) == {"type": "ping", "data": "pong", "id": 1}
    for path in files:
        shutil.copy(certificate, path)
    server.signal(signal.SIGHUP)
    wait_for_certificate(server, certificate)


def test_metrics_tell_when_it_expires_and_how_many_failed(server: RunningServer, trust: ssl.SSLContext) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert stranger.recv(12) == b"HTTP/1.1 400"
    with urllib.request.urlopen(f"{server.url}/metrics", context=trust) as answer:
        numbers = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")
    assert float(numbers["rtserver_certificate_expires"]) > 1_700_000_000
    assert float(numbers["rtserver_tls_failures_total"]) >= 1


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--tls-cert", "{cert}", "--tls-key", "{cert}"), 0, "good until"),
        (("--tls-cert", "{cert}", "--tls-key", "{other}"), 1, "is not the key of"),
    ],
)
def test_check_and_the_start_say_in_one_line_what_is_wrong_with_the_files(
    tmp_path: Path, certificate: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    other = make_certificate(tmp_path / "other.pem")
    given = [option.format(cert=certificate, other=other) for option in options]
    ports = ("--port", str(unused_port()), "--tce-port", "0", "--var-dir", str(tmp_path / "var"))
    checked = run("check", *ports, *given)
    assert (checked.returncode, words in checked.stdout + checked.stderr) == (code, True)
    if code:
        started = run("serve", *ports, *given)
        assert started.returncode == 1
        assert words in started.stderr
        assert "Traceback" not in started.stderr


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return fork_server.run(["-m", "rtserver", *command])


def make_certificate(path: Path) -> Path:
    """Another certificate for this machine, and its key, in one file."""
    key, certificate = path.with_suffix(".key"), path.with_suffix(".crt")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "90"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    path.write_bytes(key.read_bytes() + certificate.read_bytes())
    return path


def wait_for_certificate(server: RunningServer, expected: Path) -> None:
    """Until it is the one that newcomers are shown."""
    begin = "-----BEGIN CERTIFICATE-----"
    pem = begin + expected.read_text().partition(begin)[2]
    server.wait_ready(lambda: ssl.get_server_certificate(("127.0.0.1", server.port)) == pem)
