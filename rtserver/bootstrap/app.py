"""The one place that builds objects and wires them, and the order in which a server comes up and goes down.

Decides nothing about messages. Everything that is built here is handed what it needs; nothing here is imported by
anything but the command line and tests.
"""

import asyncio
import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import tornado.netutil
from tornado.httpserver import HTTPServer
from tornado.web import Application

import rtserver
from rtserver.base.beat import Beat
from rtserver.base.bridge import Bridge
from rtserver.base.canary_trail import CanaryTrail
from rtserver.base.front_door import FrontDoor
from rtserver.base.gate import Gate
from rtserver.base.limit import LimitCounts
from rtserver.base.messages import Canary
from rtserver.base.outgoing_connection import fan_out
from rtserver.base.shared_port import forget_rule
from rtserver.base.tce_door import TceDoor
from rtserver.base.tce_gateway import UserGateway
from rtserver.base.websocket_server import WebSocketHandler, WebSocketServer
from rtserver.base.wire.forwarded import read_networks
from rtserver.bootstrap.certificate import Certificate
from rtserver.bootstrap.config import Config
from rtserver.bootstrap.demo_pages import demo_routes
from rtserver.bootstrap.django_env import DemoSite, prepare_django
from rtserver.bootstrap.embedded_redis import EmbeddedRedis
from rtserver.bootstrap.error import StartError
from rtserver.bootstrap.file_limit import raise_file_limit
from rtserver.bootstrap.going_down import LEAST_PATIENCE, GoingDown, longest_end
from rtserver.bootstrap.guarded_servant import guard_calls
from rtserver.bootstrap.health import AliveHandler, Probe, Reading, ReadyHandler, beat_probe, canary_probe
from rtserver.bootstrap.limits import connection_rates, gate_limits, log_lines, user_bounds
from rtserver.bootstrap.log import set_up_log
from rtserver.bootstrap.measures import (
    bridge_measures,
    canary_measures,
    guard_measures,
    limit_measures,
    resume_measures,
    service_measures,
    stall_measures,
    tce_measures,
    tls_measures,
    user_measures,
)
from rtserver.bootstrap.memory import MemoryWatch, memory_bounds
from rtserver.bootstrap.metrics import Metrics, MetricsHandler
from rtserver.bootstrap.plugin import build_servant, by_type, load_plugins, load_policy, load_servants
from rtserver.bootstrap.private_door import CANARY_PATH, PrivateDoor
from rtserver.bootstrap.service_side import build_services
from rtserver.bootstrap.supervisor import Supervisor
from rtserver.bootstrap.web_application import WebApplication, is_inside
from rtserver.handlers.mycharts import MyChartMsgHandler
from rtserver.handlers.ping import PingMsgHandler
from rtserver.handlers.resume import ResumeMsgHandler
from rtserver.handlers.seen import SeenMsgHandler
from rtserver.user.auth import SessionAuthenticator
from rtserver.user.limits import UserLimits
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.policy import Policy, Rights
from rtserver.user.recent_look_ups import RecentLookUps
from rtserver.user.topic import TopicBoard
from rtserver.user.user_manager import UserManager
from rtserver.watch.canary_client import CanaryClient
from rtserver.watch.canary_owner import CanaryOwner
from rtserver.watch.loop_guard import LoopGuard
from rtserver.watch.watchdog import Watchdog
from tcelib.core.adapter import RpcCommAdapter

log = logging.getLogger(__name__)

DRAIN_LIMIT = 64
DRAIN_SECONDS = 0.005  # a message may be a picture to draw
WEBSOCKET_PATH = "/rt/"
LOOPBACK = "127.0.0.1"
SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_SECONDS = 0.5
STALE_SECONDS = 3.0
SEEN_SECONDS = 1.0
BACKLOG = 4096
MAX_BODY_BYTES = 65_536  # of a form: nobody has to log in to send one, and all of it is held in memory
IDLE_SECONDS = 60.0  # between two requests, for the head of one, and for its body
DJANGO_THREADS = 4
PAGE_THREADS = 8


