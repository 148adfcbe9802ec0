"""The binary side of a connection, which is handed in, on real sockets."""

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from rtserver.base.connection.carrier import Carrier
from rtserver.base.listener.upgrade import WebSocketServer
from tests.base.conftest import Connect
from tests.base.recording_owner import RecordingOwner
from tests.websocket_client import BINARY, TEXT, close, masked

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.parametrize("transport", ["tcp"])]


class Peer:
    """A binary side that notes what happens to it."""

    def __init__(self, noted: list[bytes]) -> None:
        self._noted = noted

    def receive(self, data: bytes) -> None:
        self._noted.append(data)

    def end(self) -> None:
        self._noted.append(b"the end")


@pytest.fixture
def noted() -> list[bytes]:
    return []


@pytest.fixture
def has_peer() -> bool:
    return True


@pytest.fixture
def server(io_loop: IOLoop, owner: RecordingOwner, noted: list[bytes], has_peer: bool) -> Iterator[WebSocketServer]:
    def open_binary(carrier: Carrier, first: bytes) -> Peer:
        noted.append(b"opened by " + first + b" of " + carrier.agent.identity.encode())
        return Peer(noted)

    async def build() -> WebSocketServer:
        return WebSocketServer(owner, open_binary=open_binary if has_peer else None)

    server = owner.server = io_loop.run_sync(build)
    yield server
    io_loop.run_sync(lambda: server.wait_closed(0))


async def test_the_first_binary_message_opens_a_peer_that_gets_all_of_them_and_the_end(
    connect: Connect, owner: RecordingOwner, noted: list[bytes]
) -> None:
    async with await connect() as client:
        client.send(masked(TEXT, b"a text") + masked(BINARY, b"one") + masked(BINARY, b"two") + close(1000))
        assert await client.recv_text() == "a text"
        assert (await client.recv()).close_code == 1000
    await owner.connections_ended()
    assert noted == [b"opened by one of anyone", b"one", b"two", b"the end"]
    assert owner.sessions[0].messages == [b"a text"]


async def test_a_connection_without_binary_messages_opens_no_peer(
    connect: Connect, owner: RecordingOwner, noted: list[bytes]
) -> None:
    async with await connect() as client:
        client.send(close(1000))
        assert (await client.recv()).close_code == 1000
    await owner.connections_ended()
    assert noted == []


@pytest.mark.parametrize("has_peer", [False])
async def test_without_a_binary_side_binary_messages_are_dropped_and_texts_go_on(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect() as client:
        client.send(masked(BINARY, b"dropped") + masked(TEXT, b"heard"))
        assert await client.recv_text() == "heard"
    assert owner.sessions[0].messages == [b"heard"]


async def test_a_server_without_tce_takes_no_client_that_would_show_a_token_later(
    connect: Connect, owner: RecordingOwner
) -> None:
    owner.identify = lambda request: None
    async with await connect("/?tce") as client:
        assert client.answer.status == 401
