"""The original JavaScript client: what it sends over a real WebSocket, byte by byte, and what it can read."""

import struct

import pytest

from tests.tcelib.transport.raw_peer import RawPeer, call_packet
from tests.tcelib.transport.rig import SocketRig
from tests.tcelib.transport.talk import CALL_BACK, ECHO

FACE = "\N{GRINNING FACE}"
UTF8 = b"\xf0\x9f\x98\x80"
CESU8 = b"\xed\xa0\xbd\xed\xb8\x80"
IFIDX = 21
rigs = pytest.mark.parametrize("rig", ["asyncio_websocket", "gevent_websocket"], indirect=True)


def text(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def javascript(calltype: int, sequence: int, opidx: int, params: bytes) -> tuple[bytes, bytes]:
    """The two messages of a packet: its header, and its body."""
    body = struct.pack(">BIBHHIBHI", 1, sequence, calltype, IFIDX, opidx, 0, 1, 0, 0) + params
    return struct.pack(">IIBBI", 0xEFD2BB99, 10 + len(body), 0, 0, 0x100), body


@rigs
def test_an_emoji_comes_back_as_the_client_reads_it(rig: SocketRig) -> None:
    with RawPeer(rig.port, is_websocket=True) as peer:
        for sequence in (0, 1):
            for message in javascript(0x41, sequence, ECHO.opidx, text(b"a" + CESU8)):
                peer.send(message)
            assert peer.take_answer() == text(b"a" + CESU8)


@rigs
def test_an_emoji_survives_both_ways_of_a_call_back(rig: SocketRig) -> None:
    """The server calls the client with what the client has sent, and gives back what that answers."""
    with RawPeer(rig.port, is_websocket=True) as peer:
        for message in javascript(0x41, 7, CALL_BACK.opidx, text(CESU8)):
            peer.send(message)
        (fields, params) = peer.take()
        assert params == text(CESU8)
        for message in javascript(0x02, fields[5], 0, text(CESU8 + CESU8)):
            peer.send(message)
        assert peer.take_answer() == text(CESU8 + CESU8)


@rigs
def test_other_clients_get_standard_utf_8(rig: SocketRig) -> None:
    with RawPeer(rig.port, is_websocket=True) as peer:
        peer.send(call_packet(ECHO, FACE))
        assert peer.take_answer() == text(UTF8)
