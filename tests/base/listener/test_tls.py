"""TLS at both listeners, on real sockets: who shakes hands, who does not, and what is said by whom afterwards."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.tce_listener import TceListener
from rtserver.base.listener.tls import Tls
from rtserver.base.listener.upgrade import WebSocketHandler, WebSocketServer
from rtserver.base.tce.server import TceServer
from tcelib.limit.admission import Admission
from tcelib.limit.table import AdmissionLimits
from tests.base.recording_owner import DEADLINE, RecordingOwner
from tests.until import until_async
from tests.websocket_client import ACCEPT, TEXT, AsyncWebSocketClient, masked, upgrade_request

pytestmark = pytest.mark.gen_test(timeout=60)

PAGE = b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HANDSHAKE = upgrade_request("127.0.0.1", "/")
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


class Page(RequestHandler):
    def get(self) -> None:
        self.write(f"a page over {self.request.protocol}")


@pytest.fixture
def transport() -> str:
    return "tls"


@pytest.fixture
def app(server: WebSocketServer) -> Application:
    return Application([("/", WebSocketHandler, {"server": server}), ("/page", Page)])


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    """A client that knows our certificate."""
    return ssl.create_default_context(cafile=str(certificate))


class Peer:
    """A client of bare bytes, inside TLS or not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, *pieces: bytes) -> bytes:
        """Send pieces, each in a record of its own, and take the head of the answer."""
        await self.send(*pieces)
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            for _ in range(3):
                await asyncio.sleep(0)

    async def rest(self) -> bytes:
        async with asyncio.timeout(DEADLINE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readexactly(count)


@asynccontextmanager
async def meet(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    host = "127.0.0.1" if tls else None
    async with asyncio.timeout(DEADLINE):
        peer = Peer(*await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=host))
    try:
        yield peer
    finally:
        peer.writer.transport.abort()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_websocket_opens_over_either_version(
    port: int, trust: ssl.SSLContext, owner: RecordingOwner, version: ssl.TLSVersion
) -> None:
    trust.minimum_version = trust.maximum_version = version
    client = await AsyncWebSocketClient.connect("127.0.0.1", port, tls=trust, after=masked(TEXT, b"eager"))
    async with client:
        assert await client.recv_text() == "eager"
        client.send_text("x" * 60_000)
        assert await client.recv_text() == "x" * 60_000
    assert owner.sessions[0].connection.remote_ip == "127.0.0.1"


async def test_a_handshake_may_come_byte_by_byte(port: int, trust: ssl.SSLContext) -> None:
    async with meet(port, trust) as peer:
        assert ACCEPT.encode() in await peer.ask(*(HANDSHAKE[place : place + 1] for place in range(len(HANDSHAKE))))
        await peer.send(masked(TEXT, b"hello"))
        assert await peer.exactly(7) == b"\x81\x05hello"


@pytest.mark.parametrize("cut", [1, 5, 6, 20, len(PAGE)])
async def test_a_page_is_tornados_wherever_its_request_is_cut(port: int, trust: ssl.SSLContext, cut: int) -> None:
    async with meet(port, trust) as peer:
        head = await peer.ask(PAGE[:cut], PAGE[cut:])
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert await peer.exactly(17) == b"a page over https"


async def test_pages_and_an_upgrade_may_follow_one_another_on_one_connection(
    port: int, trust: ssl.SSLContext
) -> None:
    async with meet(port, trust) as peer:
        for _ in range(2):
            await peer.ask(PAGE)
            await peer.exactly(17)
        assert ACCEPT.encode() in await peer.ask(HANDSHAKE + masked(TEXT, b"eager"))
        assert await peer.exactly(7) == b"\x81\x05eager"


async def test_a_page_that_came_without_tls_may_not_connect(port: int, trust: ssl.SSLContext) -> None:
    for origin, status in (("https://127.0.0.1", b"101"), ("http://127.0.0.1", b"403")):
        async with meet(port, trust) as peer:
            assert (await peer.ask(upgrade_request("127.0.0.1", "/", {"Origin": origin}))).split()[1] == status


async def test_plain_http_is_told_where_to_go(port: int, server_tls: Tls) -> None:
    async with meet(port) as peer:
        await peer.send(PAGE)
        answer = await peer.rest()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"TLS is spoken here: the address begins with https:// or wss://\n")
    assert server_tls.failures == 1


