"""The client's side of TCE: over TCP and over a WebSocket, against packets that share no code with it."""

import pytest

from rtserver.base.wire.frame import Opcode, ProtocolError, build_frame, close_frame
from rtserver.base.wire.protocol import WebSocketProtocol
from rtserver.bench.client.error import OptionError
from rtserver.bench.client.target import Target
from rtserver.bench.client.tce import TceProtocol, TceWebSocketProtocol
from rtserver.bench.client.websocket import RefusedError
from rtserver.bench.client.wire import ClientWire, wires
from tests.bench_tool.test_client_protocol import RIGHT
from tests.tce_client import (
    CALL,
    CONNECT_REJECT,
    GATEWAY,
    ONEWAY,
    PING,
    RETURN,
    SEND,
    TERMINAL,
    Packet,
    PacketBuffer,
    packet,
    strings,
    text,
)

REQUEST = b"GET /rt/?tce"
WELCOME = packet(RETURN, 1, GATEWAY, 0, text(""))
RENDER = '{"type":"mycharts","data":"é"}'
TARGETS = {"tcp": "tce://h", "websocket": "ws://h/rt/?tce", "json": "ws://h/rt/"}


def on_message(message: str, kind: str = "mycharts") -> bytes:
    return packet(ONEWAY, 0, TERMINAL, 0, text(kind) + text(message))


def refusal(errcode: int) -> bytes:
    whole = bytearray(packet(RETURN, 1, GATEWAY, 0))
    whole[24:28] = errcode.to_bytes(4, "big")
    return bytes(whole)


def packet_in(data: bytes) -> Packet:
    buffer = PacketBuffer()
    buffer.buffer += data
    found = buffer.take()
    assert found is not None
    assert not buffer.buffer
    return found


def unmasked(*frames: bytes) -> list[bytes]:
    """Return the payloads that a server finds in the frames, all of them binary messages."""
    found = WebSocketProtocol(max_message_bytes=100_000).receive(b"".join(frames))
    assert {opcode for opcode, _ in found} == {Opcode.BINARY}
    return [payload for _, payload in found]


def opened_tcp() -> TceProtocol:
    client = TceProtocol("s1")
    assert client.receive(WELCOME) == []
    assert client.is_open
    return client


def opened_websocket() -> TceWebSocketProtocol:
    client = TceWebSocketProtocol(REQUEST, "s1")
    assert client.receive(RIGHT + build_frame(Opcode.BINARY, WELCOME)) == []
    assert client.is_open
    client.outgoing.clear()
    return client


def test_the_first_packet_wants_an_answer_and_shows_the_token() -> None:
    [login] = map(packet_in, TceProtocol("s1").outgoing)
    assert (login.calltype, login.ifidx, login.opidx) == (CALL, GATEWAY, PING)
    assert login.extra == {"__token__": "s1"}
    [nobody] = map(packet_in, TceProtocol("").outgoing)
    assert nobody.extra == {}


def test_over_a_websocket_the_first_packet_waits_for_the_upgrade() -> None:
    client = TceWebSocketProtocol(REQUEST, "s1")
    assert client.outgoing == [REQUEST]
    client.outgoing.clear()
    assert client.receive(RIGHT[:20]) == []
    assert client.outgoing == []
    assert client.receive(RIGHT[20:]) == []
    assert unmasked(*client.outgoing) == TceProtocol("s1").outgoing
    assert not client.is_open


def test_messages_come_whole_however_the_bytes_were_cut() -> None:
    client = TceProtocol("s1")
    stream = on_message("early") + WELCOME + on_message(RENDER) + on_message("")
    found = [message for octet in stream for message in client.receive(bytes((octet,)))]
    assert found == [b"early", RENDER.encode(), b""]
    assert client.is_open


def test_binary_messages_are_a_stream_of_bytes() -> None:
    client = opened_websocket()
    stream = on_message("a") + on_message("b")
    frames = [build_frame(Opcode.BINARY, part) for part in (stream[:14], stream[14:70], stream[70:])]
    assert [client.receive(frame) for frame in frames] == [[], [b"a"], [b"b"]]
    assert client.receive(b"".join(frames)) == [b"a", b"b"]


