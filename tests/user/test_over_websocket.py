"""The users' side behind the real WebSocket server, on real sockets and with the real bridge."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from user_side import Site
from websocket_client import TEXT, AsyncWebSocketClient, masked

from rtserver.base.bridge import Bridge
from rtserver.base.front_door import FrontDoor
from rtserver.base.messages import CloseSession, PushUser
from rtserver.base.websocket_server import WebSocketServer
from rtserver.handlers.ping import PingMsgHandler
from rtserver.user.auth import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.topic import TopicBoard
from rtserver.user.user_manager import UserManager

DEADLINE = 10.0


class CookieSite(Site):
    """Reads the session key from the request's cookie, as the real one does."""

    async def authenticate(self, request):
        cookie = request.cookies.get("sessionid")
        return None if cookie is None else await self.look_up(cookie)


class SlowEcho(BaseUserMsgHandler):
    """Answers the first message last, if it may."""

    msg_type = "slow"

    async def on_useragent_msg(self, agent, data):
        for _ in range(data):
            await asyncio.sleep(0)
        return data


@dataclass
class Running:
    """A server on a port of its own."""

    port: int
    users: UserManager
    bridge: Bridge
    site: CookieSite

    async def connect(self, session_key="s1") -> AsyncWebSocketClient:
        headers = {"Cookie": f"sessionid={session_key}"}
        return await AsyncWebSocketClient.connect("127.0.0.1", self.port, "/rt/", headers, timeout=DEADLINE)


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    loop = asyncio.get_running_loop()
    bridge = Bridge()
    site = CookieSite({key: Identity(number, "ann", key) for number, key in enumerate(("s0", "s1", "s2"))})
    users = UserManager([PingMsgHandler, SlowEcho], TopicBoard(), bridge.to_services.post, site, epoch="e1")
    server = WebSocketServer(users)
    bridge.to_users.bind(lambda: loop.call_soon_threadsafe(bridge.to_users.drain, users.handle, 100))
    door = FrontDoor("/rt/", server, HTTPServer(Application()))
    listener, port = bind_unused_port()
    door.listen([listener])
    try:
        yield Running(port, users, bridge, site)
    finally:
        door.stop()
        listener.close()
        users.close_all(1001)
        await server.wait_closed(1.0)
        assert not users.agents


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
            client.send(masked(2, b"\x00\x01"))
            client.send_text('{"type":"ping"}')
            return [(await read(client))["data"] for _ in range(5)]

    *errors, pong = asyncio.run(scenario())
    assert [error["code"] for error in errors] == ["bad_json", "bad_message", "unknown_type", "bad_message"]
    assert pong == "pong"