@pytest.mark.parametrize(
    "garbage",
    [b"\0" * 100, b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01\x00\x05\x01\0\0\x01\0", b"\x80\x2e\x01" + bytes(60)],
    ids=["zeros", "ssh", "half a hello", "ssl 2"],
)
async def test_garbage_costs_its_connection_and_nobody_elses(
    port: int, trust: ssl.SSLContext, server: WebSocketServer, garbage: bytes
) -> None:
    async with meet(port, trust) as good, meet(port) as bad:
        await bad.send(garbage)
        with suppress(OSError):  # it may be over already
            bad.writer.write_eof()
        await bad.rest()
        assert ACCEPT.encode() in await good.ask(HANDSHAKE)
        assert len(server) == 1


async def test_tls_1_1_is_too_old(port: int, trust: ssl.SSLContext, server_tls: Tls) -> None:
    trust.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        trust.minimum_version = trust.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with meet(port, trust):
            pass
    assert server_tls.failures == 1


@pytest.mark.parametrize("beginning", [CLIENT_HELLO[:1], CLIENT_HELLO, CLIENT_HELLO + bytes(100)])
async def test_a_handshake_that_does_not_come_in_time_ends(
    port: int, http_listener: HttpListener, server: WebSocketServer, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr("rtserver.base.listener.http_listener.HEAD_SECONDS", 0.01)
    async with meet(port) as peer:
        await peer.send(beginning)
        assert await peer.rest() == b""
    assert len(http_listener.pending) == len(server.wheel) == 0


async def test_the_time_of_the_handshake_is_the_requests_as_well(
    port: int, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtserver.base.listener.http_listener.HEAD_SECONDS", 0.2)
    async with meet(port, trust) as peer:
        await peer.send(b"GET / HTTP/1.1\r\nHost: slow")
        assert (await peer.rest()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("beginning", [b"", CLIENT_HELLO])
async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(
    port: int, http_listener: HttpListener, server: WebSocketServer, beginning: bytes
) -> None:
    async with meet(port) as peer:
        await peer.send(beginning)
        peer.writer.write_eof()
        await peer.rest()
    assert len(http_listener.pending) == len(server.wheel) == len(server) == 0


async def test_a_client_that_is_cut_off_in_the_middle_leaves_nothing_behind(
    port: int, http_listener: HttpListener, server: WebSocketServer
) -> None:
    async with meet(port) as peer:
        await peer.send(CLIENT_HELLO)
        peer.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, (1).to_bytes(4, "little") + bytes(4)
        )
        peer.writer.transport.abort()
    await until_async(lambda: not http_listener.pending)
    assert len(server.wheel) == 0


async def test_those_who_only_connect_make_room_for_others(
    port: int, trust: ssl.SSLContext, server: WebSocketServer
) -> None:
    server.admission.limits = AdmissionLimits(pending=2)
    async with meet(port) as first, meet(port) as second, meet(port) as third:
        for peer in (first, second, third):
            await peer.send(CLIENT_HELLO)
        assert await first.rest() == b""
        async with meet(port, trust) as good:
            assert ACCEPT.encode() in await good.ask(HANDSHAKE)


async def test_at_the_end_whoever_has_not_shaken_hands_is_let_go(port: int, http_listener: HttpListener) -> None:
    async with meet(port) as peer:
        await peer.send(CLIENT_HELLO)
        http_listener.stop()
        http_listener.clear()
        assert await peer.rest() == b""
    assert len(http_listener.pending) == 0


async def test_new_connections_are_shown_a_new_certificate_and_nobody_else_notices(
    port: int, trust: ssl.SSLContext, server_tls: Tls, certificate: Path
) -> None:
    old = ssl.create_default_context(cafile=str(certificate))
    renewed = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    renewed.load_cert_chain(certificate)
    renewed.maximum_version = ssl.TLSVersion.TLSv1_2
    async with meet(port, trust) as before:
        await before.ask(HANDSHAKE)
        server_tls.context = renewed
        async with meet(port, old) as after:
            await after.ask(HANDSHAKE)
            versions = [peer.writer.get_extra_info("ssl_object").version() for peer in (before, after)]
        await before.send(masked(TEXT, b"still"))
        assert await before.exactly(7) == b"\x81\x05still"
    assert versions == ["TLSv1.3", "TLSv1.2"]


@pytest.fixture
def tce_port(
    io_loop: IOLoop, server: WebSocketServer, tce: TceServer, ssl_options: ssl.SSLContext
) -> Iterator[tuple[TceListener, int]]:
    """The other listener, and where it is."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        listener = TceListener(server, tce, Tls(ssl_options))
        io_loop.add_callback(listener.listen, [listening])
        yield listener, listening.getsockname()[1]
        listener.stop()


async def test_binary_clients_speak_tls_too(
    tce_port: tuple[TceListener, int], trust: ssl.SSLContext, tce: TceServer
) -> None:
    async with meet(tce_port[1], trust) as peer:
        await peer.send(b"no packet at all")
        assert b'"closed"' in await peer.rest()
    assert tce.shared.counts.broken_streams == 1


@pytest.mark.parametrize("options", [{"login_seconds": 0.01}])
@pytest.mark.parametrize("beginning", [b"", CLIENT_HELLO, b"garbage, which is no handshake"])
async def test_a_binary_client_that_does_not_shake_hands_holds_no_place(
    tce_port: tuple[TceListener, int], server: WebSocketServer, beginning: bytes
) -> None:
    server.admission.limits = AdmissionLimits(connections_per_ip=1)
    for _ in range(2):
        async with meet(tce_port[1]) as peer:
            await peer.send(beginning)
            assert b"closed" not in await peer.rest()
    await until_async(lambda: not (len(server.admission) or len(server.wheel)))


async def test_of_too_many_who_do_not_shake_hands_the_longest_silent_one_is_dropped(
    tce_port: tuple[TceListener, int], trust: ssl.SSLContext, server: WebSocketServer
) -> None:
    server.admission.limits = AdmissionLimits(pending=1)
    async with meet(tce_port[1]) as silent, meet(tce_port[1]) as other:
        assert await silent.rest() == b""
        assert server.admission.counted.counts["pending"] == 1
        async with meet(tce_port[1], trust) as honest:
            assert await other.rest() == b""
            await honest.send(b"no packet at all")
            assert b'"closed"' in await honest.rest()
    await until_async(lambda: not len(server.admission))


async def test_nobody_fills_the_room_for_handshakes_from_one_address(
    tce_port: tuple[TceListener, int], server: WebSocketServer
) -> None:
    server.admission.limits = AdmissionLimits(pending_per_ip=1)
    async with meet(tce_port[1]) as first:
        await first.send(CLIENT_HELLO)
        async with meet(tce_port[1]) as second:
            assert await second.rest() == b""
        assert server.admission.counted.counts["pending_per_ip"] == 1
    await until_async(lambda: not len(server.admission))


async def test_at_the_end_binary_clients_in_the_middle_are_let_go(
    tce_port: tuple[TceListener, int], server: WebSocketServer
) -> None:
    async with meet(tce_port[1]) as peer:
        await peer.send(CLIENT_HELLO)
        tce_port[0].stop()
        assert await peer.rest() == b""
    assert len(server.wheel) == 0


async def test_a_gate_counts_nobody_twice_over_tls(port: int, trust: ssl.SSLContext, server: WebSocketServer) -> None:
    server.admission.limits = AdmissionLimits(connections_per_ip=2)
    async with meet(port, trust) as page, meet(port, trust) as socket_:
        await page.ask(PAGE)
        await socket_.ask(HANDSHAKE)
        async with meet(port, trust) as third:
            assert (await third.ask(HANDSHAKE)).startswith(b"HTTP/1.1 429 ")
    await until_async(lambda: not len(server.admission))


async def test_an_address_that_shakes_hands_too_often_is_cut_off_before_it_costs_anything(
    port: int, trust: ssl.SSLContext, server: WebSocketServer, server_tls: Tls
) -> None:
    server.admission = Admission(AdmissionLimits(handshakes_per_ip=0.1))
    async with meet(port, trust) as first:
        assert (await first.ask(PAGE)).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(OSError):  # noqa: PT011 (an end or a reset, as the system likes)
            async with meet(port, trust):
                pass
    assert server.admission.counted.counts["handshakes_per_ip"] == 1
    assert server_tls.failures == 0
