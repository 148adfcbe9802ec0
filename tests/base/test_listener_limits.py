"""The limits on those who come in, on real sockets: each one's answer, its count, and that places are given back."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application

from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.tce_listener import TceListener
from rtserver.base.listener.upgrade import WebSocketHandler, WebSocketServer
from rtserver.base.tce.server import TceServer
from rtserver.base.wire.forwarded import read_networks
from tcelib.limit.admission import Admission
from tcelib.limit.table import AdmissionLimits
from tests.base.listener.test_http_listener import HANDSHAKE, Page, meet
from tests.base.recording_owner import RecordingOwner
from tests.base.server import build_server
from tests.tce_client import CALL, CONNECT_REJECT, TceClient, packet
from tests.until import until_async
from tests.websocket_client import ACCEPT

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.parametrize("transport", ["tcp"])]

PAGE = b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CONNECTIONS = "connections_per_ip"


def limited(**limits: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("options", [limits])


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
    assert len(server) == len(tce.shared.pending) == len(server.admission) == 0


@pytest.fixture
def app(server: WebSocketServer) -> Application:
    return Application([("/", WebSocketHandler, {"server": server}), ("/page", Page)])


@pytest.fixture
def tce_port(io_loop: IOLoop, server: WebSocketServer, tce: TceServer, transport: str) -> Iterator[int]:
    listener = TceListener(server, tce)
    listening, port = bind_unused_port()
    io_loop.add_callback(listener.listen, [listening])
    yield port
    listener.stop()
    listening.close()


def count(server: WebSocketServer, limit: str) -> int:
    return server.admission.counted.counts[limit]


async def shake(port: int) -> bytes:
    """Shake hands and leave; the answer."""
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE)
        return await peer.answer()


async def until_inside(server: WebSocketServer, number: int) -> None:
    await until_async(lambda: len(server.admission) == number)


@limited(connections_per_ip=2)
async def test_a_connection_too_many_of_one_address_gets_429(port: int, server: WebSocketServer) -> None:
    async with await meet(port) as one, await meet(port) as two, await meet(port) as three:
        for peer in (one, two, three):
            await peer.send(HANDSHAKE)
        assert ACCEPT.encode() in await one.answer()
        assert ACCEPT.encode() in await two.answer()
        answer = await three.rest()
        assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n")
        assert answer.endswith(b"2 connections are open from your address, which is the limit\n")
    assert count(server, CONNECTIONS) == 1
    await until_inside(server, 0)
    assert ACCEPT.encode() in await shake(port)


@limited(connections_per_ip=1)
@pytest.mark.parametrize("identity", [None, "anyone"])
async def test_a_refused_handshake_gives_its_place_back(
    port: int, owner: RecordingOwner, server: WebSocketServer, identity: str | None
) -> None:
    owner.identify = lambda request: None
    for _ in range(3):
        assert (await shake(port)).startswith(b"HTTP/1.1 401 ")
    async with await meet(port) as peer:
        await peer.send(HANDSHAKE.replace(b"Version: 13", b"Version: 12"))
        assert (await peer.rest()).startswith(b"HTTP/1.1 426 ")
    assert len(server.admission) == 0


@limited(connections_per_ip=1)
async def test_a_page_takes_a_place_while_its_connection_is_kept(port: int, server: WebSocketServer) -> None:
    async with await meet(port) as one:
        await one.send(PAGE)
        await one.answer()
        async with await meet(port) as two:
            await two.send(PAGE)
            assert (await two.rest()).startswith(b"HTTP/1.1 429 ")
        assert (await shake(port)).startswith(b"HTTP/1.1 429 ")
    await until_inside(server, 0)
    assert count(server, CONNECTIONS) == 2


@limited(connections_per_ip=1)
async def test_an_upgrade_behind_a_page_goes_on_in_its_place(port: int, server: WebSocketServer) -> None:
    async with await meet(port) as peer:
        await peer.send(PAGE)
        await peer.answer()
        assert await peer.body(6) == b"a page"
        await peer.send(HANDSHAKE)
        assert ACCEPT.encode() in await peer.answer()
        assert len(server.admission) == 1
    await until_inside(server, 0)
    assert count(server, CONNECTIONS) == 0


@limited(handshakes_per_ip=0.2)
async def test_handshakes_come_too_fast_from_one_address(port: int, server: WebSocketServer) -> None:
    answers = [await shake(port) for _ in range(5)]
    assert [ACCEPT.encode() in answer for answer in answers] == [True, True, False, False, False]
    assert answers[4].startswith(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n")
    assert count(server, "handshakes_per_ip") == 3


@limited(handshakes=0.2)
async def test_handshakes_come_too_fast_from_everywhere(port: int, server: WebSocketServer) -> None:
    answers = [await shake(port) for _ in range(5)]
    assert [ACCEPT.encode() in answer for answer in answers] == [True, True, False, False, False]
    assert answers[4].startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n")
    assert count(server, "handshakes") == 3


@limited(pending_per_ip=2)
async def test_who_says_nothing_more_may_not_be_many_of_one_address(port: int, server: WebSocketServer) -> None:
    async with await meet(port) as one, await meet(port) as two, await meet(port) as three:
        for peer in (one, two, three):
            await peer.send(HANDSHAKE[:30])
        answer = await three.rest()
        assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\n")
        for peer in (one, two):
            await peer.send(HANDSHAKE[30:])
            assert ACCEPT.encode() in await peer.answer()
    assert count(server, "pending_per_ip") == 1


@limited(pending=2)
async def test_the_longest_silent_one_goes_for_a_new_one(port: int, server: WebSocketServer) -> None:
    async with await meet(port) as one, await meet(port) as two, await meet(port) as three:
        for peer in (one, two, three):
            await peer.send(HANDSHAKE[:30])
        assert (await one.rest()).startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n")
        for peer in (two, three):
            await peer.send(HANDSHAKE[30:])
            assert ACCEPT.encode() in await peer.answer()
    assert count(server, "pending") == 1


@limited(connections_per_ip=1, pending_per_ip=1)
async def test_a_proxy_stands_for_many_and_each_of_them_has_his_own_places(
    port: int, server: WebSocketServer, http_listener: HttpListener
) -> None:
    http_listener.http_admission.trusted = read_networks(["127.0.0.1"])
    async with await meet(port) as one, await meet(port) as two, await meet(port) as three, await meet(port) as four:
        for peer, ip in ((one, b"192.0.2.1"), (two, b"192.0.2.2"), (three, b"192.0.2.1")):
            await peer.send(HANDSHAKE[:20])
            await peer.send(HANDSHAKE[20:-2] + b"X-Forwarded-For: " + ip + b"\r\n\r\n")
        assert ACCEPT.encode() in await one.answer()
        assert ACCEPT.encode() in await two.answer()
        assert (await three.answer()).startswith(b"HTTP/1.1 429 ")
        await four.send(PAGE)
        assert (await four.answer()).startswith(b"HTTP/1.1 200 ")
        assert len(server.admission) == 2
    await until_inside(server, 0)


@limited(files=1)
@pytest.mark.parametrize("request_", [PAGE, HANDSHAKE])
async def test_without_files_to_spare_nobody_comes_in(port: int, server: WebSocketServer, request_: bytes) -> None:
    async with await meet(port) as peer:
        await peer.send(request_)
        answer = await peer.rest()
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n")
    assert answer.endswith(b"the server has no room for more connections\n")
    assert count(server, "spare_files") == 1


@limited()
async def test_a_full_server_refuses_sockets_but_not_the_pages_that_say_so(
    port: int, server: WebSocketServer
) -> None:
    server.admission.full = "the server has no memory left for more connections"
    answer = await shake(port)
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n")
    async with await meet(port) as peer:
        await peer.send(PAGE)
        assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
    assert count(server, "memory") == 1


@limited()
async def test_without_limits_everybody_comes_in(port: int, server: WebSocketServer) -> None:
    for _ in range(50):
        assert ACCEPT.encode() in await shake(port)
    assert not any(server.admission.counted.counts.values())


async def closed_code(client: TceClient) -> Any:
    """The code in the last message, behind which the stream ends."""
    (message,) = await client.rest()
    assert message["type"] == "closed"
    return message["data"]["code"]


@limited(connections_per_ip=1)
async def test_a_binary_client_too_many_is_closed_with_4129(tce_port: int, server: WebSocketServer) -> None:
    async with await TceClient.over_tcp(tce_port), await TceClient.over_tcp(tce_port) as client:
        assert await closed_code(client) == 4129
    assert count(server, CONNECTIONS) == 1
    await until_inside(server, 0)


@limited(handshakes_per_ip=0.1)
async def test_a_binary_client_that_comes_too_often_is_closed_with_4129(
    tce_port: int, server: WebSocketServer
) -> None:
    async with await TceClient.over_tcp(tce_port), await TceClient.over_tcp(tce_port) as client:
        assert await closed_code(client) == 4129
    assert count(server, "handshakes_per_ip") == 1


@limited(pending_per_ip=1)
async def test_clients_without_a_token_may_not_be_many_of_one_address(
    tce_port: int, server: WebSocketServer, tce: TceServer, owner: RecordingOwner
) -> None:
    async with await TceClient.over_tcp(tce_port) as one, await TceClient.over_tcp(tce_port) as two:
        assert await closed_code(two) == 4129
        one.send(packet(CALL, 1, 7, 0, b"", {"__token__": "good"}))
        await owner.until(lambda: owner.sessions)
        assert len(tce.shared.pending) == 0
        async with await TceClient.over_tcp(tce_port) as three:
            three.send(packet(CALL, 1, 7, 0, b"", {"__token__": "bad"}))
            assert (await three.recv()).errcode == CONNECT_REJECT
    assert count(server, "pending_per_ip") == 1


@limited(pending=1)
async def test_the_longest_pending_client_goes_for_a_new_one(tce_port: int, server: WebSocketServer) -> None:
    async with await TceClient.over_tcp(tce_port) as one, await TceClient.over_tcp(tce_port):
        assert await closed_code(one) == 4129
    assert count(server, "pending") == 1


@limited(pending_per_ip=1)
async def test_clients_without_a_token_count_over_websockets_as_well(
    port: int, server: WebSocketServer, owner: RecordingOwner
) -> None:
    owner.identify = lambda request: None
    request = HANDSHAKE.replace(b"GET / ", b"GET /?tce ")
    async with await meet(port) as one, await meet(port) as two:
        for peer in (one, two):
            await peer.send(request)
            assert ACCEPT.encode() in await peer.answer()
        assert (await two.body(4))[2:] == (4129).to_bytes(2, "big")
    assert count(server, "pending_per_ip") == 1


async def test_a_flood_of_sockets_that_say_nothing_is_forgotten_when_it_ends(
    port: int, server: WebSocketServer, http_listener: HttpListener
) -> None:
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    for each in sockets:
        each.send(HANDSHAKE[:20])
    await until_async(lambda: len(http_listener.pending) == 100)
    for each in sockets:
        each.close()
    await until_async(lambda: not len(http_listener.pending))
    assert not len(server.wheel)
