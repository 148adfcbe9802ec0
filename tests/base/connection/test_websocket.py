"""One connection on a real socket: order, backpressure, silence, and every way to end."""

import asyncio
import fcntl
import json
import socket
import sys
from collections.abc import Awaitable

import pytest

from rtserver.base.connection import connection, websocket
from rtserver.base.connection.connection import fan_out
from rtserver.base.connection.outbox import BURST
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.base.wire.frame import text_frame
from tests.base.conftest import Connect
from tests.base.recording_owner import RecordingOwner, Session
from tests.websocket_client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    AsyncWebSocketClient,
    close,
    header,
    masked,
)

pytestmark = pytest.mark.gen_test(timeout=60)

plain = pytest.mark.parametrize("transport", ["tcp"])
impatient = pytest.mark.parametrize("options", [{"heartbeat_seconds": 0.25}])
narrow = pytest.mark.parametrize("options", [{"outbox_bytes": 100_000, "outbox_hard_bytes": 300_000}])
HARD = 300_000
impatient_for_room = pytest.mark.parametrize(
    "options", [{"outbox_bytes": 100_000, "outbox_hard_bytes": HARD, "slow_seconds": 0.01}]
)


@pytest.fixture
def _short_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The close handshake's deadline, short enough to wait for."""
    monkeypatch.setattr(connection, "CLOSE_SECONDS", 0.1)


async def round_trip(client: AsyncWebSocketClient, text: str = "?") -> None:
    """By its end the server has read and answered whatever had arrived before."""
    client.send_text(text)
    assert await client.recv_text() == text


# Order.


