"""Headers of every HTTP answer, and the proxies that are trusted about a request's sender, on real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from wsgiref.types import StartResponse

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import FallbackHandler, RequestHandler, StaticFileHandler
from tornado.wsgi import WSGIContainer

from rtserver.base.wire.forwarded import read_networks
from rtserver.bootstrap.web.application import SAFE_HEADERS, WebApplication, direct_peer

LOOPBACK = read_networks(["127.0.0.1"])
DEADLINE = 20.0


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Page(RequestHandler):
    """Says who asked."""

    def get(self) -> None:
        request = self.request
        self.finish({"ip": request.remote_ip, "scheme": request.protocol, "direct": direct_peer(request)})


class Framed(RequestHandler):
    """Decides for itself."""

    def get(self) -> None:
        self.set_header("X-Frame-Options", "SAMEORIGIN")
        self.set_header("Strict-Transport-Security", "max-age=1")


class Broken(RequestHandler):
    def get(self) -> None:
        raise LookupError("broken page")


def site(
    environ: dict[str, Any],
    start_response: "StartResponse",
) -> list[bytes]:
    """A WSGI site that tells what it was told."""
    start_response("200 OK", [("Content-Type", "application/json")])
    shown = {name: value for name, value in environ.items() if name.startswith(("HTTP_X", "REMOTE", "wsgi.url"))}
    return [json.dumps(shown).encode()]


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[int]:
    """The port of a server with one route of each kind."""
    routes = [
        ("/page", Page),
        ("/framed", Framed),
        ("/broken", Broken),
        ("/file/(.*)", StaticFileHandler, {"path": __file__.rpartition("/")[0]}),
        ("/site", FallbackHandler, {"fallback": WSGIContainer(site)}),
    ]
    listener, port = bind_unused_port()
    server = HTTPServer(WebApplication(routes, **options))
    server.add_socket(listener)
    try:
        yield port
    finally:
        server.stop()
        await server.close_all_connections()


async def ask(port: int, path: str, *lines: str, method: str = "GET") -> Answer:
    """The answer to a request with header lines as they are."""
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (f"{method} {path} HTTP/1.1", "Host: example.org", "Connection: close", *lines)
        writer.write("\r\n".join((*head, "", "")).encode())
        first, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        body = await reader.read()
        writer.close()
    headers = dict(field.split(": ", 1) for field in fields)
    assert len(headers) == len(fields), "a header came twice"
    return Answer(int(first.split()[1]), headers, body)


async def told(port: int, *lines: str, path: str = "/page") -> dict:
    return json.loads((await ask(port, path, *lines)).body)


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/page", 200),
        ("GET", "/site", 200),
        ("GET", "/file/test_application.py", 200),
        ("HEAD", "/file/test_application.py", 200),
        ("GET", "/file/none", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/page", 405),
        ("GET", "/broken", 500),
    ],
)
async def test_no_answer_goes_without_the_safe_headers_nor_with_a_version(
    method: str, path: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as port:
        answer = await ask(port, path, method=method)
    assert answer.status == status
    assert {name: answer.headers.get(name) for name in SAFE_HEADERS} == SAFE_HEADERS
    assert answer.headers["Server"] == "rtserver"
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.gen_test
async def test_a_page_may_decide_for_itself() -> None:
    async with serving() as port:
        headers = (await ask(port, "/framed")).headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=1"


@pytest.mark.gen_test
@pytest.mark.parametrize(("hsts", "seen"), [("max-age=60", "max-age=60"), ("", None)])
@pytest.mark.parametrize("path", ["/framed", "/page", "/nowhere"])
async def test_who_speaks_tls_decides_about_strict_transport_security(hsts: str, seen: str | None, path: str) -> None:
    async with serving(hsts=hsts) as port:
        assert (await ask(port, path)).headers.get("Strict-Transport-Security") == seen


@pytest.mark.gen_test
@pytest.mark.parametrize(
    "lines",
    [
        ("X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https"),
        ("X_Forwarded_For: 198.51.100.1", "X_Forwarded_Proto: https"),
        ("X-Real-IP: 198.51.100.1", "X-Scheme: https"),
        ("Forwarded: for=198.51.100.1;proto=https",),
        ("Via: 1.1 proxy",),
        ("x-forwarded-host: 127.0.0.1",),
        ("X-Forwarded-Proto: https",),
        ("CF-Connecting-IP: 127.0.0.1",),
        ("True-Client-IP: 127.0.0.1",),
    ],
)
async def test_a_strangers_word_about_himself_is_not_taken_and_makes_him_a_stranger(lines: tuple[str, ...]) -> None:
    async with serving() as port:
        seen = await told(port, *lines)
    assert seen == {"ip": "127.0.0.1", "scheme": "http", "direct": None}


@pytest.mark.gen_test
async def test_a_proxys_word_is_taken_and_taken_out() -> None:
    lines = ("X-Forwarded-For: 6.6.6.6, 198.51.100.1", "X-Forwarded-Proto: https", "X-Real-IP: 6.6.6.6")
    async with serving(trusted=LOOPBACK) as port:
        assert await told(port, *lines) == {"ip": "198.51.100.1", "scheme": "https", "direct": None}
        shown = await told(
            port, *lines, "X_Forwarded_Proto: http", "X-Forwarded-Host: x", "X-Other: stays", path="/site"
        )
    assert shown == {"REMOTE_ADDR": "198.51.100.1", "wsgi.url_scheme": "https", "HTTP_X_OTHER": "stays"}


@pytest.mark.gen_test
async def test_a_proxy_asks_for_others_whatever_it_says_of_them() -> None:
    async with serving(trusted=LOOPBACK) as port:
        for lines in ([], ["X-Forwarded-For: 127.0.0.1"], ["X-Forwarded-For: unknown"], ["X-Forwarded-For: "]):
            assert await told(port, *lines) == {"ip": "127.0.0.1", "scheme": "http", "direct": None}


@pytest.mark.gen_test
async def test_who_asks_without_a_proxy_asks_for_himself() -> None:
    async with serving() as port:
        assert await told(port) == {"ip": "127.0.0.1", "scheme": "http", "direct": "127.0.0.1"}


@pytest.mark.gen_test
async def test_several_lines_of_a_proxy_are_read_as_one() -> None:
    async with serving(trusted=LOOPBACK) as port:
        seen = await told(port, "X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 198.51.100.1")
    assert seen["ip"] == "198.51.100.1"


@pytest.mark.gen_test
async def test_a_site_never_sees_who_claims_to_speak_tls() -> None:
    async with serving() as port:
        shown = await told(port, "X-Forwarded-Proto: https", "x_forwarded-proto: https", path="/site")
    assert shown == {"REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http"}


@pytest.mark.gen_test
async def test_each_request_of_a_proxys_connection_has_its_own_sender() -> None:
    async with serving(trusted=LOOPBACK) as port, asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seen = []
        for line in ("X-Forwarded-For: 198.51.100.1\r\n", "X-Forwarded-For: 198.51.100.2\r\n", ""):
            writer.write(f"GET /page HTTP/1.1\r\nHost: a\r\n{line}\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            size = int(head.partition("Content-Length: ")[2].partition("\r\n")[0])
            seen.append(json.loads(await reader.readexactly(size))["ip"])
        writer.close()
    assert seen == ["198.51.100.1", "198.51.100.2", "127.0.0.1"]