def serve(config: Config) -> int:
    """Run a server until it is told to stop; the process's exit code. Raises ``StartError``."""
    _set_up_log(config)
    raise_file_limit()
    # A supervisor that loses patience aborts us: then the stacks of all threads are told.
    faulthandler.enable()
    certificate = Certificate(Path(config.tls_cert), Path(config.tls_key)) if config.tls_cert else None
    # Before anything else is started: a second server ends here.
    listeners = Listeners(bind(config.host, config.port, shared=config.reuse_port))
    embedded = None if config.redis_url else EmbeddedRedis(Path(config.var_dir))
    try:
        if config.tce_port:
            listeners.tce += bind(config.host, config.tce_port, "--tce-port, or 0 for none", shared=config.reuse_port)
        listeners.private += bind(LOOPBACK, config.admin_port, "--admin-port, or 0 for any")
        if embedded is not None:
            embedded.start()
        redis_url = embedded.url if embedded is not None else config.redis_url
        site = prepare_django(config, redis_url)
        # Django has set logging up as its settings say; ours is what an operator of this process expects.
        _set_up_log(config)
        return asyncio.run(App(config, redis_url, site, listeners, certificate).run())
    except StartError:
        raise
    except BaseException:
        # sys.exit in a plug-in's callback, for instance: it is no end that anybody asked for.
        log.critical("! the websocket thread died", exc_info=True)
        return 1
    finally:
        listeners.close()
        if embedded is not None:
            embedded.stop()


@dataclass
class Listeners:
    """What a server listens on: for everybody, for binary clients, and on loop-back for this process alone."""

    public: list[socket.socket]
    tce: list[socket.socket] = field(default_factory=list)
    private: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        """All of them; those that are closed already do not mind."""
        for listener in (*self.public, *self.tce, *self.private):
            listener.close()


def _set_up_log(config: Config) -> None:
    set_up_log(
        sys.stderr,
        level=config.log_level,
        form=config.log_format,
        environ=os.environ,
        lines_per_second=log_lines(config),
    )


def bind(host: str, port: int, option: str = "--port", *, shared: bool = False) -> list[socket.socket]:
    """Sockets to listen on; where they are ``shared``, beside those of other servers that share theirs.

    Raises ``StartError``, which names the address and the ``option`` to choose another.
    """
    try:
        listeners = tornado.netutil.bind_sockets(port, host, backlog=BACKLOG, reuse_port=shared)
    except OSError as error:
        raise StartError(f"cannot listen on {host}:{port}: {error.strerror}; choose another {option}") from error
    forget_rule(listeners)
    return listeners


def build_http(application: Application) -> HTTPServer:
    """Who answers all requests but the handshakes. A stranger's, too: he holds no socket for long."""
    return HTTPServer(
        application, max_body_size=MAX_BODY_BYTES, idle_connection_timeout=IDLE_SECONDS, body_timeout=IDLE_SECONDS
    )


