"""The client's side of a WebSocket, byte by byte."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.wire.frame import Opcode, ProtocolError, build_frame, close_frame, text_frame
from rtserver.base.wire.protocol import WebSocketProtocol
from rtserver.bench.client.websocket import (
    ClientProtocol,
    RefusedError,
    client_frame,
    take_answer,
    upgrade_request,
)

# The answer to the key AAECAwQFBgcICQoLDA0ODw== (RFC 6455, section 4.2.2, step 5.4).
ACCEPT = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %b\r\n\r\n"
RIGHT = ACCEPT % b"Bz3qJYTGdOe8gUSpLosEdiLKDrk="


def opened() -> ClientProtocol:
    client = ClientProtocol(b"")
    client.outgoing.clear()
    assert client.receive(RIGHT) == []
    return client


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_client_frame_is_one_that_a_server_reads(size: int) -> None:
    payload = b"a" * size
    assert WebSocketProtocol(1 << 20).receive(client_frame(Opcode.TEXT, payload)) == [(Opcode.TEXT, payload)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces that end at ``places``."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[left:right] for left, right in pairwise(edges)]


def test_the_request_carries_host_key_and_cookie() -> None:
    assert upgrade_request("h:1", "/rt/", "a=b") == (
        b"GET /rt/ HTTP/1.1\r\nHost: h:1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-key: AAECAwQFBgcICQoLDA0ODw==\r\nsec-websocket-version: 13\r\nCookie: a=b\r\n\r\n"
    )
    assert b"Cookie" not in upgrade_request("h:1", "/rt/", "")


def test_an_answer_is_taken_when_it_is_whole_and_what_follows_is_left() -> None:
    received = bytearray()
    for octet in RIGHT[:-1]:
        received.append(octet)
        assert not take_answer(received)
    received += RIGHT[-1:] + b"\x81\x00"
    assert take_answer(received)
    assert received == b"\x81\x00"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", 401),
        (b"HTTP/1.1 403\r\n\r\n", 403),
        (ACCEPT % b"x", 101),
        (b"SSH-2.0-OpenSSH\r\n\r\n", 0),
        (b"HTTP/1.1 what\r\n\r\n", 0),
        (b"x" * 70_000, 0),
    ],
)
def test_any_other_answer_is_refused_with_its_status(answer: bytes, status: int) -> None:
    with pytest.raises(RefusedError) as caught:
        take_answer(bytearray(answer))
    assert caught.value.status == status


@given(st.lists(st.binary(max_size=300) | st.just(bytes(70_000)), max_size=6), st.lists(st.integers(0), max_size=5))
@settings(max_examples=100)
def test_messages_come_whole_however_the_bytes_were_cut(payloads: list[bytes], places: list[int]) -> None:
    client = ClientProtocol(b"GET /rt/")
    assert client.outgoing == [b"GET /rt/"]
    found = []
    for piece in cut(RIGHT + b"".join(map(text_frame, payloads)), places):
        found += client.receive(piece)
    assert client.is_open
    assert found == payloads


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_the_server_reads_what_the_client_writes(length: int) -> None:
    payload = b"x" * length
    server = WebSocketProtocol(max_message_bytes=100_000)
    assert server.receive(opened().message(payload)) == [(Opcode.TEXT, payload)]


def test_a_ping_is_answered_with_its_payload() -> None:
    client = opened()
    assert client.receive(build_frame(Opcode.PING, b"are you there") + text_frame(b"x")) == [b"x"]
    assert client.outgoing == [client_frame(Opcode.PONG, b"are you there")]


def test_fragments_are_put_together_around_a_ping() -> None:
    client = opened()
    data = b"\x01\x02ab" + build_frame(Opcode.PING, b"") + b"\x00\x02cd" + b"\x80\x02ef"
    assert client.receive(data) == [b"abcdef"]


def test_a_close_is_remembered_and_answered_and_nothing_behind_it_is_read() -> None:
    client = opened()
    assert client.receive(text_frame(b"last") + close_frame(4108, "too slow") + text_frame(b"never")) == [b"last"]
    assert client.ending == (4108, "too slow")
    assert client.outgoing == [client_frame(Opcode.CLOSE, (4108).to_bytes(2, "big"))]


@pytest.mark.parametrize("data", [b"\x81\x80\x00\x00\x00\x00", b"\x81\xfe\x00\x7e", b"\x83\x00"])
def test_what_no_server_may_send_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        opened().receive(data)
