"""The HTTP side, built and wired: probes, metrics, the demo site, and handshakes by way of Tornado."""

import re
from collections.abc import Sequence
from concurrent.futures import Executor

from tornado.httpserver import HTTPServer
from tornado.web import Application

from rtserver.base.limit.table import HEAD_SECONDS
from rtserver.base.listener.upgrade import WebSocketHandler, WebSocketServer
from rtserver.base.wire.forwarded import read_networks
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.django_env import DemoSite
from rtserver.bootstrap.web.application import Route, WebApplication
from rtserver.bootstrap.web.demo_pages import demo_routes
from rtserver.bootstrap.web.health import AliveHandler, Readiness, ReadyHandler
from rtserver.bootstrap.web.metrics import Metrics, MetricsHandler
from rtserver.bootstrap.web.monitor_access import MonitorAccess

MAX_BODY_BYTES = 65_536  # of a form: it needs no log-in, and all of it is held in memory
IDLE_SECONDS = 60.0  # between two requests: longer than most proxies keep a connection

Routes = Sequence[Route]


def own_routes(access: MonitorAccess, readiness: Readiness, metrics: Metrics) -> Routes:
    """Return the routes that tell about this process, at a port with this ``access``."""
    return [
        (r"/healthz", AliveHandler),
        (r"/readyz", ReadyHandler, {"readiness": readiness, "refusal": access.refusal}),
        (r"/metrics", MetricsHandler, {"metrics": metrics, "refusal": access.refusal}),
    ]


def build_application(
    config: Config, server: WebSocketServer, routes: Routes, site: DemoSite | None, threads: Executor
) -> Application:
    """Return the application of the public port: ``routes``, handshakes, and the demo's pages, which block in
    ``threads``.
    """
    pages = [] if site is None else demo_routes(site, threads)
    handshake = (re.escape(config.path), WebSocketHandler, {"server": server})
    trusted = read_networks(config.trusted_proxies)
    return WebApplication([handshake, *routes, *pages], trusted=trusted, hsts=_hsts(config))


def build_http(application: Application) -> HTTPServer:
    """Return the server of all requests but handshakes. ``TornadoStream`` bounds the time for a head."""
    return HTTPServer(
        application, max_body_size=MAX_BODY_BYTES, idle_connection_timeout=IDLE_SECONDS, body_timeout=HEAD_SECONDS
    )


def _hsts(config: Config) -> str | None:
    """Return the ``hsts`` of ``SafeAnswer``."""
    if not config.tls_cert:
        return None
    return f"max-age={config.hsts_seconds}" if config.hsts_seconds else ""
