"""The HTTP listener on real sockets: handshakes, requests for Tornado, and clients that take too long."""

import asyncio

import pytest
from tornado.web import Application, RequestHandler

from rtserver.base.listener import pending_request
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.upgrade import WebSocketHandler, WebSocketServer
from rtserver.base.wire.forwarded import read_networks
from rtserver.base.wire.http_head import MAX_HEAD_BYTES
from tests.base.recording_owner import DEADLINE, RecordingOwner, waits_for_nothing
from tests.websocket_client import ACCEPT, TEXT, masked

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.parametrize("transport", ["tcp"])]

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Page(RequestHandler):
    """Any page."""

    def get(self) -> None:
        self.write("a page")


@pytest.fixture
def app(server: WebSocketServer) -> Application:
    return Application([("/", WebSocketHandler, {"server": server}), ("/page", Page)])


class Peer:
    """A client that sends what it likes, in the pieces it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            # One turn of the loop that the server runs on, and this piece has been read.
            for _ in range(3):
                await asyncio.sleep(0)

    async def answer(self) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def body(self, size: int) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self._reader.readexactly(size)

    async def rest(self) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self._reader.read()

    def end_writing(self) -> None:
        self._writer.write_eof()

    async def __aenter__(self) -> "Peer":
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._writer.close()


async def meet(port: int) -> Peer:
    return Peer(*await asyncio.open_connection("127.0.0.1", port))


async def test_a_handshake_may_come_byte_by_byte(port: int) -> None:
    async with await meet(port) as peer:
        await peer.send(*(HANDSHAKE[place : place + 1] for place in range(len(HANDSHAKE))))
        assert ACCEPT.encode() in await peer.answer()
        await peer.send(masked(TEXT, b"hello"))
        assert await peer.body(7) == b"\x81\x05hello"


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 9])
async def test_a_page_is_tornados_wherever_its_request_is_cut(port: int, cut: int) -> None:
    request = b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    async with await meet(port) as peer:
        await peer.send(request[:cut], request[cut:])
        assert (await peer.answer()).startswith(b"HTTP/1.1 200")
        assert await peer.body(6) == b"a page"


async def test_an_upgrade_may_follow_a_page_on_the_same_connection(port: int) -> None:
    async with await meet(port) as peer:
        await peer.send(b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await peer.answer()
        assert await peer.body(6) == b"a page"
        await peer.send(HANDSHAKE + masked(TEXT, b"eager"))
        assert ACCEPT.encode() in await peer.answer()
        assert await peer.body(7) == b"\x81\x05eager"


async def test_what_follows_such_an_upgrade_at_once_is_heard_however_long_it_is(
    port: int, owner: RecordingOwner
) -> None:
    message = b"m" * 60_000
    async with await meet(port) as peer:
        await peer.send(b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await peer.answer()
        assert await peer.body(6) == b"a page"
        await peer.send(HANDSHAKE + masked(TEXT, message))
        assert ACCEPT.encode() in await peer.answer()
        await owner.until(lambda: owner.sessions[0].messages == [message])


@pytest.mark.parametrize("before", [b"", b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"])
async def test_cookies_in_several_lines_are_all_seen(port: int, owner: RecordingOwner, before: bytes) -> None:
    owner.identify = lambda request: request.headers["cookie"]
    async with await meet(port) as peer:
        if before:
            await peer.send(before)
            await peer.answer()
            assert await peer.body(6) == b"a page"
        await peer.send(HANDSHAKE[:-2] + b"Cookie: a=1\r\nCookie: sessionid=key\r\n\r\n")
        await peer.answer()
    assert owner.sessions[0].identity == "a=1; sessionid=key"


async def test_a_request_that_is_none_gets_400(port: int) -> None:
    async with await meet(port) as peer:
        await peer.send(b"GET / HTTP/1.1\r\nbroken header\r\n\r\n")
        assert (await peer.rest()).startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("line", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
async def test_a_handshake_with_a_body_gets_400(port: int, line: bytes) -> None:
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE[:-2] + line + b"\r\n\r\nhello")
        assert (await peer.rest()).startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("length", [b"0", b"00"])
async def test_a_handshake_may_say_that_it_has_no_body(port: int, length: bytes) -> None:
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE[:-2] + b"Content-Length: " + length + b"\r\n\r\n")
        assert ACCEPT.encode() in await peer.answer()


async def test_a_handshake_of_http_1_0_gets_400(port: int) -> None:
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert (await peer.rest()).startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_a_head_without_end_gets_431(port: int) -> None:
    async with await meet(port) as peer:
        await peer.send(b"GET / HTTP/1.1\r\nX: " + b"x" * (MAX_HEAD_BYTES - len(b"GET / HTTP/1.1\r\nX: ")))
        assert (await peer.rest()).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("beginning", [b"GET / HTTP/1.1\r\nHost: slow", b"GET"])
async def test_a_request_that_does_not_come_in_time_gets_408(
    port: int, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(pending_request, "HEAD_SECONDS", 0.01)
    async with await meet(port) as peer:
        await peer.send(beginning)
        assert (await peer.rest()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("beginning", [b"", b"GE", b"GET / HTTP/1.1\r\nHo"])
async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(
    port: int, server: WebSocketServer, owner: RecordingOwner, beginning: bytes
) -> None:
    async with await meet(port) as peer:
        await peer.send(beginning)
        peer.end_writing()
        assert await peer.rest() == b""
    assert len(server) == len(server.wheel) == 0
    assert owner.sessions == []


async def test_what_is_sent_is_not_held_back_and_little_of_it_is_left_to_the_system(
    port: int, server: WebSocketServer, owner: RecordingOwner
) -> None:
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE)
        assert (await peer.answer()).startswith(b"HTTP/1.1 101 ")
        assert waits_for_nothing(owner.sessions[0].connection, server.bounds.unsent_bytes)


async def test_who_is_still_looked_up_at_the_servers_end_is_let_go(
    port: int, owner: RecordingOwner, server: WebSocketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def authenticate(credential: str) -> None:
        asked.set()
        await never.wait()

    monkeypatch.setattr(owner, "authenticate", authenticate)
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE)
        async with asyncio.timeout(DEADLINE):
            await asked.wait()
        await server.wait_closed(0.0)
        assert await peer.rest() == b""


async def test_at_the_end_whoever_has_said_half_is_told_to_come_back(port: int, http_listener: HttpListener) -> None:
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE[:20])
        http_listener.stop()
        http_listener.clear()
        answer = await peer.answer()
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 1" in answer


async def test_at_the_end_whoever_has_said_half_may_say_the_rest_first(
    port: int, http_listener: HttpListener
) -> None:
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE[:20])
        http_listener.stop()
        await peer.send(HANDSHAKE[20:])
        assert (await peer.answer()).startswith(b"HTTP/1.1 101")


async def test_who_is_still_being_looked_up_at_the_end_gets_an_answer(
    port: int, server: WebSocketServer, owner: RecordingOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_known = asyncio.Event()

    async def look_up(credential: str) -> str:
        await is_known.wait()
        return "anyone"

    monkeypatch.setattr(owner, "authenticate", look_up)
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE)
        closing = asyncio.ensure_future(server.wait_closed(DEADLINE))
        await asyncio.sleep(0)
        is_known.set()
        assert (await peer.answer()).startswith(b"HTTP/1.1 101")
        peer.end_writing()
        await closing


@pytest.fixture
def listener_and_port(http_listener: HttpListener, port: int) -> tuple[HttpListener, int]:
    """The way in, for a test that changes it, and where it is."""
    return http_listener, port


FROM = b"X-Forwarded-For: 198.51.100.1\r\n"
TLS = b"X-Forwarded-Proto: https\r\n"


@pytest.mark.parametrize(
    ("proxy", "lines", "seen"),
    [
        ("10.0.0.0/8", FROM + TLS, ("127.0.0.1", False)),
        ("127.0.0.0/8", FROM + TLS, ("198.51.100.1", True)),
        ("127.0.0.0/8", FROM, ("198.51.100.1", False)),
        ("127.0.0.0/8", b"X-Forwarded-For: 6.6.6.6\r\n" + FROM, ("198.51.100.1", False)),
    ],
)
async def test_a_proxy_that_is_known_says_who_the_client_is_and_whether_it_speaks_tls(
    listener_and_port: tuple[HttpListener, int],
    owner: RecordingOwner,
    proxy: str,
    lines: bytes,
    seen: tuple[str, bool],
) -> None:
    listener, port = listener_and_port
    listener.http_admission.trusted = read_networks([proxy])
    owner.identify = lambda request: (request.remote_ip, request.is_secure)
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE[:-2] + lines + b"\r\n")
        assert ACCEPT.encode() in await peer.answer()
    assert owner.sessions[0].identity == seen
    assert owner.sessions[0].connection.remote_ip == seen[0]


@pytest.mark.parametrize(("origin", "status"), [(b"https", b"101"), (b"http", b"403")])
async def test_behind_a_proxy_that_speaks_tls_pages_come_over_tls_too(
    listener_and_port: tuple[HttpListener, int], origin: bytes, status: bytes
) -> None:
    listener, port = listener_and_port
    listener.http_admission.trusted = read_networks(["127.0.0.1"])
    async with await meet(port) as peer:
        lines = b"X-Forwarded-Proto: https\r\nOrigin: %b://127.0.0.1\r\n" % origin
        await peer.send(HANDSHAKE[:-2] + lines + b"\r\n")
        assert (await peer.answer()).startswith(b"HTTP/1.1 " + status)


async def test_a_proxy_nearby_that_nobody_has_named_is_told_of_once(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    by_proxy = HANDSHAKE[:-2] + FROM + b"\r\n"
    for _ in range(2):
        async with await meet(port) as peer:
            await peer.send(by_proxy)
            assert ACCEPT.encode() in await peer.answer()
    assert len([record for record in caplog.records if "trusted_proxies" in record.getMessage()]) == 1


async def test_a_proxy_that_is_named_is_nothing_to_speak_of(
    listener_and_port: tuple[HttpListener, int], caplog: pytest.LogCaptureFixture
) -> None:
    listener, port = listener_and_port
    listener.http_admission.trusted = read_networks(["127.0.0.1"])
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE[:-2] + FROM + b"\r\n")
        assert ACCEPT.encode() in await peer.answer()
    assert not [record for record in caplog.records if "trusted_proxies" in record.getMessage()]
