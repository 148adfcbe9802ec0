"""The HTTP server of all pages on a real socket: what it lets a stranger hold."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tornado.web import Application, RequestHandler

from rtserver.bootstrap.web import build
from rtserver.bootstrap.web.build import MAX_BODY_BYTES, build_http

pytestmark = pytest.mark.gen_test(timeout=60)

HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"


class Form(RequestHandler):
    """Takes what it is sent."""

    def post(self) -> None:
        self.write("taken")


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    http = build_http(Application([("/", Form)]))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        http.add_socket(listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        async with asyncio.timeout(20.0):
            yield reader, writer
        writer.close()
        http.stop()
        await http.close_all_connections()


@pytest.mark.parametrize("beginning", [b"", HEAD[:20]])
async def test_an_idle_connection_ends(monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    monkeypatch.setattr(build, "IDLE_SECONDS", 0.01)
    async with connected() as (reader, writer):
        writer.write(beginning)
        assert await reader.read() == b""


@pytest.mark.parametrize("beginning", [HEAD, HEAD + b"the begin", CHUNKED, CHUNKED + b"5\r\nhel", CHUNKED + b"5"])
async def test_a_body_that_does_not_come_in_time_costs_its_connection(
    monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(build, "HEAD_SECONDS", 0.01)
    async with connected() as (reader, writer):
        writer.write(beginning)
        assert await reader.read() == b""


async def test_a_body_that_trickles_gets_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "HEAD_SECONDS", 0.05)
    async with connected() as (reader, writer):
        writer.write(HEAD.replace(b"100", b"%d" % MAX_BODY_BYTES))
        ended = asyncio.ensure_future(reader.read())
        while not ended.done():
            if not writer.is_closing():
                writer.write(b"x")
            await asyncio.wait([ended], timeout=0.001)
        # A byte that came behind the end resets the connection.
        assert isinstance(ended.exception(), ConnectionResetError) or ended.result() == b""


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD.replace(b"100", b"%d" % (MAX_BODY_BYTES + 1)),
        CHUNKED + b"%x\r\n" % (MAX_BODY_BYTES + 1),
        CHUNKED + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 3,
    ],
)
async def test_a_body_that_is_too_large_is_refused(request_bytes: bytes) -> None:
    async with connected() as (reader, writer):
        writer.write(request_bytes)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


async def test_a_body_of_the_largest_size_is_taken() -> None:
    async with connected() as (reader, writer):
        writer.write(HEAD.replace(b"100", b"%d" % MAX_BODY_BYTES) + b"x" * MAX_BODY_BYTES)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
