"""The listeners of a server, built and wired: HTTP and WebSockets, TCE, and the one on loop-back."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from tornado.httpserver import HTTPServer

from rtserver.base.bridge.message import Canary
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.shared_port import hurry
from rtserver.base.listener.tce_listener import TceListener
from rtserver.base.listener.tls import Tls
from rtserver.base.wire.forwarded import read_networks
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.process.listening_socket import ListeningSockets
from rtserver.bootstrap.site.django_env import DemoSite
from rtserver.bootstrap.user_side import UserSide
from rtserver.bootstrap.web.build import build_application, build_http, own_routes
from rtserver.bootstrap.web.health import Readiness
from rtserver.bootstrap.web.loopback_listener import CANARY_PATH, LoopbackListener
from rtserver.bootstrap.web.metrics import Metrics
from rtserver.bootstrap.web.monitor_access import private_access, public_access
from rtserver.watch.canary_client import CanaryClient
from rtserver.watch.canary_handler import CanaryHandler
from rtserver.watch.canary_trail import CanaryTrail

UNDER_WAY_SECONDS = 1.0  # from a client's first packet until it can be accepted: more than a round trip


class ListenerSide(NamedTuple):
    """The listeners of one server on its bound ``sockets``.

    ``http`` serves the requests that ``front`` hands on. ``canary_client`` opens the connections to ``loopback``.
    """

    sockets: ListeningSockets
    front: HttpListener
    tce: TceListener
    loopback: LoopbackListener
    http: HTTPServer
    canary_client: CanaryClient

    def open(self) -> None:
        """Accept connections."""
        self.front.listen(self.sockets.public)
        self.tce.listen(self.sockets.tce)
        self.loopback.open()

    async def rescue(self, public: Sequence[socket.socket], tce: Sequence[socket.socket]) -> None:
        """Accept the connections that wait at the sockets of a server that has died, and close them."""
        self.front.listen(public)
        self.tce.listen(tce)
        for listening in public:
            hurry(listening)
        await asyncio.sleep(UNDER_WAY_SECONDS)
        self.front.leave(public)
        self.tce.leave(tce)
        for listening in (*public, *tce):
            listening.close()


def build_listeners(
    config: Config,
    sockets: ListeningSockets,
    user_side: UserSide,
    *,
    tls: Tls | None,
    site: DemoSite | None,
    pages: Executor,
    readiness: Readiness,
    metrics: Metrics,
    trail: CanaryTrail,
) -> ListenerSide:
    """Build the listeners on the event loop's thread, closed yet. ``pages`` runs what blocks in the demo's pages."""
    server = user_side.server
    routes = own_routes(public_access(config), readiness, metrics)
    http = build_http(build_application(config, server, routes, site, pages))
    front = HttpListener(config.path, server, http, trusted=read_networks(config.trusted_proxies), tls=tls)
    canaries = CanaryHandler(trail)
    user_side.users.receive(Canary, canaries.on_canary)
    private_routes = own_routes(private_access(config), readiness, metrics)
    loopback = LoopbackListener(sockets.private, private_routes, canaries, server.flusher)
    canary_client = CanaryClient(loopback.port, CANARY_PATH, canaries.headers, trail)
    return ListenerSide(sockets, front, TceListener(server, user_side.tce, tls), loopback, http, canary_client)
