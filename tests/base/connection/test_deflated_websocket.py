"""permessage-deflate on real sockets, with zlib by hand on the client's side."""

import asyncio
import zlib
from typing import Any

import pytest

from rtserver.base.connection.connection import fan_out
from rtserver.base.wire.frame import text_frame
from rtserver.base.wire.payload import Payload
from tests.base.conftest import Connect
from tests.base.recording_owner import RecordingOwner, Session
from tests.websocket_client import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    AsyncWebSocketClient,
    Frame,
    close,
    header,
    masked,
)

pytestmark = pytest.mark.gen_test(timeout=60)

plain = pytest.mark.parametrize("transport", ["tcp"])
OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
RSV1 = 4
COMPRESSED_TEXT = 0xC1
LONG = b'{"type":"notice","data":{"text":"' + b"once upon a time " * 40 + b'"}}'


@pytest.fixture
def options() -> dict[str, Any]:
    """A server that compresses."""
    return {"compresses": True}


def deflated(message: bytes) -> bytes:
    """A message's payload as clients send it."""
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


def inflated(frame: Frame) -> bytes:
    """A compressed message as clients read it."""
    assert frame.first == COMPRESSED_TEXT, frame
    return zlib.decompressobj(-15).decompress(frame.payload + b"\0\0\xff\xff")


async def test_compression_is_agreed_on_and_goes_both_ways(connect: Connect, owner: RecordingOwner) -> None:
    async with await connect(headers=OFFER) as client:
        assert client.answer.headers["sec-websocket-extensions"] == ANSWER
        client.send(masked(TEXT, deflated(LONG), reserved=RSV1) + masked(BINARY, LONG))
        text, binary = await client.recv(), await client.recv()
        assert (text.first, binary.first) == (COMPRESSED_TEXT, 0x80 | BINARY)
        assert inflated(text) == binary.payload == LONG
        assert owner.sessions[0].messages == [LONG, LONG]
        assert len(text.payload) < len(LONG) / 4


@plain
async def test_short_messages_and_control_frames_are_not_compressed(connect: Connect) -> None:
    async with await connect(headers=OFFER) as client:
        client.send(masked(TEXT, deflated(b"short"), reserved=RSV1) + masked(PING, b"p" * 125) + close(1000))
        frames = [await client.recv() for _ in range(3)]
    assert {frame.first: frame.payload for frame in frames} == {
        0x80 | TEXT: b"short",
        0x80 | PONG: b"p" * 125,
        0x88: b"\x03\xe8",
    }


@plain
@pytest.mark.parametrize("offer", [None, "permessage-bzip2", "permessage-deflate; server_max_window_bits=9"])
async def test_a_client_without_an_offer_that_can_be_kept_is_served_as_ever(
    connect: Connect, offer: str | None
) -> None:
    async with await connect(headers={"Sec-WebSocket-Extensions": offer}) as client:
        assert client.answer.status == 101
        assert "sec-websocket-extensions" not in client.answer.headers
        client.send_text(LONG.decode())
        assert await client.recv_text() == LONG.decode()
        client.send(masked(TEXT, deflated(LONG), reserved=RSV1))
        assert (await client.recv()).close_code == 1002


@pytest.mark.parametrize("options", [{}], ids=[""])
async def test_a_server_that_does_not_compress_answers_no_offer(connect: Connect) -> None:
    async with await connect(headers=OFFER) as client:
        assert "sec-websocket-extensions" not in client.answer.headers
        client.send_text(LONG.decode())
        assert await client.recv_text() == LONG.decode()


@plain
async def test_offers_in_two_headers_are_both_looked_at(connect: Connect) -> None:
    two = "x-unknown\r\nSec-WebSocket-Extensions: permessage-deflate"
    async with await connect(headers={"Sec-WebSocket-Extensions": two}) as client:
        assert client.answer.headers["sec-websocket-extensions"] == ANSWER


async def receive_all(client: AsyncWebSocketClient, count: int) -> list[bytes]:
    """The next messages, whole."""
    frames = [await client.recv() for _ in range(count)]
    return [inflated(frame) if frame.first & 0x40 else frame.payload for frame in frames]


