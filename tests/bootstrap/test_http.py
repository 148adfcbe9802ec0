"""The HTTP server of all pages on a real socket: what it lets a stranger hold."""

import asyncio
import socket

import pytest
from tornado.web import Application

from rtserver.bootstrap import web_side
from rtserver.bootstrap.web_side import build_http

pytestmark = pytest.mark.gen_test(timeout=60)

HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize("beginning", [b"", HEAD[:20], HEAD, HEAD + b"the begin"])
async def test_a_request_that_stops_anywhere_costs_its_connection(
    monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(web_side, "IDLE_SECONDS", 0.01)
    http = build_http(Application())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        http.add_socket(listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(beginning)
        async with asyncio.timeout(20.0):
            assert await reader.read() == b""
        writer.close()
        http.stop()
        await http.close_all_connections()
