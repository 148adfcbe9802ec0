"""The users' side behind the real ways in, on real sockets and with the real bridge; sessions are in a dict."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Never

from tornado.httpserver import HTTPServer
from tornado.httputil import parse_cookie
from tornado.testing import bind_unused_port
from tornado.web import Application

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.limit.table import Limit
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.tce_listener import TceListener
from rtserver.base.listener.upgrade import UpgradeRequest, WebSocketServer
from rtserver.base.tce.gateway import UserGateway
from rtserver.base.tce.server import TceServer
from rtserver.handlers.ping import PingMsgHandler
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler, Data, RequestError
from rtserver.user.topic.board import Topics
from rtserver.user.user_agent import UserAgent
from rtserver.user.user_limits import UserBounds, UserLimits
from rtserver.user.user_manager import UserManager
from tcelib.core.adapter import RpcCommAdapter
from tcelib.limit.admission import Admission
from tcelib.limit.table import LimitCounts
from tests.base.server import build_server, build_tce
from tests.tce_client import TceClient
from tests.user_side import Site
from tests.websocket_client import AsyncWebSocketClient

DEADLINE = 10.0


def close_all(users: UserManager) -> None:
    """Close every connection, as a server that goes down."""
    for agent in tuple(users.agents.values()):
        agent.kick(1001)


class CookieSite(Site):
    """Reads the session key from the request's cookie, as the real one does."""

    def credential(self, request: UpgradeRequest) -> str | None:
        return parse_cookie(request.headers.get("cookie", "")).get("sessionid")


class SlowEcho(BaseUserMsgHandler):
    """Answers the first message last, if it may."""

    msg_type = "slow"

    async def on_useragent_msg(self, agent: UserAgent, data: Data) -> int:
        for _ in range(data):
            await asyncio.sleep(0)
        return data


class Shop(BaseUserMsgHandler):
    """Refuses every order with a code of its own."""

    msg_type = "order"

    def on_useragent_msg(self, agent: UserAgent, data: Data) -> Never:
        raise RequestError("the last one is sold", code="out_of_stock")


@dataclass
class Running:
    """A server on a port of its own."""

    port: int
    tce_port: int
    server: WebSocketServer
    tce: TceServer
    users: UserManager
    bridge: Bridge
    site: CookieSite

    async def meet(self, way: str, **options: Any) -> TceClient:
        """A binary client whom nobody knows yet, over ``tcp`` or over ``websocket``."""
        if way == "tcp":
            return await TceClient.over_tcp(self.tce_port, **options)
        return await TceClient.over_websocket(self.port, **options)

    async def connect(self, session_key: str = "s1") -> AsyncWebSocketClient:
        headers = {"Cookie": f"sessionid={session_key}"}
        return await AsyncWebSocketClient.connect("127.0.0.1", self.port, "/rt/", headers, timeout=DEADLINE)


@asynccontextmanager
async def running(*servants: Any, bounds: UserBounds | None = None, **limits: Any) -> AsyncIterator[Running]:
    """Everything is up; ``servants`` are served beside the gateway, ``limits`` are ``WebSocketServer``'s,
    ``bounds`` those of a user."""
    loop = asyncio.get_running_loop()
    bridge = Bridge()
    site = CookieSite({key: Identity(number, "ann", key) for number, key in enumerate(("s0", "s1", "s2"))})
    users = UserManager(
        [PingMsgHandler, SlowEcho, Shop],
        Topics(),
        bridge.to_services.post,
        site,
        epoch="e1",
        limits=UserLimits(bounds),
    )
    adapter = RpcCommAdapter("test")
    for servant in (UserGateway(), *servants):
        adapter.addServant(servant)
    admission = Admission(counted=LimitCounts(Limit))
    tce = build_tce(admission, limits, adapter)
    server = build_server(WebSocketServer, users, admission, tce, limits, open_binary=tce.open_beside_text)
    bridge.to_users.bind(lambda: loop.call_soon_threadsafe(bridge.to_users.drain, users.handle, 100))
    listener = HttpListener("/rt/", server, HTTPServer(Application()))
    listening, port = bind_unused_port()
    listener.listen([listening])
    tce_listener = TceListener(server, tce)
    tce_listening, tce_port = bind_unused_port()
    tce_listener.listen([tce_listening])
    try:
        yield Running(port, tce_port, server, tce, users, bridge, site)
    finally:
        listener.stop()
        tce_listener.stop()
        listening.close()
        tce_listening.close()
        close_all(users)
        await server.wait_closed(1.0)
        assert not users.agents
        assert not adapter.connections
        assert not len(server.wheel)
