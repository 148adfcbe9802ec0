"""Limits of a connection of plain HTTP, on real sockets with and without TLS: the same as on the WebSocket path.

Both are asked for where a request of either could be meant: ``/`` is the WebSocket path here, ``/page`` is Tornado's.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

from rtserver.base.listener import pending_request, tornado_stream
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.upgrade import WebSocketHandler, WebSocketServer
from rtserver.base.tce.server import TceServer
from rtserver.base.wire.forwarded import read_networks
from rtserver.base.wire.http_head import MAX_HEAD_BYTES
from tcelib.limit.admission import Admission
from tcelib.limit.table import AdmissionLimits
from tests.base.listener.test_http_listener import HANDSHAKE, Peer
from tests.base.recording_owner import DEADLINE, RecordingOwner
from tests.base.server import build_server
from tests.base.test_listener_limits import limited
from tests.until import until_async

transports = pytest.mark.parametrize("transport", ["tcp", "tls"])
pytestmark = [pytest.mark.gen_test(timeout=60), transports]
PAGE = b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PATHS = pytest.mark.parametrize("path", [b"/", b"/page"])
QUICK_SECONDS = 0.01


class Page(RequestHandler):
    """Any page; a form may be sent to it."""

    def get(self) -> None:
        self.write("a page")

    def post(self) -> None:
        self.write(self.request.body)


class LongPage(RequestHandler):
    """More than the buffers between two sockets take."""

    async def get(self) -> None:
        for _ in range(64):
            self.write(b"x" * 1_048_576)
            await self.flush()


@pytest.fixture
def admission(options: dict[str, Any]) -> Admission:
    return Admission(AdmissionLimits(**options))


@pytest.fixture
def server(io_loop: IOLoop, owner: RecordingOwner, admission: Admission, tce: TceServer) -> Iterator[WebSocketServer]:
    async def build() -> WebSocketServer:
        return build_server(WebSocketServer, owner, admission, tce, {}, open_binary=owner.open_binary)

    server = owner.server = io_loop.run_sync(build)
    yield server
    io_loop.run_sync(lambda: server.wait_closed(0))


@pytest.fixture
def app(server: WebSocketServer) -> Application:
    return Application([("/", WebSocketHandler, {"server": server}), ("/page", Page), ("/long", LongPage)])


@pytest.fixture
def listener(http_listener: HttpListener, io_loop: IOLoop) -> Iterator[HttpListener]:
    """The way in; when a test is over nothing is left of its connections."""
    yield http_listener
    io_loop.run_sync(lambda: until_nobody_is_left(http_listener))


@pytest.fixture
def tls(request: pytest.FixtureRequest, transport: str) -> ssl.SSLContext | None:
    if transport == "tcp":
        return None
    certificate: Path = request.getfixturevalue("certificate")
    return ssl.create_default_context(cafile=str(certificate))


async def meet(port: int, tls: ssl.SSLContext | None) -> Peer:
    return Peer(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))


async def get_page(peer: Peer) -> None:
    """One page over a connection that is kept."""
    await peer.send(PAGE)
    assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
    assert await peer.body(6) == b"a page"


async def kept(port: int, tls: ssl.SSLContext | None) -> Peer:
    """A connection that has had a page and may ask for another one."""
    peer = await meet(port, tls)
    await get_page(peer)
    return peer


async def until_nobody_is_left(listener: HttpListener) -> None:
    server = listener.server
    parts = (server, server.admission, server.wheel, listener.http_admission.waiting, listener.pending)
    await until_async(lambda: not any(map(len, parts)))


# How often.


@limited(requests_per_ip=0.3)
async def test_requests_of_one_address_have_a_rate_over_one_kept_connection_and_over_new_ones(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None
) -> None:
    async with await meet(port, tls) as peer:
        for _ in range(3):
            await get_page(peer)
        await peer.send(PAGE)
        answer = await peer.rest()
        assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 4\r\n")
        assert answer.endswith(b"too many requests from your address\n")
    async with await meet(port, tls) as peer:
        await peer.send(PAGE)
        rest = await peer.rest()
        assert rest.startswith(b"HTTP/1.1 429 ") or tls is not None  # without keys there are no words
    async with await meet(port, tls) as peer:
        await peer.send(HANDSHAKE)
        assert (await peer.answer()).startswith(b"HTTP/1.1 101 ")
    assert listener.server.admission.counted.counts["requests_per_ip"] == 2


@limited(requests_per_ip=0.3)
async def test_many_requests_in_one_write_are_as_many(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None
) -> None:
    async with await meet(port, tls) as peer:
        await peer.send(PAGE * 20)
        answers = await peer.rest()
    assert answers.count(b"HTTP/1.1 200 ") == 3
    assert answers.count(b"HTTP/1.1 429 ") == 1


@limited(requests=0.2)
async def test_requests_from_everywhere_have_a_rate_too(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None
) -> None:
    async with await meet(port, tls) as peer:
        await get_page(peer)
        await get_page(peer)
        await peer.send(PAGE)
        assert (await peer.rest()).startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n")


@limited(requests_per_ip=0.1)
async def test_behind_a_proxy_each_client_has_its_own_rate(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None
) -> None:
    listener.http_admission.trusted = read_networks(["127.0.0.1"])
    async with await meet(port, tls) as peer:
        for client in (b"198.51.100.1", b"198.51.100.2", b"198.51.100.3"):
            await peer.send(PAGE[:-2] + b"X-Forwarded-For: %b\r\n\r\n" % client)
            assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
            assert await peer.body(6) == b"a page"
        await peer.send(PAGE[:-2] + b"X-Forwarded-For: 198.51.100.2\r\n\r\n")
        assert (await peer.rest()).startswith(b"HTTP/1.1 429 ")


# How long.


@pytest.mark.parametrize("pages", [0, 1])
@pytest.mark.parametrize("path", [b"/x", b"/page"])
async def test_a_head_that_does_not_come_in_time_gets_408(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, pages: int, path: bytes
) -> None:
    listener.http_admission.head_seconds = QUICK_SECONDS
    async with await meet(port, tls) as peer:
        for _ in range(pages):
            await get_page(peer)
        await peer.send(b"GET %b HTTP/1.1\r\nHost: slow" % path)
        assert (await peer.rest()).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_trickles_gets_no_more_time(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = []
    monkeypatch.setattr(listener.http_admission, "arm", lambda on_late: armed.append(on_late) or _Never())
    async with await meet(port, tls) as peer:
        for place in range(len(PAGE)):
            await peer.send(PAGE[place : place + 1])
        assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
        assert len(armed) == 1


class _Never:
    """A timer that nobody turns."""

    def cancel(self) -> None:
        """Needs nothing."""


@pytest.mark.parametrize("pages", [0, 1])
async def test_a_client_that_leaves_in_the_middle_of_a_head_leaves_nothing_behind(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, pages: int
) -> None:
    async with await meet(port, tls) as peer:
        for _ in range(pages):
            await get_page(peer)
        await peer.send(PAGE[:20])


@limited(connections_per_ip=10)
async def test_a_client_that_takes_nothing_of_its_answer_is_given_up(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tornado_stream, "UNREAD_SECONDS", QUICK_SECONDS)
    # A socket of its own, as asyncio's would read what comes.
    with socket.create_connection(("127.0.0.1", port)) as bare:
        client = await asyncio.to_thread(tls.wrap_socket, bare, server_hostname="127.0.0.1") if tls else bare
        client.sendall(PAGE.replace(b"/page", b"/long"))
        await until_async(lambda: len(listener.server.admission) == 1)
        await until_async(lambda: len(listener.server.admission) == 0)
        client.close()


async def test_a_websocket_that_was_a_page_before_has_deadlines_of_its_own(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, owner: RecordingOwner
) -> None:
    async with await kept(port, tls) as peer:
        await peer.send(HANDSHAKE)
        assert (await peer.answer()).startswith(b"HTTP/1.1 101 ")
        taken = owner.sessions[0].connection._stream.socket
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0


# How many wait.


@limited(pending_per_ip=2)
async def test_of_one_address_only_so_many_connections_are_kept_idle(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None
) -> None:
    async with await kept(port, tls) as one, await kept(port, tls), await kept(port, tls) as three:
        assert await three.rest() == b""  # answered, and not kept
        await get_page(one)
        async with await kept(port, tls):
            pass


@limited(pending=2)
async def test_of_idle_connections_from_everywhere_the_longest_silent_one_goes(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None
) -> None:
    async with await kept(port, tls) as one, await kept(port, tls) as two:
        await one.send(PAGE[:20])
        await until_async(lambda: len(listener.server.wheel) == 1)
        async with await kept(port, tls) as three:
            answer = await one.rest()
            assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n")
            async with await kept(port, tls):
                assert await two.rest() == b""
            await get_page(three)


# What is said.


@PATHS
@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"X: a\n",
        b"X: a\nY: b\r\n",
        b"X: a\r\n folded\r\n",
        b"X: a\rY: b\r\n",
        b"X : a\r\n",
        b"Host: b\r\n",
        b"no colon\r\n",
    ],
)
async def test_a_head_that_another_reader_may_read_otherwise_is_400_on_both_paths(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, path: bytes, lines: bytes
) -> None:
    async with await meet(port, tls) as peer:
        await peer.send(HANDSHAKE.replace(b"GET /", b"GET " + path)[:-2] + lines + b"\r\nhello")
        answer = await peer.rest()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


@PATHS
async def test_a_head_of_bare_line_feeds_is_400_on_both_paths(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, path: bytes
) -> None:
    async with await meet(port, tls) as peer:
        await peer.send(HANDSHAKE.replace(b"GET /", b"GET " + path).replace(b"\r\n", b"\n"))
        assert (await peer.rest()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("pages", [0, 1])
async def test_a_handshake_with_a_body_is_400_however_it_is_read(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, pages: int
) -> None:
    async with await meet(port, tls) as peer:
        for _ in range(pages):
            await get_page(peer)
        await peer.send(HANDSHAKE[:-2] + b"Content-Length: 5\r\n\r\nhello")
        assert (await peer.rest()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("path", [b"/", b"/page", b"/" + b"x" * 100])
async def test_a_head_without_end_gets_431_on_both_paths(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, path: bytes
) -> None:
    start = b"GET %b HTTP/1.1\r\nX: " % path
    async with await meet(port, tls) as peer:
        await peer.send(start + b"x" * (MAX_HEAD_BYTES + 1 - len(start)))
        assert (await peer.rest()).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "body", [b"5\nhello\r\n0\r\n\r\n", b"-5\r\n", b"0x5\r\n", b"5;\r\n", b" 5\r\n", b"g\r\n", b"5\r\nhello!\r\n"]
)
async def test_a_chunk_of_a_bad_size_is_400(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, body: bytes
) -> None:
    async with await meet(port, tls) as peer:
        await peer.send(b"POST /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        assert (await peer.rest()).startswith(b"HTTP/1.1 400 ")


async def test_a_form_in_one_length_or_in_chunks_is_read_and_the_connection_is_kept(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None
) -> None:
    async with await meet(port, tls) as peer:
        for framing, body in (
            (b"Content-Length: 5", b"hello"),
            (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"),
        ):
            await peer.send(b"POST /page HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n%b" % (framing, body))
            assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
            assert await peer.body(5) == b"hello"
        await peer.send(b"\r\n")  # as some clients end a body
        await get_page(peer)


async def test_a_line_without_a_carriage_return_is_not_waited_for(
    listener: HttpListener, port: int, tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_request, "HEAD_SECONDS", 10 * DEADLINE)
    async with await meet(port, tls) as peer:
        await peer.send(b"GET / HTTP/1.1\nHost: a\n\n")
        assert (await peer.rest()).startswith(b"HTTP/1.1 400 ")