@plain
async def test_one_compressed_frame_serves_all_who_inflate_busy_or_idle(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect(headers=OFFER) as busy, await connect(headers=OFFER) as idle:
        await owner.until(lambda: len(owner.sessions) == 2)
        connections = [session.connection for session in owner.sessions]
        assert connections[0].framing is connections[1].framing
        connections[0].push(text_frame(b"before"))
        for message in (LONG, b"short"):
            fan_out(connections, [connections[0].framing(message)])
        assert await receive_all(busy, 3) == [b"before", LONG, b"short"]
        assert await receive_all(idle, 2) == [LONG, b"short"]


@plain
async def test_a_message_for_many_is_compressed_for_those_who_inflate_only(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect(headers=OFFER) as one, await connect() as other, await connect(headers=OFFER) as third:
        await owner.until(lambda: len(owner.sessions) == 3)
        message = Payload(LONG)
        for session in owner.sessions:
            session.connection.push(message.framed(session.connection.framing))
        received = [await client.recv() for client in (one, other, third)]
        assert [frame.first for frame in received] == [COMPRESSED_TEXT, 0x80 | TEXT, COMPRESSED_TEXT]
        assert inflated(received[0]) == received[1].payload == LONG


@plain
async def test_fragments_of_a_compressed_message_drip_in_with_a_ping_between_them(connect: Connect) -> None:
    message = "κόσμε ".encode() * 300
    data = deflated(message)
    async with await connect(headers=OFFER) as client:
        client.send(masked(TEXT, data[:9], fin=False, reserved=RSV1) + masked(PING, b"?"))
        assert await client.recv() == (0x80 | PONG, b"?")
        for octet in data[9:]:
            client.send(masked(CONTINUATION, bytes([octet]), fin=False))
        client.send(masked(CONTINUATION))
        assert inflated(await client.recv()) == message


BROKEN = {
    "a bomb": (masked(TEXT, deflated(bytes(10_000_000)), reserved=RSV1), 1009),
    "a bomb in fragments": (
        masked(TEXT, deflated(bytes(10_000_000))[:5000], fin=False, reserved=RSV1)
        + masked(CONTINUATION, deflated(bytes(10_000_000))[5000:]),
        1009,
    ),
    "too many compressed bytes": (header(TEXT, 70_000, reserved=RSV1), 1009),
    "text that is not UTF-8": (masked(TEXT, deflated(b"\xff" * 500), reserved=RSV1), 1007),
    "no DEFLATE": (masked(TEXT, b"\xff\xff", reserved=RSV1), 1002),
    "the bit on a ping": (masked(PING, reserved=RSV1), 1002),
    "the bit on a continuation": (
        masked(TEXT, b"", fin=False, reserved=RSV1) + masked(CONTINUATION, reserved=RSV1),
        1002,
    ),
}


@plain
@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN)
async def test_what_may_not_be_ends_the_connection(
    connect: Connect, owner: RecordingOwner, data: bytes, code: int
) -> None:
    async with await connect(headers=OFFER) as client, await connect() as other:
        client.send(data)
        assert (await client.recv()).close_code == code
        assert owner.sessions[0].messages == []
        other.send_text("unharmed")
        assert await other.recv_text() == "unharmed"


@plain
async def test_many_messages_keep_their_order_whichever_of_them_are_compressed(connect: Connect) -> None:
    messages = [b"%d " % number * (1 + number * 7 % 90) for number in range(300)]
    async with await connect(headers=OFFER) as client:
        client.send(
            b"".join(
                masked(TEXT, deflated(message), reserved=RSV1) if number % 3 else masked(TEXT, message)
                for number, message in enumerate(messages)
            )
        )
        assert await receive_all(client, len(messages)) == messages


@plain
async def test_who_sends_bombs_does_not_keep_the_others_from_their_turn(
    connect: Connect, owner: RecordingOwner
) -> None:
    bomb = masked(TEXT, deflated(b"a" * 65_536), reserved=RSV1)
    turns: list[int] = []  # how many bombs had been handled when the event loop came to something else
    handled: list[bytes] = []

    def note(_session: Session, payload: bytes) -> None:
        handled.append(payload)
        asyncio.get_running_loop().call_soon(lambda: turns.append(len(handled)))

    owner.answer = note
    async with await connect(headers=OFFER) as client:
        client.send(bomb * 100 + close(1000))
        assert (await client.recv()).close_code == 1000
    assert handled == [b"a" * 65_536] * 100
    assert turns[0] < 10