def test_what_is_said_is_a_one_way_call_of_the_gateway() -> None:
    said = RENDER.encode()
    [framed] = unmasked(opened_websocket().message(said))
    call = packet_in(framed)
    assert (call.calltype, call.ifidx, call.opidx, strings(call.params)) == (ONEWAY, GATEWAY, SEND, [RENDER])
    assert opened_tcp().message(said) == framed


def test_the_end_over_tcp_is_a_message_that_nobody_counts() -> None:
    client = opened_tcp()
    closed = '{"type":"closed","data":{"code":4003,"reason":"kicked"}}'
    assert client.receive(on_message("last") + on_message(closed, "closed")) == [b"last"]
    assert client.ending == (4003, "kicked")
    assert client.closing() == b""


def test_the_end_over_a_websocket_is_its_close_frame() -> None:
    client = opened_websocket()
    assert client.receive(build_frame(Opcode.BINARY, on_message("last")) + close_frame(4003, "kicked")) == [b"last"]
    assert client.ending == (4003, "kicked")
    assert client.closing()


def test_a_login_that_is_refused_is_told_with_the_reason() -> None:
    closed = '{"type":"closed","data":{"code":4001,"reason":"not logged in"}}'
    with pytest.raises(RefusedError, match="4001 not logged in"):
        TceProtocol("x").receive(refusal(CONNECT_REJECT) + on_message(closed, "closed"))
    with pytest.raises(RefusedError, match="4001 not logged in"):
        TceWebSocketProtocol(REQUEST, "x").receive(
            RIGHT + build_frame(Opcode.BINARY, refusal(CONNECT_REJECT)) + close_frame(4001, "not logged in")
        )


def test_an_answer_with_an_error_lets_nobody_in() -> None:
    client = TceProtocol("x")
    assert client.receive(refusal(CONNECT_REJECT)) == []
    assert not client.is_open


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xef\xd2\xbb\x99\x00\x00\x00\x0b\x00\x00\x00\x00\x01\x00\x00",
        packet(ONEWAY, 0, TERMINAL, 0, text("cut")),
        on_message("{}", "closed"),
    ],
    ids=["no packet", "no room for a header", "no message", "no code"],
)
def test_what_no_server_may_send_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        opened_tcp().receive(data)


def test_calls_of_other_servants_are_passed_over() -> None:
    assert opened_tcp().receive(packet(CALL, 7, 20000, 0, text("?")) + on_message("a")) == [b"a"]


def said_first(way: str, cookie: str = "", tokens: tuple[str, ...] = (), number: int = 0) -> tuple[bytes, str]:
    """The head and the token that a connection's server gets to see."""
    wire: ClientWire = wires(Target.parse(TARGETS[way]), cookie, tokens)(number)
    head = b""
    if way != "tcp":
        head = wire.outgoing.pop()
        wire.receive(RIGHT)
    if way == "json":
        assert wire.outgoing == []
        return head, ""
    [login] = wire.outgoing if way == "tcp" else unmasked(*wire.outgoing)
    return head, packet_in(login).extra.get("__token__", "")


@pytest.mark.parametrize("way", ["tcp", "websocket"])
def test_tokens_take_turns_in_the_first_packet(way: str) -> None:
    assert [said_first(way, tokens=("s", "t"), number=number)[1] for number in range(3)] == ["s", "t", "s"]


def test_tokens_take_turns_in_the_cookie_of_json() -> None:
    heads = [said_first("json", tokens=("s", "t"), number=number)[0] for number in range(3)]
    assert [b"Cookie: sessionid=s\r\n" in head for head in heads] == [True, False, True]
    assert b"Cookie: sessionid=t\r\n" in heads[1]


def test_a_cookie_goes_into_the_handshake_or_its_key_into_the_first_packet() -> None:
    cookie = "csrftoken=c; sessionid=s=1"
    for way in ("json", "websocket"):
        head, token = said_first(way, cookie)
        assert b"Cookie: csrftoken=c; sessionid=s=1\r\n" in head
        assert token == ""
    assert said_first("tcp", cookie) == (b"", "s=1")
    assert said_first("tcp") == (b"", "")


def test_a_cookie_without_a_session_does_not_do_over_tcp() -> None:
    with pytest.raises(OptionError, match="sessionid"):
        wires(Target.parse("tce://h"), "other=1", ())
