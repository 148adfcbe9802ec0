"""The users' side behind the real WebSocket server, on real sockets and with the real bridge."""

import asyncio
import json
from typing import Any

from rtserver.base.bridge.message import CloseSession, Deliver
from rtserver.base.wire.client_message import encode
from rtserver.user.user_agent import UserAgent
from rtserver.user.user_limits import UserBounds
from tests.user.online_server import running
from tests.websocket_client import CLOSE, TEXT, Answer, AsyncWebSocketClient, masked


async def read(client: AsyncWebSocketClient) -> dict[str, Any]:
    return json.loads(await client.recv_text())


def test_a_user_is_greeted_answered_and_pushed_to() -> None:
    async def scenario() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        async with running() as server, await server.connect("s2") as client:
            userinfo = await read(client)
            client.send_text('{"type":"ping","data":null,"id":1}')
            pong = await read(client)
            server.bridge.to_users.post(Deliver((2,), encode("notice", {"text": "hi"}), None))
            return userinfo, pong, await read(client)

    userinfo, pong, notice = asyncio.run(scenario())
    assert userinfo["data"]["user"] == {"id": 2, "name": "ann"}
    assert pong == {"type": "ping", "data": "pong", "id": 1}
    assert notice == {"type": "notice", "data": {"text": "hi"}}


def test_an_unknown_session_gets_401_and_during_an_outage_everyone_503() -> None:
    async def scenario() -> tuple[Answer, Answer]:
        async with running() as server:
            async with await server.connect("unknown") as unknown:
                pass
            server.site.outage = ConnectionError("no database")
            async with await server.connect() as unlucky:
                return unknown.answer, unlucky.answer

    unknown, unlucky = asyncio.run(scenario())
    assert unknown.status == 401
    assert (unlucky.status, unlucky.headers["retry-after"]) == (503, "5")


def test_a_logout_on_the_site_closes_the_socket_with_4009() -> None:
    async def scenario() -> tuple[int, dict[int, UserAgent], int]:
        async with running() as server, await server.connect() as client:
            await read(client)
            server.bridge.to_users.post(CloseSession("s1"))
            frame = await client.recv_until_close()
            async with await server.connect() as late:
                return frame.close_code, dict(server.users.agents), late.answer.status

    assert asyncio.run(scenario()) == (4009, {}, 401)


def test_messages_of_one_packet_are_handled_in_order_even_if_the_first_takes_longest() -> None:
    async def scenario() -> list[int | str]:
        async with running() as server, await server.connect() as client:
            await read(client)
            texts = [b'{"type":"slow","data":%d}' % turns for turns in (20, 5, 0)]
            client.send(b"".join(masked(TEXT, text) for text in (*texts, b'{"type":"ping"}')))
            return [(await read(client))["data"] for _ in range(4)]

    assert asyncio.run(scenario()) == [20, 5, 0, "pong"]


def test_bad_input_is_answered_and_the_connection_stays() -> None:
    async def scenario() -> list[Any]:
        async with running() as server, await server.connect() as client:
            await read(client)
            for text in ("{", "[]", '{"type":"nothing"}'):
                client.send_text(text)
            client.send_text('{"type":"ping"}')
            return [(await read(client))["data"] for _ in range(4)]

    *errors, pong = asyncio.run(scenario())
    assert [error["code"] for error in errors] == ["bad_json", "bad_message", "unknown_type"]
    assert pong == "pong"


def test_a_user_with_too_many_connections_gets_429_and_others_come_in() -> None:
    async def scenario() -> tuple[Answer, Answer, Answer, int]:
        two_each = running(bounds=UserBounds(connections=2))
        async with two_each as server, await server.connect() as one, await server.connect() as two:
            for client in (one, two):
                await read(client)
            async with await server.connect() as three, await server.connect("s2") as other:
                answers = three.answer, other.answer
            one.send(masked(CLOSE))
            await one.recv_until_close()
            async with await server.connect() as again:
                count = server.users.limits.counted.counts["connections_per_user"]
                return *answers, again.answer, count

    three, other, again, count = asyncio.run(scenario())
    assert (three.status, three.headers["retry-after"]) == (429, "30")
    assert (other.status, again.status, count) == (101, 101, 1)


def test_of_handshakes_at_the_same_time_no_more_come_in_than_may() -> None:
    async def scenario() -> list[int]:
        async with running(bounds=UserBounds(connections=5)) as server:
            clients = await asyncio.gather(*(server.connect() for _ in range(20)))
            statuses = [client.answer.status for client in clients]
            for client in clients:
                await client.__aexit__()
            return sorted(statuses)

    assert asyncio.run(scenario()) == [101] * 5 + [429] * 15


def test_a_message_that_is_nested_too_deeply_is_bad_json_and_costs_nothing_else() -> None:
    async def scenario() -> tuple[list[dict[str, Any]], int]:
        async with running(bounds=UserBounds(depth=20)) as server, await server.connect() as client:
            await read(client)
            client.send(masked(TEXT, b"[" * 60_000))
            client.send_text('{"type":"ping","data":' + "[" * 20 + "]" * 20 + "}")
            client.send_text('{"type":"ping","data":' + "[" * 19 + "]" * 19 + "}")
            return [await read(client) for _ in range(3)], server.users.limits.counted.counts["json_depth"]

    (flat, deep, fine), count = asyncio.run(scenario())
    assert (flat["data"]["code"], deep["data"]["code"]) == ("bad_json", "bad_json")
    assert deep["data"]["message"] == "nested more than 20 deep"
    assert fine["data"] == "pong"
    assert count == 2


def test_a_message_of_too_many_numbers_that_are_slow_to_decode_is_bad_json() -> None:
    async def scenario() -> tuple[list[dict[str, Any]], int]:
        async with running(bounds=UserBounds(slow_numbers=3)) as server, await server.connect() as client:
            await read(client)
            for count in (4, 3):
                client.send_text('{"type":"ping","data":[' + ",".join(["1e308"] * count) + "]}")
            return [await read(client) for _ in range(2)], server.users.limits.counted.counts["json_numbers"]

    (slow, fine), count = asyncio.run(scenario())
    assert slow["data"]["code"] == "bad_json"
    assert "more than 3 numbers" in slow["data"]["message"]
    assert (fine["data"], count) == ("pong", 1)
