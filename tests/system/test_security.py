"""Answers of a running server to a stranger with bad intentions, over plain HTTP."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message

import pytest

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.system.conftest import Connect
from tests.system.test_canary import own_url
from tests.websocket_client import WebSocketClient

SAFE = {
    "server": "rtserver",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def ask(server: RunningServer, path: str, **headers: str) -> tuple[int, Message, bytes]:
    """Status, headers and body."""
    request = urllib.request.Request(
        server.url + path, headers={name.replace("_", "-"): headers[name] for name in headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def say(server: RunningServer, request: bytes, *, and_leave: bool = False) -> bytes:
    """All that comes back for these bytes until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(request)
        if and_leave:
            client.shutdown(socket.SHUT_WR)
        answer = b""
        while data := client.recv(65536):
            answer += data
    return answer


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/",
        "/nowhere",
        "/static/js/rtc/rtc.bundle.js",
        "/static/no",
        "/metrics",
        "/healthz",
        "/readyz",
    ],
)
def test_every_answer_has_the_safe_headers(server: RunningServer, path: str) -> None:
    _, headers, _ = ask(server, path)
    assert {name: headers[name] for name in SAFE} == SAFE
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


def test_a_refused_handshake_is_not_sniffed_nor_kept(connect: Connect) -> None:
    headers = connect(Cookie=None).answer.headers
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_cookies_are_no_scripts_business_nor_another_sites(server: RunningServer) -> None:
    _, headers, _ = ask(server, "/accounts/login/")
    cookie = headers["set-cookie"]
    assert cookie.startswith("csrftoken=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_numbers_are_for_this_machine_alone(server: RunningServer) -> None:
    assert ask(server, "/metrics")[0] == 200
    assert "checks" in json.loads(ask(server, "/readyz")[2])
    # A proxy on this machine of which we were not told: whoever it speaks for is not here.
    for mark in (
        {"X_Forwarded_For": "127.0.0.1"},
        {"Via": "1.1 x"},
        {"X_Forwarded_Host": "x"},
        {"Host": "evil.example"},
    ):
        status, _, body = ask(server, "/metrics", **mark)
        assert (status, b"admin_port" in body) == (403, True)
        status, _, body = ask(server, "/readyz", **mark)
        assert (status, json.loads(body)) == (200, {"ready": True})


@pytest.fixture(scope="module")
def proxied(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server behind a proxy on this machine; the tests are the proxy."""
    options = ("--no-demo-quotes", "--trusted-proxies", "127.0.0.1")
    with RunningServer(module_redis_url, tmp_path_factory.mktemp("var"), unused_port(), *options) as server:
        yield server


def test_behind_a_proxy_numbers_are_at_our_own_port_alone(proxied: RunningServer) -> None:
    for headers in ({}, {"X_Forwarded_For": "unknown"}, {"X_Forwarded_For": "127.0.0.1"}):
        status, _, body = ask(proxied, "/metrics", **headers)
        assert (status, b"admin_port" in body) == (403, True)
        assert json.loads(ask(proxied, "/readyz", **headers)[2]) == {"ready": True}
    own = own_url(proxied)
    with urllib.request.urlopen(f"{own}/metrics", timeout=10) as answer:
        assert b"rtserver_connections" in answer.read()
    foreign = urllib.request.Request(f"{own}/metrics", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(foreign, timeout=10)
    refused.value.close()


@pytest.mark.parametrize(
    ("proto", "page", "status"),
    [
        ("wss", "https", 101),
        ("wss", "http", 403),
        ("https", "http", 403),
        ("ws", "http", 101),
        ("ws, wss", "http", 403),
    ],
)
def test_a_proxy_that_speaks_tls_by_any_name_lets_no_page_in_that_came_without(
    proxied: RunningServer, proto: str, page: str, status: int
) -> None:
    headers = {"Origin": f"{page}://127.0.0.1:{proxied.port}", "X-Forwarded-For": "198.51.100.7"}
    headers |= {"X-Forwarded-Proto": proto, **DemoLogin(proxied.url).headers}
    with WebSocketClient.connect("127.0.0.1", proxied.port, "/rt/", headers) as client:
        assert client.answer.status == status


@pytest.mark.parametrize(
    "host", [b"localhost:abc", b"localhost:", b"localhost:99999999", b"[::1", b"a b", b"evil.example", b"", b"x\x00y"]
)
def test_a_host_of_any_kind_is_answered(server: RunningServer, host: bytes) -> None:
    answer = say(server, b"GET /accounts/login/ HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 200 OK"))


def test_a_host_that_is_not_ours_is_one_line_in_the_log(server: RunningServer) -> None:
    name = b"evil-" + b"x" * 1000 + b".example"
    answer = say(server, b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % name)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"connect-src 'self' ;" in answer
    server.wait_said("evil-xxx")
    said = [line for line in server.output if "evil-xxx" in line]
    assert len(said) == 1
    assert len(said[0]) < 500
    assert not any("Traceback" in line for line in server.output)


@pytest.mark.parametrize(
    "path", [b"/accounts/login/?next=%0d%0aSet-Cookie:%20a=b", b"/%0d%0aX-Evil:%201", b"/static/%0d%0aX-Evil:%201"]
)
def test_no_line_of_an_answer_is_a_strangers(server: RunningServer, path: bytes) -> None:
    answer = say(server, b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nx-evil" not in head
    assert b"\r\nset-cookie: a=b" not in head


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_a_request_that_two_readers_would_read_differently_is_read_by_none(
    server: RunningServer, request_bytes: bytes
) -> None:
    answer = say(server, request_bytes, and_leave=True)
    assert answer.startswith(b"HTTP/1.1 400 ") or answer == b""
    assert answer.count(b"HTTP/1.1 ") <= 1


@pytest.mark.parametrize(
    "cookie",
    [
        'sessionid="; evil=1',
        "sessionid=" + "x" * 5000,
        "sessionid=a\tb; sessionid=../../etc/passwd",
        "; ;=;;sessionid",
        "sessionid=%00%0d%0a",
        'sessionid="\\012\\015abcdefgh"',
        "$Version=1; sessionid=abcdefgh; $Path=/",
    ],
)
def test_a_cookie_of_any_kind_lets_nobody_in(connect: Connect, cookie: str) -> None:
    assert connect(Cookie=cookie).answer.status == 401


@pytest.mark.parametrize(
    "origin",
    ["null", "file://", "http://127.0.0.1", "http://127.0.0.1.evil.example", "//", "http://127.0.0.1:1@evil.example"],
)
def test_an_origin_that_only_looks_like_ours_is_refused(connect: Connect, origin: str) -> None:
    assert connect(Origin=origin).answer.status == 403