@plain
async def test_a_flood_of_tiny_messages_does_not_hold_up_another_client(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect() as flooding, await connect() as other:
        await round_trip(flooding)
        flooding.send(masked(TEXT, b"x") * 2_000)
        other.send_text("me too")
        assert await other.recv_text() == "me too"
        assert len(owner.sessions[0].messages) < 2_000
        assert [await flooding.recv_text() for _ in range(2_000)] == ["x"] * 2_000


@plain
@narrow
async def test_a_picture_that_leaves_at_once_is_no_lag(connect: Connect, owner: RecordingOwner) -> None:
    async with await connect() as client:
        await round_trip(client)
        owner.sessions[0].connection.push(text_frame(b"p" * 100_001))
        assert await client.recv_text() == "p" * 100_001
        await round_trip(client)
        assert owner.sessions[0].lags == []


@plain
async def test_pipelined_messages_are_answered_in_order_in_one_write(
    connect: Connect, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    send = socket.socket.send

    def counting_send(sock: socket.socket, data: bytes) -> int:
        if sock.getsockname()[1] == port:
            writes.append(len(data))
        return send(sock, data)

    monkeypatch.setattr(websocket, "TURN_SECONDS", float("inf"))  # a busy machine would end the turn between two
    monkeypatch.setattr(socket.socket, "send", counting_send)
    monkeypatch.setattr(websocket, "TURN_SECONDS", 60)  # a slow machine would end the turn before the 200th
    async with await connect() as client:
        writes.clear()
        client.send(b"".join(masked(TEXT, b"%03d" % number) for number in range(200)))
        assert [await client.recv_text() for _ in range(200)] == [f"{number:03d}" for number in range(200)]
    assert writes == [200 * 5]


async def test_while_an_answer_is_pending_nothing_more_is_handed_out_and_others_are_served(
    connect: Connect, owner: RecordingOwner
) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def answer_late(session: Session, payload: bytes) -> None:
        if payload == b"slow":
            await gate
        session.connection.push(text_frame(payload))

    owner.answer = answer_late
    async with await connect() as client, await connect() as other:
        client.send(masked(TEXT, b"slow") + masked(TEXT, b"same packet"))
        await owner.until(lambda: owner.sessions[0].messages)
        client.send_text("next packet")
        for _ in range(5):
            await round_trip(other)
        assert owner.sessions[0].messages == [b"slow"]
        gate.set_result(None)
        assert [await client.recv_text() for _ in range(3)] == ["slow", "same packet", "next packet"]


@plain
async def test_while_an_answer_is_pending_a_pong_and_a_broadcast_leave_all_the_same(
    connect: Connect, owner: RecordingOwner
) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    owner.answer = lambda session, payload: gate
    async with await connect() as client:
        client.send(masked(PING, b"?") + masked(TEXT, b"slow"))
        await owner.until(lambda: owner.sessions[0].messages)
        fan_out([owner.sessions[0].connection], [text_frame(b"news")])
        assert await client.recv() == (0x80 | PONG, b"?")
        assert await client.recv_text() == "news"
        gate.set_result(None)


@plain
async def test_a_broadcast_reaches_all_who_are_open_in_the_order_of_the_other_pushes(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect() as one, await connect() as other, await connect() as gone:
        await owner.until(lambda: len(owner.sessions) == 3)
        connections = [session.connection for session in owner.sessions]
        connections[0].push(text_frame(b"before"))
        connections[2].close(4003)
        fan_out(connections, [text_frame(b"news")])
        fan_out(connections, [text_frame(b"more")])
        connections[0].push(text_frame(b"after"))
        assert [await one.recv_text() for _ in range(4)] == ["before", "news", "more", "after"]
        assert [await other.recv_text() for _ in range(2)] == ["news", "more"]
        assert (await gone.recv()).close_code == 4003
        gone.send(close(4003))
        assert await gone.is_at_end()


@plain
async def test_a_message_in_fragments_with_a_ping_in_between_arrives(connect: Connect) -> None:
    async with await connect() as client:
        client.send(masked(TEXT, b"Hel", fin=False))
        client.send(masked(PING, b"?"))
        assert await client.recv() == (0x80 | PONG, b"?")
        client.send(masked(CONTINUATION, b"lo"))
        assert await client.recv_text() == "Hello"


# Silence.


@impatient
async def test_a_silent_client_is_pinged_and_then_dropped(connect: Connect, owner: RecordingOwner) -> None:
    async with await connect() as client:
        assert await client.recv() == (0x80 | PING, b"")
        await owner.until(lambda: owner.sessions[0].close_codes)
        assert owner.sessions[0].close_codes == [1006]
        assert await client.is_at_end()


@plain
@pytest.mark.parametrize("options", [{"heartbeat_seconds": 0.5}])
async def test_a_client_that_answers_pings_stays(connect: Connect, owner: RecordingOwner) -> None:
    async with await connect() as client:
        for _ in range(3):
            assert await client.recv() == (0x80 | PING, b"")
            client.send(masked(PONG))
        await round_trip(client)
        assert owner.sessions[0].connection.is_open


@plain
@impatient
async def test_a_client_is_not_silent_while_the_server_is_busy_with_its_message(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    owner.answer = lambda session, payload: gate
    async with await connect() as client:
        client.send_text("takes a while")
        await owner.until(lambda: owner.sessions[0].messages)
        server.wheel.arm(server.now(), 1.0, lambda: gate.set_result(None))
        await gate
        client.send_text("still there")
        await owner.until(lambda: len(owner.sessions[0].messages) == 2)
        assert owner.sessions[0].close_codes == []


# A slow reader.


async def fill(session: Session, key: str | None = None) -> int:
    """Push to a client that hangs until it lags: the system's buffers are full. Gives the number of frames pushed."""
    for count in range(1, 2000):
        session.connection.push(text_frame(b"%08d" % count + b"x" * 60_000), key)
        if session.lags:
            return count
        await asyncio.sleep(0)
    raise AssertionError("the client does not lag")


@narrow
async def test_a_slow_reader_gets_the_newest_of_each_key_and_is_told_when_it_has_caught_up(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect(receive_buffer=4096) as slow, await connect() as other:
        await owner.until(lambda: len(owner.sessions) == 2)
        session = owner.sessions[0]
        connection = session.connection
        slow.pause()
        filled = await fill(session)
        assert session.lags == [True]
        for number in range(5000):
            fan_out([connection], [text_frame(b"a%d" % number)], "a")
            connection.push(text_frame(b"b%d" % number + b"y" * 20_000), "b")
            assert connection.outbox.size <= HARD
        connection.push(text_frame(b"must arrive"))
        await round_trip(other)
        slow.resume()
        assert [int((await slow.recv_text())[:8]) for _ in range(filled)] == list(range(1, filled + 1))
        assert [(await slow.recv_text())[:5] for _ in range(3)] == ["a4999", "b4999", "must "]
        await owner.until(lambda: session.lags == [True, False])
        await round_trip(slow)
        assert connection.outbox.conflated == 2 * 4999


@plain
@narrow
async def test_what_waits_for_a_client_whose_charts_skip_stays_within_its_budget(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect(receive_buffer=4096) as slow:
        await owner.until(lambda: owner.sessions)
        [session] = owner.sessions
        slow.pause()
        most = 0
        for number in range(20_000):
            session.connection.push(text_frame(b"x" * 1_000), number % 20)
            most = max(most, session.connection.outbox.size)
            if number % 100 == 0:
                await asyncio.sleep(0)
        assert session.lags == [True]
        assert 75_000 < most <= 100_000


@plain
@pytest.mark.parametrize("options", [{"outbox_bytes": 100_000, "outbox_hard_bytes": 300_000, "unsent_bytes": 8_192}])
async def test_what_a_client_does_not_read_waits_with_us_where_it_can_be_replaced_and_not_in_the_system(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect(receive_buffer=4096) as slow:
        await owner.until(lambda: owner.sessions)
        [session] = owner.sessions
        slow.pause()
        frame = text_frame(b"x" * 1_000)
        while not session.lags:
            session.connection.push(frame, "x")
            session.connection.flush()
        assert unsent_bytes(session) <= 8_192 + len(frame)


def unsent_bytes(session: Session) -> int:
    """Return the bytes that the system was given and could not send: SIOCOUTQNSD of linux/sockios.h."""
    connection: socket.socket = session.connection._stream.socket
    return int.from_bytes(fcntl.ioctl(connection, 0x894B, bytes(4)), sys.byteorder)


@narrow
async def test_how_many_lag_what_waits_and_what_was_replaced_is_counted(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect(receive_buffer=4096) as slow, await connect():
        await owner.until(lambda: len(owner.sessions) == 2)
        assert (server.lagging, server.waiting_bytes, server.conflated, server.too_slow) == (0, 0, 0, 0)
        session = owner.sessions[0]
        slow.pause()
        filled = await fill(session)
        for number in range(10):
            session.connection.push(text_frame(b"%d" % number), "a")
        assert (server.lagging, server.conflated) == (1, 9)
        assert server.waiting_bytes == session.connection.outbox.size > 75_000
        slow.resume()
        for _ in range(filled + 1):
            await slow.recv_text()
        await owner.until(lambda: session.lags == [True, False])
        assert (server.lagging, server.waiting_bytes, server.conflated, server.too_slow) == (0, 0, 9, 0)
    await owner.connections_ended()
    assert (server.conflated, server.too_slow) == (9, 0)


@narrow
async def test_a_client_that_was_given_up_is_counted_as_too_slow_and_lags_no_more(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect(receive_buffer=4096) as slow:
        await owner.until(lambda: owner.sessions)
        slow.pause()
        await fill(owner.sessions[0])
        while not owner.sessions[0].close_codes:
            owner.sessions[0].connection.push(text_frame(b"z" * 60_000))
        assert (server.lagging, server.too_slow) == (0, 1)


@impatient_for_room
async def test_a_client_that_has_taken_nothing_for_a_while_is_closed_with_4108_when_more_than_the_limit_waits(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect(receive_buffer=4096) as slow, await connect() as other:
        await owner.until(lambda: len(owner.sessions) == 2)
        session = owner.sessions[0]
        slow.pause()
        await fill(session)
        while session.connection.outbox.size < 3 * HARD and not session.close_codes:  # a busy machine may be slow
            session.connection.push(text_frame(b"z" * 60_000))
        # Nothing more is pushed: time alone closes it.
        await owner.until(lambda: session.close_codes == [4108])
        assert not session.connection.is_open
        await round_trip(other)
        slow.resume()
        assert (await slow.recv_until_close()).close_code == 4108
        slow.send(close(4108))
        assert await slow.is_at_end()
        await round_trip(other)


@narrow
async def test_what_one_turn_piles_up_closes_nobody_who_reads(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect() as client:
        await owner.until(lambda: owner.sessions)
        [session] = owner.sessions
        for number in range(25):
            session.connection.push(text_frame(b"%08d" % number + b"x" * 60_000))
        assert [int((await client.recv_text())[:8]) for _ in range(25)] == list(range(25))
        await round_trip(client)
    assert server.too_slow == 0
    assert 4108 not in session.close_codes


@narrow
async def test_a_client_for_whom_more_than_the_limit_waits_gets_all_of_it_once_it_reads(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect(receive_buffer=4096) as slow:
        await owner.until(lambda: owner.sessions)
        [session] = owner.sessions
        slow.pause()
        count = await fill(session)
        while session.connection.outbox.size < 3 * HARD:
            count += 1
            session.connection.push(text_frame(b"%08d" % count + b"x" * 60_000))
        slow.resume()
        assert [int((await slow.recv_text())[:8]) for _ in range(count)] == list(range(1, count + 1))
        await round_trip(slow)
        assert (session.close_codes, session.lags) == ([], [True, False])
    assert server.too_slow == 0


@plain
@narrow
async def test_even_for_a_client_that_takes_bytes_memory_has_a_bound(connect: Connect, owner: RecordingOwner) -> None:
    async with await connect(receive_buffer=4096) as slow:
        await owner.until(lambda: owner.sessions)
        [session] = owner.sessions
        slow.pause()
        await fill(session)
        most = 0
        while not session.close_codes:
            most = max(most, session.connection.outbox.size)
            session.connection.push(text_frame(b"z" * 60_000))
        assert session.close_codes == [4108]
        assert HARD < most <= BURST * HARD
        assert session.connection.outbox.size < HARD


@plain
@narrow
async def test_a_client_that_asks_and_reads_no_answers_is_not_read_until_it_does(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    asked = 400
    async with await connect(receive_buffer=4096) as client:
        await owner.until(lambda: owner.sessions)
        [session] = owner.sessions
        outbox = session.connection.outbox
        most = 0

        def answer(session: Session, payload: bytes) -> None:
            nonlocal most
            most = max(most, outbox.size)
            session.connection.push(text_frame(payload + b"x" * 20_000))

        owner.answer = answer
        client.pause()
        for number in range(asked):
            client.send(masked(TEXT, b"%08d" % number + b"?" * 1_000))
        await owner.until(lambda: outbox.is_over)
        client.resume()
        assert [int((await client.recv_text())[:8]) for _ in range(asked)] == list(range(asked))
        await round_trip_of_answers(client)
        # No more than one answer beyond the limit.
        assert HARD / 2 < most <= HARD + 20_100
        assert session.close_codes == []
    assert server.too_slow == 0


async def round_trip_of_answers(client: AsyncWebSocketClient) -> None:
    """The same with the answers of the test above: reading goes on afterwards."""
    client.send_text("again")
    assert (await client.recv_text()).startswith("again")


@plain
@narrow
async def test_a_ping_of_a_client_for_whom_much_waits_does_not_close_it(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect() as client:
        await owner.until(lambda: owner.sessions)
        [session] = owner.sessions
        client.send(masked(PING, b"?"))
        for _ in range(30):
            session.connection.push(text_frame(b"x" * 60_000))
        found = [(await client.recv()).opcode for _ in range(31)]
        assert sorted(found) == [TEXT] * 30 + [PONG]
    assert server.too_slow == 0


@plain
@narrow
@pytest.mark.usefixtures("_short_closing")
async def test_a_client_that_reads_nothing_at_all_is_gone_by_the_deadline(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect(receive_buffer=4096) as client:
        await owner.until(lambda: owner.sessions)
        client.pause()
        await fill(owner.sessions[0])
        owner.sessions[0].connection.close(4101, "draining")
        await owner.connections_ended()
    assert owner.sessions[0].close_codes == [4101]


@plain
@impatient_for_room
async def test_a_client_that_floods_with_pings_and_reads_no_pongs_lags_and_is_dropped(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect(receive_buffer=4096) as client:
        await owner.until(lambda: owner.sessions)
        session = owner.sessions[0]
        client.pause()
        await fill(session)
        session.lags.clear()
        for _ in range(100):
            client.send(masked(PING, b"p" * 125) * 400)
        await owner.until(lambda: session.close_codes)
    assert session.close_codes in ([1006], [4108])  # by its next ping, or by the time that has passed
    await owner.connections_ended()


@plain
@narrow
async def test_pongs_may_be_what_makes_a_client_lag(connect: Connect, owner: RecordingOwner) -> None:
    async with await connect(receive_buffer=4096) as client:
        await owner.until(lambda: owner.sessions)
        session = owner.sessions[0]
        client.pause()
        client.send(masked(PING, b"p" * 125) * 2400)  # 300 KB, of which the system's buffers hold less than half
        await owner.until(lambda: session.lags)
        client.resume()
        for _ in range(2400):
            assert await client.recv() == (0x80 | PONG, b"p" * 125)
        await owner.until(lambda: session.lags == [True, False])


@narrow
async def test_a_message_that_no_client_could_take_costs_itself_and_not_the_connection(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect() as client:
        await owner.until(lambda: owner.sessions)
        connection = owner.sessions[0].connection
        connection.push(text_frame(b"before"))
        connection.push(text_frame(b"x" * HARD))
        fan_out([connection], [text_frame(b"x" * HARD)], "chart")
        connection.push(text_frame(b"behind"))
        texts = [await client.recv_text() for _ in range(4)]
        assert [texts[0], texts[3]] == ["before", "behind"]
        assert all(json.loads(text)["data"]["code"] == "internal" for text in texts[1:3])
        await round_trip(client)
    assert (server.too_large, server.too_slow) == (2, 0)


# The ends.


async def test_a_close_of_the_clients_is_echoed_and_the_stream_ends(connect: Connect, owner: RecordingOwner) -> None:
    async with await connect() as client:
        client.send(masked(TEXT, b"last words") + close(1000, b"bye"))
        assert await client.recv_text() == "last words"
        assert await client.recv() == (0x80 | CLOSE, b"\x03\xe8")
        assert await client.is_at_end()
    await owner.connections_ended()
    assert owner.sessions[0].close_codes == [1000]


async def test_a_close_of_ours_is_told_at_once_and_done_when_the_client_answers(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect() as client:
        await owner.until(lambda: owner.sessions)
        session = owner.sessions[0]
        session.connection.push(text_frame(b"one more"))
        session.connection.close(4003, "kicked")
        assert session.close_codes == [4003]
        session.connection.push(text_frame(b"too late"))
        session.connection.close(1000)
        assert await client.recv_text() == "one more"
        assert await client.recv() == (0x80 | CLOSE, b"\x0f\xa3kicked")
        client.send(masked(TEXT, b"not heard any more") + close(4003))
        assert await client.is_at_end()
    await owner.connections_ended()
    assert (session.close_codes, session.messages) == ([4003], [])


@pytest.mark.usefixtures("_short_closing")
async def test_a_client_that_never_answers_a_close_is_gone_by_the_deadline(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect() as client:
        await owner.until(lambda: owner.sessions)
        owner.sessions[0].connection.close(4009)
        assert (await client.recv()).close_code == 4009
        await owner.connections_ended()
        assert await client.is_at_end()


@pytest.mark.usefixtures("_short_closing")
async def test_a_client_that_keeps_its_half_open_after_the_close_is_gone_by_the_deadline(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect() as client:
        client.send(close(1000))
        assert (await client.recv()).close_code == 1000
        await owner.connections_ended()


async def test_a_handler_may_close_between_two_messages_of_a_packet(connect: Connect, owner: RecordingOwner) -> None:
    def kick(session: Session, payload: bytes) -> None:
        session.connection.close(4003)

    owner.answer = kick
    async with await connect() as client:
        client.send(masked(TEXT, b"a") + masked(TEXT, b"b") + close(1000))
        assert (await client.recv()).close_code == 4003
        assert await client.is_at_end()
    await owner.connections_ended()
    assert (owner.sessions[0].messages, owner.sessions[0].close_codes) == ([b"a"], [4003])


@plain
async def test_a_handler_may_drop_its_connection(
    connect: Connect, owner: RecordingOwner, caplog: pytest.LogCaptureFixture
) -> None:
    owner.answer = lambda session, payload: session.connection.abort()
    async with await connect() as client:
        client.send(masked(TEXT, b"a") + masked(TEXT, b"b") + close(1000))
        assert await client.is_at_end()
    await owner.connections_ended()
    assert (owner.sessions[0].messages, owner.sessions[0].close_codes) == ([b"a"], [1006])
    assert caplog.text == ""


async def test_the_reason_of_a_refusal_arrives_although_the_client_keeps_sending(
    connect: Connect, owner: RecordingOwner
) -> None:
    async with await connect() as client:
        client.send(header(BINARY, 100_000_000) + b"mask")
        for _ in range(64):
            client.send(bytes(65536))
            await client.drain()
        frame = await client.recv()
        assert (frame.close_code, frame.payload[2:]) == (1009, b"message over 65536 bytes")
        assert await client.is_at_end()
    await owner.connections_ended()
    assert owner.sessions[0].close_codes == [1009]


@plain
@pytest.mark.parametrize(
    ("data", "code"), [(b"\x81\x00", 1002), (masked(TEXT, b"\xff"), 1007), (masked(CLOSE, b"\x03\xed"), 1002)]
)
async def test_a_violation_ends_with_its_code(
    connect: Connect, owner: RecordingOwner, data: bytes, code: int
) -> None:
    async with await connect() as client:
        client.send(masked(TEXT, b"fine") + data + masked(TEXT, b"ignored"))
        assert await client.recv_text() == "fine"
        assert (await client.recv()).close_code == code
        assert await client.is_at_end()
    await owner.connections_ended()
    assert (owner.sessions[0].messages, owner.sessions[0].close_codes) == ([b"fine"], [code])


async def test_a_reset_ends_the_connection_without_noise(
    connect: Connect, owner: RecordingOwner, caplog: pytest.LogCaptureFixture
) -> None:
    async with await connect() as client, await connect() as other:
        await round_trip(client)
        client.reset()
        await owner.until(lambda: owner.sessions[0].close_codes)
        owner.sessions[0].connection.push(text_frame(b"nobody there"))
        await round_trip(other)
    await owner.connections_ended()
    assert owner.sessions[0].close_codes == [1006]
    assert caplog.text == ""


@plain
async def test_a_close_of_ours_that_cannot_be_sent_any_more_leaves_no_timer(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect() as client:
        await round_trip(client)
        [session] = owner.sessions
        session.connection._stream.socket.shutdown(socket.SHUT_WR)  # what is sent now fails, as after a reset
        session.connection.close(4101, "draining")
        assert session.close_codes == [4101]
        await owner.connections_ended()
    assert len(server.wheel) == 0


@plain
async def test_a_reset_right_behind_a_close_is_no_error_of_ours(
    connect: Connect, owner: RecordingOwner, caplog: pytest.LogCaptureFixture
) -> None:
    async with await connect() as client:
        await round_trip(client)
        client.send(close(1000))
        client.reset()
        await owner.connections_ended()
    assert owner.sessions[0].close_codes[0] in {1000, 1006}
    assert caplog.text == ""


@plain
async def test_a_client_that_ends_its_half_still_gets_its_answers(connect: Connect, owner: RecordingOwner) -> None:
    async with await connect() as client:
        client.send_text("and that was all")
        client.send_eof()
        assert await client.recv_text() == "and that was all"
        assert await client.is_at_end()
    await owner.connections_ended()
    assert owner.sessions[0].close_codes == [1006]


def fail(session: Session, payload: bytes) -> None:
    raise LookupError("broken handler")


async def fail_later(session: Session, payload: bytes) -> None:
    await asyncio.sleep(0)
    raise LookupError("broken handler")


@plain
@pytest.mark.parametrize("answer", [fail, fail_later])
async def test_a_handler_that_fails_costs_its_connection_and_nothing_else(
    connect: Connect, owner: RecordingOwner, answer: Awaitable, caplog: pytest.LogCaptureFixture
) -> None:
    async with await connect() as client, await connect() as other:
        await round_trip(other)
        owner.answer = answer
        client.send_text("x")
        await owner.until(lambda: owner.sessions[0].close_codes)
        assert await client.is_at_end()
        owner.answer = None
        await round_trip(other)
    assert owner.sessions[0].close_codes == [1006]
    assert caplog.text.count("LookupError: broken handler") == 1
