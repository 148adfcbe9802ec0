"""With which close code a WebSocket's server leaves: a page comes back after 1001, and not after 1000."""

import socket
from typing import Any

import pytest

import tcelib as tce
from tests.tcelib.transport.rig import DEADLINE

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
GOING_AWAY = b"\x88\x02\x03\xe9"
NORMAL = b"\x88\x02\x03\xe8"
A_PACKET = b"\x82\xa3\0\0\0\0" + bytes.fromhex("efd2bb99 0000001f 0000 00000100") + b"\1" + bytes(20)

websockets = pytest.mark.parametrize("rig", ["asyncio_websocket", "gevent_websocket"], indirect=True)


class Doorkeeper(tce.RpcConnectionEventListener):
    """Lets nobody in."""

    def onDataPacket(self, conn: tce.RpcConnection, msg: tce.RpcMessage) -> bool:  # noqa: N802
        return False


def connect(port: int) -> socket.socket:
    """A WebSocket whose handshake is done."""
    sock = socket.create_connection(("127.0.0.1", port), DEADLINE)
    sock.sendall(HANDSHAKE)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += sock.recv(1)
    return sock


def last_bytes(sock: socket.socket) -> bytes:
    """All that comes until the server has hung up."""
    data = b""
    while part := sock.recv(100):
        data += part
    return data


@websockets
def test_a_server_that_stops_goes_away(rig: Any) -> None:
    with connect(rig.port) as sock:
        rig.stop_server()
        assert last_bytes(sock) == GOING_AWAY


@websockets
def test_a_connection_on_which_nothing_moved_may_come_back(rig: Any) -> None:
    with connect(rig.listen(idle_seconds=0.05)) as sock:
        assert last_bytes(sock) == GOING_AWAY


@websockets
def test_one_who_is_not_let_in_need_not_come_back(rig: Any) -> None:
    with connect(rig.listen(listener=Doorkeeper())) as sock:
        sock.sendall(A_PACKET)
        assert last_bytes(sock) == NORMAL
