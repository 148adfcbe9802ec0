"""A TCE client on a real socket: how fast it may be sent to, and every way to end."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port

from rtserver.base.connection import connection
from rtserver.base.connection.connection import fan_out
from rtserver.base.connection.outbox import BURST, WRITE_BYTES
from rtserver.base.listener.tce_listener import TceListener
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.base.tce.framing import message_packet
from rtserver.base.tce.server import TceServer
from tests.base.recording_owner import RecordingOwner, waits_for_nothing
from tests.tce_client import CALL, CONNECT_REJECT, INTERFACE_NOTFOUND, TceClient, packet
from tests.until import until_async

pytestmark = pytest.mark.gen_test(timeout=60)

MARK, HARD = 100_000, 300_000
narrow = pytest.mark.parametrize("options", [{"outbox_bytes": MARK, "outbox_hard_bytes": HARD}])
HELLO = packet(CALL, 1, 7, 0, b"", {"__token__": "good"})


def message(text: str) -> bytes:
    return message_packet(b'{"type":"%b","data":"%b"}' % (text[:1].encode(), text.encode()))


@pytest.fixture
def tce_port(io_loop: IOLoop, server: WebSocketServer, tce: TceServer) -> Iterator[int]:
    listener = TceListener(server, tce)
    listening, port = bind_unused_port()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    io_loop.add_callback(listener.listen, [listening])
    yield port
    listener.stop()
    listening.close()


async def logged_in(port: int, owner: RecordingOwner, **options: Any) -> TceClient:
    client = await TceClient.over_tcp(port, **options)
    client.send(HELLO)
    assert (await client.answer(1)).errcode == INTERFACE_NOTFOUND
    await owner.until(lambda: owner.sessions)
    return client


async def test_the_system_sends_at_once_and_looks_for_clients_that_are_gone(
    tce_port: int, server: WebSocketServer, owner: RecordingOwner
) -> None:
    async with await logged_in(tce_port, owner):
        opened = owner.sessions[0].connection
        assert waits_for_nothing(opened, server.bounds.unsent_bytes)
        assert opened._stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert opened._stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 50_000


@narrow
async def test_a_slow_client_lags_gets_the_newest_of_each_key_and_catches_up(
    tce_port: int, owner: RecordingOwner
) -> None:
    async with await logged_in(tce_port, owner, receive_buffer=4096) as client:
        session = owner.sessions[0]
        # What the system takes before the outbox fills differs from one machine to the next.
        while not session.lags:
            session.connection.push(message("f" * 20_000))
            await asyncio.sleep(0)
        assert session.lags == [True]
        for number in range(5):
            fan_out([session.connection], [message(f"a{number}")], "a")
        session.connection.push(message("last"))
        assert session.connection.outbox.conflated == 4
        received = []
        while not received or received[-1] != "last":
            received.append((await client.message())["data"])
        assert received[-2:] == ["a4", "last"]
        await owner.until(lambda: session.lags == [True, False])


@pytest.mark.parametrize("options", [{"outbox_bytes": MARK, "outbox_hard_bytes": HARD, "slow_seconds": 0.01}])
async def test_a_client_that_never_reads_is_closed_when_its_socket_has_taken_nothing_for_a_while(
    tce_port: int, owner: RecordingOwner
) -> None:
    async with await logged_in(tce_port, owner, receive_buffer=4096):
        session = owner.sessions[0]
        while not session.close_codes:
            session.connection.push(message("f" * 20_000))
            await asyncio.sleep(0)
            assert session.connection.outbox.size <= BURST * HARD
        assert session.close_codes == [4108]
        assert session.connection.outbox.size <= MARK + WRITE_BYTES


async def test_the_end_is_told_and_followed_by_fin(tce_port: int, owner: RecordingOwner) -> None:
    async with await logged_in(tce_port, owner) as client:
        connection = owner.sessions[0].connection
        connection.push(message("before"))
        connection.close(4003, "go away")
        connection.push(message("after"))
        connection.close(4009, "a second time")
        assert [each["data"] for each in await client.rest() if each["type"] != "userinfo"] == [
            "before",
            {"code": 4003, "reason": "go away"},
        ]
    await owner.connections_ended()
    assert owner.sessions[0].close_codes == [4003]


async def test_a_peer_that_does_not_end_its_half_is_cut_off(
    tce_port: int, owner: RecordingOwner, tce: TceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CLOSE_SECONDS", 0.1)
    async with await logged_in(tce_port, owner) as client:
        owner.sessions[0].connection.close(4003, "go away")
        client.send(HELLO)  # read and thrown away
        await owner.connections_ended()
        assert tce.shared.messages == 1


async def test_a_peer_that_leaves_is_noticed(tce_port: int, owner: RecordingOwner, server: WebSocketServer) -> None:
    async with await logged_in(tce_port, owner):
        pass
    await owner.connections_ended()
    assert owner.sessions[0].close_codes == [1006]
    assert len(server.wheel) == 0


async def test_a_client_that_leaves_without_a_token_is_nobodys_business(
    tce_port: int, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await TceClient.over_tcp(tce_port) as client:
        client.send(HELLO[:20])
        await until_async(lambda: len(server), "it is accepted")
    await owner.connections_ended()
    assert (owner.sessions, len(server.wheel)) == ([], 0)


async def test_an_owner_that_does_not_want_a_user_after_all_costs_it_the_connection(
    tce_port: int, owner: RecordingOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "on_open", lambda connection, identity: None)
    async with await TceClient.over_tcp(tce_port) as client:
        client.send(HELLO)
        assert [each["data"]["code"] for each in await client.rest()] == [4001]


@pytest.mark.parametrize("method", ["on_open", "user_id"])
async def test_an_error_of_the_owner_costs_one_connection(
    tce_port: int,
    owner: RecordingOwner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("the owner's mistake")

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, fail)
        async with await TceClient.over_tcp(tce_port) as client:
            client.send(HELLO)
            assert await client.rest() == []
    assert "the owner's mistake" in caplog.text
    async with await TceClient.over_tcp(tce_port) as other:
        other.send(packet(CALL, 1, 7, 0))
        assert (await other.answer(1)).errcode == CONNECT_REJECT


async def test_at_the_end_of_the_server_clients_without_a_token_are_told(
    tce_port: int, server: WebSocketServer
) -> None:
    async with await TceClient.over_tcp(tce_port) as client:
        await until_async(lambda: len(server), "it is accepted")
        _, rest = await asyncio.gather(server.wait_closed(5.0), client.rest())
        assert [each["data"]["code"] for each in rest] == [4101]