class App:
    """One server: the websocket thread, which is the one that calls ``run``, and the service thread."""

    def __init__(
        self,
        config: Config,
        redis_url: str,
        site: DemoSite | None,
        listeners: Listeners,
        certificate: Certificate | None = None,
    ) -> None:
        self._config = config
        self._redis_url = redis_url
        self._site = site
        self._trusted = read_networks(config.trusted_proxies)
        self._certificate = certificate
        self._tls = None if certificate is None else certificate.tls
        self._bridge = Bridge()
        self._supervisor = Supervisor(os.environ)
        self._limited = LimitCounts()
        self._gate = Gate(gate_limits(config), self._limited)
        self._exit_code = 0
        self._beat = Beat("websocket", time.monotonic(), config.stall_ms / 1000)
        self._listeners = listeners
        self._trail = CanaryTrail(config.canary_seconds, time.monotonic())
        self.port: int = listeners.public[0].getsockname()[1]

    async def run(self) -> int:
        """Come up, serve until a signal or a failure, go down; the exit code. Raises ``StartError``."""
        config = self._config
        self._loop = asyncio.get_running_loop()
        self._guard = LoopGuard(self._loop, self._on_failure)
        self._stopping = asyncio.Event()
        self._django_threads = ThreadPoolExecutor(DJANGO_THREADS, "rtserver-django")
        self._page_threads = ThreadPoolExecutor(PAGE_THREADS, "rtserver-pages")
        self._users = self._build_users()
        self._server = self._build_server()
        self._memory = MemoryWatch(memory_bounds(config), self._server)
        worker = self._config.worker or f"{socket.gethostname()}:{self.port}"
        self._services = build_services(
            self._config, self._redis_url, self._bridge, self._on_failure, worker=worker, trail=self._trail
        )
        own_routes = self._own_routes()
        http = build_http(self._build_application(own_routes))
        private_door, canary_client = self._build_canary(own_routes)
        self._bridge.to_users.bind(lambda: self._loop.call_soon_threadsafe(self._drain))
        self._services.thread.start()
        door = FrontDoor(WEBSOCKET_PATH, self._server, http, trusted=self._trusted, tls=self._tls)
        door.listen(self._listeners.public)
        tce_door = TceDoor(self._server, self._tls)
        tce_door.listen(self._listeners.tce)
        for number in SIGNALS:
            self._loop.add_signal_handler(number, self._on_signal)
        if self._certificate is not None:
            self._loop.add_signal_handler(signal.SIGHUP, self._certificate.renew)
        private_door.open()
        for coroutine in (
            self._watch_canary(),
            self._recheck_sessions(),
            self._tell_seen(),
            canary_client.run(),
            self._memory.run(),
        ):
            self._guard.run(coroutine)
        # What is built by now stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        watchdog = self._start_watchdog()
        self._announce()
        self._supervisor.tell_ready()
        try:
            await self._stopping.wait()
        except asyncio.CancelledError:
            # Something has torn the event loop down from inside: nobody can be told any more.
            self._exit_in_time()
            self._services.thread.stop(LEAST_PATIENCE)
            raise
        self._exit_in_time()
        listeners = (*self._listeners.public, *self._listeners.tce)
        parts = (self._server, self._users, self._services.thread, self._bridge)
        await GoingDown(config, listeners, door, tce_door, http, *parts).run(bool(self._exit_code))
        self._guard.cancel()
        watchdog.stop()
        await private_door.close()
        self._django_threads.shutdown(wait=False, cancel_futures=True)
        self._page_threads.shutdown(wait=False, cancel_futures=True)
        log.info("= stopped")
        return self._exit_code

    def _build_users(self) -> UserManager:
        config = self._config
        policy = load_policy(config.policy)
        rights = Rights(policy, max_rate=config.max_rate or None)
        plugins = load_plugins(config.msg_handlers, "rtserver.handlers", BaseUserMsgHandler)
        ours = (PingMsgHandler, MyChartMsgHandler, ResumeMsgHandler, SeenMsgHandler)
        classes: list[type[BaseUserMsgHandler]] = [*ours, *plugins]
        own: dict[type[BaseUserMsgHandler], Callable[[UserManager], BaseUserMsgHandler]]
        own = {MyChartMsgHandler: partial(MyChartMsgHandler, max_rate=rights.max_rate)}
        handlers = [own.get(cls, cls) for cls in by_type(classes).values()]
        return UserManager(
            handlers,
            TopicBoard(fan_out, self._loop),
            self._bridge.to_services.post,
            RecentLookUps(self._build_authenticator(policy)),
            rights=rights,
            epoch=format(time.time_ns() // 1_000_000, "x"),
            heartbeat_ms=int(config.heartbeat_seconds * 1000),
            limits=UserLimits(user_bounds(config), self._limited),
        )

    def _build_authenticator(self, policy: Policy) -> SessionAuthenticator:
        return SessionAuthenticator(
            self._django_threads, token_seconds=self._config.tce_token_seconds, reads_groups=policy.needs_groups
        )

    def _build_server(self) -> WebSocketServer:
        config = self._config
        return WebSocketServer(
            self._users,
            allowed_origins=config.allowed_origins,
            heartbeat_seconds=config.heartbeat_seconds,
            max_message_bytes=config.max_message_bytes,
            outbox_bytes=config.outbox_bytes,
            outbox_hard_bytes=config.outbox_hard_bytes,
            unsent_bytes=config.unsent_bytes,
            flush_window=config.flush_window_ms / 1000,
            max_packet_bytes=config.tce_max_packet_bytes,
            login_seconds=config.tce_login_seconds,
            adapter=self._build_adapter(),
            gate=self._gate,
            rates=connection_rates(config),
            compresses=config.compression == "deflate",
        )

    def _build_adapter(self) -> RpcCommAdapter:
        """The servants of all binary clients."""
        adapter = RpcCommAdapter("rtserver").addServant(UserGateway())
        for cls in load_servants(self._config.rpc_servants):
            adapter.addServant(build_servant(cls, self._users))
        guard_calls(adapter.table, self._users.rights)
        return adapter

    def _build_canary(self, own_routes: Sequence[Any]) -> tuple[PrivateDoor, CanaryClient]:
        """The two ends of the loop-back connections that our own messages come back over."""
        owner = CanaryOwner(self._trail)
        self._users.receive(Canary, owner.on_canary)
        door = PrivateDoor(self._listeners.private, own_routes, owner, self._server.flusher)
        return door, CanaryClient(door.port, CANARY_PATH, owner.headers, self._trail)

    def _own_routes(self) -> list[tuple[Any, ...]]:
        """What tells about this process."""
        services = self._services
        may_read = partial(is_inside, networks=read_networks(self._config.metrics_allow))
        measures = (
            *user_measures(self._server, self._users),
            *tce_measures(self._server),
            *limit_measures(self._limited, self._server),
            *service_measures(services.thread, services.quotes),
            *resume_measures(services.streams, self._users),
            *bridge_measures(self._bridge),
            *canary_measures(self._trail),
            *guard_measures(self._guard),
            *(tls_measures(self._certificate) if self._certificate else ()),
            *stall_measures((self._beat, services.thread.beat)),
        )
        return [
            (r"/healthz", AliveHandler),
            (r"/readyz", ReadyHandler, {"probes": self._probes(), "may_read": may_read}),
            (r"/metrics", MetricsHandler, {"metrics": Metrics(measures), "may_read": may_read}),
        ]

    def _build_application(self, own_routes: Sequence[Any]) -> Application:
        routes = [(WEBSOCKET_PATH, WebSocketHandler, {"server": self._server}), *own_routes]
        if self._site is not None:
            routes += demo_routes(self._site, self._page_threads)
        return WebApplication(routes, trusted=self._trusted, hsts=self._hsts())

    def _hsts(self) -> str | None:
        """See ``SafeAnswer``."""
        seconds = self._config.hsts_seconds
        return None if self._tls is None else f"max-age={seconds}" if seconds else ""

    def _probes(self) -> list[Probe]:
        thread = self._services.thread
        link = thread.link
        return [
            beat_probe("websocket thread", lambda: self._beat.last, STALE_SECONDS),
            beat_probe("service thread", lambda: thread.beat.last, STALE_SECONDS),
            self._memory.probe,
            lambda: Reading("redis", link.is_connected and not link.is_refusing, self._services.address),
            canary_probe(self._trail),
            lambda: Reading(
                "accepting", not self._stopping.is_set(), "no: going down" if self._stopping.is_set() else "yes"
            ),
        ]

    def _announce(self) -> None:
        print(banner(self._config, self.port, self._services.address, self._site is not None), flush=True)  # noqa: T201
        log.info("= listening on %s:%d, WebSockets at /rt/", self._config.host, self.port)
        if self._config.tce_port:
            log.info("= listening on %s:%d for binary clients", self._config.host, self._config.tce_port)

    # While it runs.

    def _drain(self) -> None:
        self._bridge.to_users.drain(self._users.handle, DRAIN_LIMIT, DRAIN_SECONDS)

    def _start_watchdog(self) -> Watchdog:
        services = self._services.thread
        self._beat.start(time.monotonic())
        self._turn()
        watchdog = Watchdog({threading.get_ident(): self._beat, services.ident: services.beat}, self._on_failure)
        watchdog.start()
        return watchdog

    def _turn(self) -> None:
        self._beat.beat(time.monotonic())
        self._loop.call_later(self._beat.interval, self._turn)

    async def _watch_canary(self) -> None:
        while True:
            now = time.monotonic()
            said = self._trail.look(now)
            if said:
                log.log(logging.ERROR if self._trail.is_late(now) else logging.INFO, "%s", said)
            if self._stopping.is_set() or now - self._services.thread.beat.last < STALE_SECONDS:
                self._supervisor.tell_beat()
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell_seen(self) -> None:
        while True:
            await asyncio.sleep(SEEN_SECONDS)
            self._users.tell_seen()

    async def _recheck_sessions(self) -> None:
        while True:
            await asyncio.sleep(self._config.session_check_seconds)
            await self._users.recheck_sessions()

    def _on_signal(self) -> None:
        """Not ready from this moment on. A second signal finds no handler: it ends the process at once."""
        self._stopping.set()
        for number in SIGNALS:
            self._loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    def _exit_in_time(self) -> None:
        """Should anything hang: tell all threads' stacks and exit with 1, which needs no Python to turn any more."""
        self._supervisor.tell_stopping()
        faulthandler.dump_traceback_later(longest_end(self._config), exit=True)

    def _on_failure(self, error: BaseException) -> None:
        """On any thread: what is left cannot be relied on, so the process ends and is started anew."""
        self._exit_code = 1
        with suppress(RuntimeError):  # the loop has gone already
            self._loop.call_soon_threadsafe(self._stopping.set)


def banner(config: Config, port: int, redis_address: str, has_demo: bool) -> str:
    """What a person who has just started the server wants to know; the address is one without its password."""
    host = "localhost" if config.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else config.host
    secure = "s" if config.tls_cert else ""
    rows: Mapping[str, str] = {
        "page": f"http{secure}://{host}:{port}/",
        "log in as": "demo / demo",
        "tce": f"{host}:{config.tce_port}" + (" (TLS)" if secure else ""),
        "producers": f'redis-cli -u {redis_address} RPUSH {config.queue} \'{{"type":…,"src":…,"data":…}}\'',
        "stop": "Ctrl-C",
    }
    if not has_demo:
        rows = {"websocket": f"ws{secure}://{host}:{port}/rt/"} | {
            name: rows[name] for name in ("tce", "producers", "stop")
        }
    if not config.tce_port:
        rows = {name: text for name, text in rows.items() if name != "tce"}
    lines = "\n".join(f"    {name:<10} {value}" for name, value in rows.items())
    return f"\n  rtserver {rtserver.__version__} is up\n\n{lines}\n"
