"""Clients that send more than they may, on real sockets: what they are told, and what is counted."""

import asyncio
import json
from typing import Any

import pytest

from rtserver.base.listener.upgrade import WebSocketServer
from tcelib.limit.connection_rate import rates_of
from tests.base.conftest import Connect
from tests.base.recording_owner import RecordingOwner
from tests.websocket_client import BINARY, CONTINUATION, PING, PONG, TEXT, masked

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.parametrize("transport", ["tcp"])]

five = pytest.mark.parametrize("options", [{"rates": rates_of(0.5, 0)}])  # at once; one more every two seconds
thousand = pytest.mark.parametrize("options", [{"rates": rates_of(100, 0)}])


def counts(server: WebSocketServer) -> dict[str, int]:
    return {limit: count for limit, count in server.admission.counted.counts.items() if count}


def message(number: int) -> bytes:
    return masked(TEXT, b'{"type":"t","data":1,"id":%d}' % number)


@five
async def test_a_message_too_many_is_answered_with_its_id_and_not_handled(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect() as client:
        client.send(b"".join(map(message, range(7))))
        answers = [json.loads(await client.recv_text()) for _ in range(7)]
    assert [answer["id"] for answer in answers] == list(range(7))
    assert [answer["type"] for answer in answers] == ["t"] * 5 + ["error"] * 2
    assert answers[6]["data"]["code"] == "rate_limited"
    assert answers[6]["data"]["type"] == "t"
    assert len(owner.sessions[0].messages) == 5
    assert counts(server) == {"messages": 2}


@five
async def test_who_goes_on_after_that_is_closed_with_4129(connect: Connect, server: WebSocketServer) -> None:
    async with await connect() as client:
        for number in range(10):
            client.send(message(number))
            assert json.loads(await client.recv_text())["id"] == number
        client.send(message(10))
        assert (await client.recv_until_close()).close_code == 4129
    assert counts(server) == {"messages": 5, "flood": 1}


@five
async def test_a_flood_in_one_packet_is_closed_before_anything_of_it_is_handled(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect() as client:
        client.send(message(1) * 500)
        frame = await client.recv()
        assert frame.close_code == 4129
    assert owner.sessions[0].messages == []
    assert counts(server) == {"flood": 1}


@five
async def test_each_connection_has_its_own_budget(connect: Connect) -> None:
    for _ in range(3):
        async with await connect() as client:
            client.send(b"".join(map(message, range(5))))
            assert [json.loads(await client.recv_text())["type"] for _ in range(5)] == ["t"] * 5


@five
@pytest.mark.parametrize("frame", [masked(PING), masked(PONG), masked(CONTINUATION, fin=False)])
async def test_frames_that_are_no_messages_count_as_well(
    connect: Connect, server: WebSocketServer, frame: bytes
) -> None:
    async with await connect() as client:
        client.send((masked(TEXT, b"a", fin=False) if frame[0] == CONTINUATION else b"") + frame * 500)
        assert (await client.recv_until_close()).close_code == 4129
        client.send(frame * 500)  # what a client that has been closed goes on to send
        assert await client.is_at_end()
    assert counts(server) == {"flood": 1}


@five
async def test_a_message_that_is_no_json_is_refused_without_an_id(connect: Connect) -> None:
    async with await connect() as client:
        client.send(masked(TEXT, b"hello") * 6)
        answers = [await client.recv_text() for _ in range(6)]
    assert answers[:5] == ["hello"] * 5
    assert json.loads(answers[5])["data"]["code"] == "rate_limited"


@thousand
async def test_binary_messages_are_all_handled_but_read_more_slowly(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect() as client:
        client.send(b"".join(masked(BINARY, b"%04d" % number) for number in range(1010)))
        for number in range(1010):
            assert (await client.recv()).payload == b"%04d" % number
    await owner.until(lambda: len(owner.sessions[0].messages) == 1010)
    assert counts(server)["calls"] >= 1
    assert not counts(server).keys() - {"calls"}


@pytest.mark.parametrize("options", [{"rates": rates_of(0, 100_000)}])
async def test_bytes_too_many_are_read_more_slowly(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    async with await connect() as client:
        for _ in range(20):
            client.send(masked(TEXT, b"b" * 51_000))
        await owner.until(lambda: len(owner.sessions[0].messages) == 20)
    assert counts(server)["bytes"] >= 1
    assert not counts(server).keys() - {"bytes"}


@thousand
async def test_a_message_that_is_still_handled_does_not_stop_the_count(
    connect: Connect, owner: RecordingOwner, server: WebSocketServer
) -> None:
    owner.answer = lambda session, payload: asyncio.sleep(0)
    async with await connect() as client:
        client.send(message(1) * 2_500)
        assert (await client.recv_until_close()).close_code == 4129
    assert counts(server)["flood"] == 1


@pytest.mark.parametrize("options", [{}, {"rates": rates_of(1000, 10_000_000)}])
async def test_who_stays_within_the_limits_notices_nothing(
    connect: Connect, server: WebSocketServer, options: dict[str, Any]
) -> None:
    async with await connect() as client:
        client.send(b"".join(map(message, range(3_000))) + masked(PING) * 100)
        received = 0
        while received < 3_100:
            frame = await client.recv()
            assert b"error" not in frame.payload
            received += 1
    assert counts(server) == {}
