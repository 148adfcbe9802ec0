"""The WebSocket stream without a socket: two of them talk, or one is told literal bytes."""

import pytest

from tcelib.transport.websocket_stream import UpgradeError, WebSocketStream

HELLO = bytes.fromhex("efd2bb99 0000000f 00 00 00000100 68656c6c6f")
BYE = bytes.fromhex("efd2bb99 0000000d 00 00 00000100 627965")
REQUEST = (
    b"GET /any/path HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MASK = b"\0\0\0\0"


def frame(opcode: int, payload: bytes) -> bytes:
    """A final, masked frame, as a client sends it; the mask of zeros leaves the payload as it is."""
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + MASK + payload


def open_server() -> WebSocketStream:
    stream = WebSocketStream.server()
    assert stream.receive(REQUEST) == b""
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in stream.take_outgoing()  # the answer that RFC 6455, section 1.3 computes
    return stream


def test_two_ends_open_and_exchange_packets() -> None:
    client, server = WebSocketStream.client("somewhere"), WebSocketStream.server()
    assert not client.is_open
    server.receive(client.take_outgoing())
    client.receive(server.take_outgoing())
    assert client.is_open
    assert server.is_open
    assert server.receive(client.pack([HELLO])) == HELLO
    assert client.receive(server.pack([BYE])) == BYE


def test_each_packet_has_a_message_of_its_own() -> None:
    assert open_server().pack([HELLO, BYE]) == b"\x82\x13" + HELLO + b"\x82\x11" + BYE


def test_a_header_and_a_body_in_two_messages_are_one_packet() -> None:
    server = open_server()
    assert server.receive(frame(2, HELLO[:14]) + frame(2, HELLO[14:])) == HELLO


@pytest.mark.parametrize("cut", range(1, len(REQUEST)))
def test_a_handshake_may_be_cut_anywhere(cut: int) -> None:
    stream = WebSocketStream.server()
    stream.receive(REQUEST[:cut])
    assert not stream.is_open
    stream.receive(REQUEST[cut:])
    assert stream.is_open


def test_frames_may_come_byte_by_byte() -> None:
    server = open_server()
    data = frame(2, HELLO) + frame(2, BYE)
    assert b"".join(server.receive(bytes([byte])) for byte in data) == HELLO + BYE


def test_a_ping_is_answered_with_its_payload() -> None:
    server = open_server()
    server.receive(frame(9, b"still there?"))
    assert server.take_outgoing() == b"\x8a\x0cstill there?"


def test_text_ends_the_stream_with_1003() -> None:
    server = open_server()
    assert server.receive(frame(1, b"hello") + frame(2, HELLO)) == b""
    assert server.is_over
    assert server.take_outgoing().startswith(b"\x88\x02\x03\xeb")


def test_a_close_is_answered_and_ends_the_stream() -> None:
    server = open_server()
    server.receive(frame(8, b"\x03\xe8"))
    assert server.is_over
    assert server.take_outgoing() == b"\x88\x02\x03\xe8"


def test_a_goodbye_is_said_once_and_what_comes_after_is_ignored() -> None:
    server = open_server()
    server.close()
    server.close()
    assert server.take_outgoing() == b"\x88\x02\x03\xe8"
    assert server.receive(frame(2, HELLO)) == b""


def test_an_unmasked_frame_ends_the_stream_with_1002() -> None:
    server = open_server()
    assert server.receive(b"\x82\x13" + HELLO) == b""
    assert server.is_over
    assert server.take_outgoing()[2:4] == b"\x03\xea"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: xn--\xff\r\n\r\n",
        HELLO + b"\r\n\r\n",
        b"\r\n\r\n\r\n" * 9000,
    ],
)
def test_what_is_no_handshake_ends_the_stream(request_bytes: bytes) -> None:
    stream = WebSocketStream.server()
    assert stream.receive(request_bytes) == b""
    assert stream.is_over


def test_a_page_that_asks_without_upgrade_is_told_400() -> None:
    stream = WebSocketStream.server()
    stream.receive(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert stream.take_outgoing().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", HELLO + b"\r\n\r\n"])
def test_a_client_that_is_refused_says_so(answer: bytes) -> None:
    client = WebSocketStream.client("somewhere")
    with pytest.raises(UpgradeError):
        client.receive(answer)
    assert client.is_over
