"""The users' side behind the real WebSocket server, on real sockets and with the real bridge."""

import asyncio
import json

from rtserver.base.messages import CloseSession, PushUser
from tests.user.online_server import running
from tests.websocket_client import TEXT, AsyncWebSocketClient, masked


async def read(client: AsyncWebSocketClient):
    return json.loads(await client.recv_text())


def test_a_user_is_greeted_answered_and_pushed_to():
    async def scenario():
        async with running() as server, await server.connect("s2") as client:
            userinfo = await read(client)
            client.send_text('{"type":"ping","data":null,"id":1}')
            pong = await read(client)
            server.bridge.to_users.post(PushUser((2,), "notice", {"text": "hi"}))
            return userinfo, pong, await read(client)

    userinfo, pong, notice = asyncio.run(scenario())
    assert userinfo["data"]["user"] == {"id": 2, "name": "ann"}
    assert pong == {"type": "ping", "data": "pong", "id": 1}
    assert notice == {"type": "notice", "data": {"text": "hi"}}


def test_a_stranger_gets_401_and_during_an_outage_everyone_503():
    async def scenario():
        async with running() as server:
            async with await server.connect("unknown") as stranger:
                pass
            server.site.outage = ConnectionError("no database")
            async with await server.connect() as unlucky:
                return stranger.answer, unlucky.answer

    stranger, unlucky = asyncio.run(scenario())
    assert stranger.status == 401
    assert (unlucky.status, unlucky.headers["retry-after"]) == (503, "5")


def test_a_logout_on_the_site_closes_the_socket_with_4009():
    async def scenario():
        async with running() as server, await server.connect() as client:
            await read(client)
            server.bridge.to_users.post(CloseSession("s1"))
            frame = await client.recv_until_close()
            async with await server.connect() as late:
                return frame.close_code, dict(server.users.agents), late.answer.status

    assert asyncio.run(scenario()) == (4009, {}, 401)


def test_messages_of_one_packet_are_handled_in_order_even_if_the_first_takes_longest():
    async def scenario():
        async with running() as server, await server.connect() as client:
            await read(client)
            texts = [b'{"type":"slow","data":%d}' % turns for turns in (20, 5, 0)]
            client.send(b"".join(masked(TEXT, text) for text in (*texts, b'{"type":"ping"}')))
            return [(await read(client))["data"] for _ in range(4)]

    assert asyncio.run(scenario()) == [20, 5, 0, "pong"]


def test_bad_input_is_answered_and_the_connection_stays():
    async def scenario():
        async with running() as server, await server.connect() as client:
            await read(client)
            for text in ("{", "[]", '{"type":"nothing"}'):
                client.send_text(text)
            client.send_text('{"type":"ping"}')
            return [(await read(client))["data"] for _ in range(4)]

    *errors, pong = asyncio.run(scenario())
    assert [error["code"] for error in errors] == ["bad_json", "bad_message", "unknown_type"]
    assert pong == "pong"
