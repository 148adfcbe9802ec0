"""Servers and peers that do what no client of ours does: packets cut anywhere, rubbish, silence, and no reading."""

import select

import pytest

import tcelib as tce
from tests.tcelib.transport.conftest import SOCKET_RIGS
from tests.tcelib.transport.raw_peer import RawPeer, call_packet, connect_and_reset
from tests.tcelib.transport.rig import SocketRig
from tests.tcelib.transport.talk import BLOB, ECHO, TalkPrx

TCP_RIGS = ("asyncio_tcp", "gevent_tcp")
WEBSOCKET_RIGS = ("asyncio_websocket", "gevent_websocket")
MANY = 64 * 1024 * 1024


@pytest.fixture
def is_websocket(request: pytest.FixtureRequest) -> bool:
    """True if the test's rig speaks WebSocket."""
    name: str = request.node.callspec.params["rig"]
    return name.endswith("websocket")


all_rigs = pytest.mark.parametrize("rig", [*TCP_RIGS, *WEBSOCKET_RIGS], indirect=True)


@all_rigs
def test_a_packet_may_be_cut_anywhere(rig: SocketRig, is_websocket: bool) -> None:
    packet = call_packet(ECHO, "cut")
    with RawPeer(rig.port, is_websocket) as peer:
        for cut in range(1, len(packet)):
            peer.send(packet[:cut])
            peer.send(packet[cut:])
            assert peer.take_answer() == b"\0\0\0\x03cut"


@all_rigs
def test_packets_may_come_byte_by_byte_and_many_at_once(rig: SocketRig, is_websocket: bool) -> None:
    packet = call_packet(ECHO, "x")
    with RawPeer(rig.port, is_websocket) as peer:
        for byte in packet:
            peer.send(bytes([byte]))
        peer.send(packet * 1500)  # more than one turn
        assert [peer.take_answer() for _ in range(1501)] == [b"\0\0\0\x01x"] * 1501


@all_rigs
def test_a_stream_that_is_no_stream_of_packets_is_closed(rig: SocketRig, is_websocket: bool) -> None:
    with RawPeer(rig.port, is_websocket) as peer:
        peer.send(b"GET / HTTP/1.1\r\n\r\n")
        assert peer.is_hung_up_on()


@all_rigs
def test_what_came_before_the_rubbish_is_answered(rig: SocketRig, is_websocket: bool) -> None:
    with RawPeer(rig.port, is_websocket) as peer:
        peer.send(call_packet(ECHO, "good") + b"bad" * 10)
        assert peer.take_answer() == b"\0\0\0\x04good"
        assert peer.is_hung_up_on()


@all_rigs
def test_a_connection_on_which_nothing_moves_is_closed(rig: SocketRig, is_websocket: bool) -> None:
    port = rig.listen(idle_seconds=0.05)
    with RawPeer(port, is_websocket) as silent:
        assert silent.is_hung_up_on()


@pytest.mark.parametrize("rig", WEBSOCKET_RIGS, indirect=True)
def test_one_that_never_shakes_hands_is_closed(rig: SocketRig) -> None:
    port = rig.listen(idle_seconds=0.05, connect_seconds=0.05)
    with RawPeer(port) as silent:
        assert silent.is_hung_up_on()


@pytest.mark.parametrize("rig", WEBSOCKET_RIGS, indirect=True)
def test_a_browser_that_asks_for_a_page_gets_an_answer(rig: SocketRig) -> None:
    with RawPeer(rig.port) as peer:
        peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.receive().startswith(b"HTTP/1.1 400 ")
        assert peer.is_hung_up_on()


@all_rigs
def test_a_peer_that_does_not_read_is_not_read_from(rig: SocketRig, is_websocket: bool) -> None:
    packet = call_packet(BLOB, bytes(60_000))
    with RawPeer(rig.port, is_websocket) as peer:
        data = packet if peer.stream is None else peer.stream.pack([packet])
        peer.socket.setblocking(False)
        sent, rest = 0, b""
        while sent < MANY and select.select([], [peer.socket], [], 0.5)[1]:
            rest = rest or data
            count = peer.socket.send(rest)
            rest = rest[count:]
            sent += count
        assert sent < MANY
        peer.socket.settimeout(20)
        answers = sent // len(data)
        assert [len(peer.take_answer()) for _ in range(answers)] == [60_004] * answers


@all_rigs
def test_a_peer_that_never_takes_what_is_pushed_is_closed(rig: SocketRig, is_websocket: bool) -> None:
    port = rig.listen(max_unsent_bytes=1024 * 1024)
    with RawPeer(port, is_websocket) as peer:
        peer.send(call_packet(ECHO, "hello"))
        peer.take_answer()
        (there,) = rig.run(lambda: tuple(rig.adapter.connections))
        prx = TalkPrx(there)

        def push() -> None:
            for _ in range(MANY // 10_000):
                prx.note_oneway("x" * 10_000)

        with pytest.raises(tce.RpcException) as caught:
            rig.run(push)
        assert caught.value.errcode == tce.RPCERROR_SENDFAILED
        assert peer.is_hung_up_on()


@pytest.mark.parametrize("data", [b"", b"x", None])
@pytest.mark.parametrize("rig", SOCKET_RIGS, indirect=True)
def test_a_connection_that_is_reset_before_it_is_accepted_keeps_nobody_out(
    rig: SocketRig, data: bytes | None
) -> None:
    rig.run(lambda: connect_and_reset(rig.port, data))
    assert TalkPrx(rig.dial()).echo("x") == "x"
