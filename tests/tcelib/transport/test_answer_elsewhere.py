"""A Java client opens a connection for each message, its answers included: what it sends, byte by byte."""

import struct

import pytest

import tcelib as tce
from tests.tcelib.transport.raw_peer import RawPeer
from tests.tcelib.transport.rig import SocketRig
from tests.tcelib.transport.talk import ECHO, TalkPrx

IFIDX = 21
CALL, RETURN = 0x01, 0x02
USERS = {"key-of-ann": "ann", "key-of-bob": "bob"}


class Doorkeeper(tce.RpcConnectionEventListener):
    """Knows users by their tokens."""

    def onDataPacket(self, conn: tce.RpcConnection, msg: tce.RpcMessage) -> bool:  # noqa: N802
        user = USERS.get(msg.extra.props.get("__token__", ""))
        if user is not None:
            conn.setUserId(user)
        return True


def text(value: str) -> bytes:
    return struct.pack(">I", len(value)) + value.encode()


def java_packet(calltype: int, sequence: int, opidx: int, params: bytes, token: str) -> bytes:
    """As the Java runtime writes it: the token among the extra values of a connection's first packet."""
    extra = text("__token__") + text(token) + text("__device_id__") + text("dev-xxx:")
    body = struct.pack(">BIBHHIBHI", 1, sequence, calltype, IFIDX, opidx, 0, 1, 0, 2) + extra + params
    return struct.pack(">IIBBI", 0xEFD2BB99, 10 + len(body), 0, 0, 0x100) + body


def called(peer: RawPeer) -> int:
    """The number of the call that the server has made."""
    data = b""
    while len(data) < 35:
        data += peer.receive()
    (sequence,) = struct.unpack_from(">I", data, 15)
    assert data[19] == CALL
    return int(sequence)


@pytest.mark.parametrize("rig", ["asyncio_tcp", "gevent_tcp"], indirect=True)
def test_the_answer_of_the_same_user_is_taken_and_that_of_another_is_dropped(rig: SocketRig) -> None:
    port = rig.listen(listener=Doorkeeper())
    answered: list[str] = []

    def call_all() -> None:
        for conn in list(rig.adapter.connections):
            if conn.getUserId() == "ann":
                TalkPrx(conn).echo_async("are you there?", lambda result, *_: answered.append(result))

    with RawPeer(port) as first, RawPeer(port) as second, RawPeer(port) as stranger:
        first.send(java_packet(CALL, 1, ECHO.opidx, text("hello"), "key-of-ann"))
        assert first.take_answer().endswith(text("hello"))
        rig.run(call_all)
        sequence = called(first)

        stranger.send(java_packet(RETURN, sequence, 0, text("no"), "key-of-bob"))
        stranger.send(java_packet(CALL, 2, ECHO.opidx, text("done"), "key-of-bob"))
        assert stranger.take_answer().endswith(text("done"))
        assert (answered, rig.run(lambda: rig.adapter.dropped_answers)) == ([], 1)

        second.send(java_packet(RETURN, sequence, 0, text("here I am"), "key-of-ann"))
        second.send(java_packet(CALL, 3, ECHO.opidx, text("done"), "key-of-ann"))
        assert second.take_answer().endswith(text("done"))
        assert (answered, rig.run(lambda: rig.adapter.dropped_answers)) == (["here I am"], 1)


@pytest.mark.parametrize("rig", ["asyncio_tcp", "gevent_tcp"], indirect=True)
def test_users_who_are_only_numbered_cannot_answer_for_one_another(rig: SocketRig) -> None:
    """The client that the server's count calls "1" is not the user whom a program calls "1"."""
    port = rig.listen()
    promise: list[tce.RpcPromise[str]] = []
    with RawPeer(port) as first, RawPeer(port) as second:
        first.send(java_packet(CALL, 1, ECHO.opidx, text("x"), ""))
        first.take_answer()
        rig.run(lambda: next(conn for conn in rig.adapter.connections if conn.getUserId() == "1").setUserId("2"))
        second.send(java_packet(CALL, 1, ECHO.opidx, text("x"), ""))
        second.take_answer()
        users = rig.run(lambda: sorted(conn.getUserId() for conn in rig.adapter.connections))
        assert users == ["2", "2"]
        known = rig.run(lambda: next(conn for conn in rig.adapter.connections if conn.is_user_known))
        rig.run(lambda: promise.append(TalkPrx(known).echo_async("?")))
        second.send(java_packet(RETURN, called(first), 0, text("no"), ""))
        second.send(java_packet(CALL, 2, ECHO.opidx, text("x"), ""))
        second.take_answer()
        assert (promise[0].done(), rig.run(lambda: rig.adapter.dropped_answers)) == (False, 1)
