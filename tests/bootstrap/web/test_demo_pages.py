"""The demo's pages behind Tornado: every request gets an answer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, FallbackHandler

from rtserver.bootstrap.web.demo_pages import Pages

pytestmark = pytest.mark.gen_test(timeout=60)


async def status_of(site: Any, host: str) -> int:
    """Return the status of the answer to a request for that host."""
    listener, port = bind_unused_port()
    with ThreadPoolExecutor(1) as executor:
        server = HTTPServer(Application([(".*", FallbackHandler, {"fallback": Pages(site, executor)})]))
        server.add_socket(listener)
        async with asyncio.timeout(20.0):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
        server.stop()
        await server.close_all_connections()
    return int(head.split()[1])


def fine(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["SERVER_PORT"].encode()]


def broken(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise LookupError("broken site")


def forgetful(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    return []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("example.org", 200),
        ("example.org:8888", 200),
        ("[::1]:8888", 200),
        ("", 200),
        ("example.org:", 400),
        ("example.org:abc", 400),
        ("example.org:\u0661", 400),
        ("example.org:999999", 400),
        ("a:b:c", 400),
    ],
)
async def test_a_host_without_a_port_that_is_a_number_is_a_bad_request(host: str, status: int) -> None:
    assert await status_of(fine, host) == status


@pytest.mark.parametrize("site", [broken, forgetful])
async def test_a_site_that_fails_is_500_and_logged(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert await status_of(site, "example.org") == 500
    assert "! / failed" in caplog.text
