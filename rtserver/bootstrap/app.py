"""A server: its parts, in the order in which they come up, and what is done while it runs.

The parts are built by ``service_side``, ``user_side`` and ``web_side``; ``shutdown`` has the order of the end.

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
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tornado.httpserver import HTTPServer

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.bridge.message import Canary
from rtserver.base.limit.table import LimitCounts
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.tce_listener import TceListener
from rtserver.base.queue.redis_queue import plain_client
from rtserver.base.queue.redis_revocations import RedisRevocations
from rtserver.base.wire.forwarded import read_networks
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import StartError
from rtserver.bootstrap.config.limits import log_lines, memory_bounds
from rtserver.bootstrap.config.secret_file import Reloading, check_redis_password, read_queue_secret
from rtserver.bootstrap.process.banner import banner
from rtserver.bootstrap.process.certificate import Certificate
from rtserver.bootstrap.process.embedded_redis import EmbeddedRedis
from rtserver.bootstrap.process.file_limit import raise_file_limit
from rtserver.bootstrap.process.listening_socket import ListeningSockets
from rtserver.bootstrap.process.log import set_up_log
from rtserver.bootstrap.process.memory import resident_bytes, system_bytes
from rtserver.bootstrap.process.queue_signer import signer_of
from rtserver.bootstrap.process.supervisor import Supervisor
from rtserver.bootstrap.service_side import build_services
from rtserver.bootstrap.shutdown import LEAST_PATIENCE, Shutdown, longest_end
from rtserver.bootstrap.site.django_env import DemoSite, prepare_django
from rtserver.bootstrap.user_side import build_server, build_users
from rtserver.bootstrap.web.build import Routes, build_application, build_http, own_routes
from rtserver.bootstrap.web.health import Probe, Reading, beat_probe, canary_probe, loops_probe, memory_probe
from rtserver.bootstrap.web.loopback_listener import CANARY_PATH, LoopbackListener
from rtserver.bootstrap.web.measures import (
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
from rtserver.bootstrap.web.metrics import Measure, Metrics
from rtserver.bootstrap.web.monitor_access import private_access, public_access
from rtserver.service.thread.service_thread import SERVICE_THREAD
from rtserver.user.session.login_watch import LoginWatch
from rtserver.user.session.site_probe import probe_site
from rtserver.watch.beat import Beat
from rtserver.watch.canary_client import CanaryClient
from rtserver.watch.canary_owner import CanaryOwner
from rtserver.watch.canary_trail import CanaryTrail
from rtserver.watch.loop_guard import LoopGuard
from rtserver.watch.memory_watch import MemoryWatch
from rtserver.watch.watchdog import Watchdog

log = logging.getLogger(__name__)

DRAIN_LIMIT = 64
DRAIN_SECONDS = 0.005  # a message may be a picture to draw
SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_SECONDS = 0.5
STALE_SECONDS = 3.0
SEEN_SECONDS = 1.0
DJANGO_THREADS = 4
PAGE_THREADS = 8


def serve(config: Config) -> int:
    """Run a server until it is told to stop; the process's exit code. Raises ``StartError``.

    Does not return, but ends the process with that code, while a handler still computes on the service thread: the
    interpreter's own end would tear it out of the middle of a greenlet, with a segmentation fault.
    """
    code = _serve(config)
    if any(thread.name == SERVICE_THREAD for thread in threading.enumerate()):
        log.error("! a handler does not return; the process ends without it")
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    return code


def _serve(config: Config) -> int:
    _set_up_log(config)
    raise_file_limit()
    # A supervisor that loses patience aborts us: then the stacks of all threads are told.
    faulthandler.enable()
    certificate = Certificate(Path(config.tls_cert), Path(config.tls_key)) if config.tls_cert else None
    sockets = ListeningSockets()
    embedded = None if config.redis_url else EmbeddedRedis(Path(config.var_dir), port=config.embedded_redis_port)
    try:
        # Before anything else is started: a second server ends here.
        sockets.bind_all(config)
        if embedded is not None:
            embedded.start()
        redis_url = embedded.url if embedded is not None else config.redis_url
        site = prepare_django(config, redis_url)
        # Django has set logging up as its settings say; ours is what an operator of this process expects.
        _set_up_log(config)
        return asyncio.run(App(config, redis_url, site, sockets, certificate).run())
    except StartError:
        raise
    except BaseException:
        # sys.exit in a plug-in's callback, for instance: it is no end that anybody asked for.
        log.critical("! the websocket thread died", exc_info=True)
        return 1
    finally:
        sockets.close()
        if embedded is not None:
            embedded.stop()


def _set_up_log(config: Config) -> None:
    set_up_log(
        sys.stderr,
        level=config.log_level,
        form=config.log_format,
        environ=os.environ,
        lines_per_second=log_lines(config),
    )


class Listeners(NamedTuple):
    """Where connections come in. ``http`` serves the requests that ``front`` hands on."""

    front: HttpListener
    tce: TceListener
    private: LoopbackListener
    http: HTTPServer


class App:
    """One server: the websocket thread, which is the one that calls ``run``, and the service thread."""

    def __init__(
        self,
        config: Config,
        redis_url: str,
        site: DemoSite | None,
        sockets: ListeningSockets,
        certificate: Certificate | None = None,
    ) -> None:
        self._config = config
        self._redis_url = redis_url
        self._site = site
        self._certificate = certificate
        self._tls = None if certificate is None else certificate.tls
        self._signer = signer_of(config)
        self._bridge = Bridge()
        self._supervisor = Supervisor(os.environ)
        self._limited = LimitCounts()
        self._exit_code = 0
        self._beat = Beat("websocket", time.monotonic(), config.stall_ms / 1000)
        self._sockets = sockets
        self._trail = CanaryTrail(config.canary_seconds, time.monotonic())
        self.port: int = sockets.public[0].getsockname()[1]

    async def run(self) -> int:
        """Come up, serve until a signal or a failure, go down; the exit code. Raises ``StartError``."""
        self._build()
        listeners, canary_client = self._build_listeners()
        to_users = self._bridge.to_users
        drain = partial(to_users.drain, self._users.handle, DRAIN_LIMIT, DRAIN_SECONDS)
        to_users.bind(partial(self._loop.call_soon_threadsafe, drain))
        self._services.thread.start()
        self._open(listeners)
        self._run_tasks(canary_client)
        # What is built by now stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        watchdog = self._start_watchdog()
        self._announce()
        self._supervisor.tell_ready()
        await self._until_told_to_stop()
        await self._close(listeners)
        watchdog.stop()
        await listeners.private.close()
        self._django_threads.shutdown(wait=False, cancel_futures=True)
        self._page_threads.shutdown(wait=False, cancel_futures=True)
        self._revocations.close()
        log.info("= stopped")
        return self._exit_code

    def _build(self) -> None:
        """What needs the event loop, and is needed by what comes after."""
        config = self._config
        self._loop = asyncio.get_running_loop()
        self._guard = LoopGuard(self._loop, self._on_failure)
        self._stopping = asyncio.Event()
        self._django_threads = ThreadPoolExecutor(DJANGO_THREADS, "rtserver-django")
        self._page_threads = ThreadPoolExecutor(PAGE_THREADS, "rtserver-pages")
        self._revocations = RedisRevocations(plain_client(self._redis_url), config.queue)
        self._log_ins = LoginWatch(self._probe_site, self._django_threads)
        self._users = build_users(
            config,
            self._bridge,
            self._django_threads,
            self._revocations,
            self._limited,
            on_look_up_error=self._log_ins.on_failure,
        )
        self._server = build_server(config, self._users, self._django_threads, self._limited)
        self._memory = MemoryWatch(memory_bounds(config, system_bytes), self._server, resident_bytes)
        worker = config.worker or f"{socket.gethostname()}:{self.port}"
        self._services = build_services(
            config,
            self._redis_url,
            self._bridge,
            self._on_failure,
            worker=worker,
            trail=self._trail,
            signer=self._signer,
        )

    def _build_listeners(self) -> tuple[Listeners, CanaryClient]:
        config = self._config
        probes, metrics = self._probes(), Metrics(self._measures())
        routes = own_routes(public_access(config), probes, metrics)
        http = build_http(build_application(config, self._server, routes, self._site, self._page_threads))
        private, canary_client = self._build_canary(own_routes(private_access(config), probes, metrics))
        trusted = read_networks(config.trusted_proxies)
        front = HttpListener(config.path, self._server, http, trusted=trusted, tls=self._tls)
        return Listeners(front, TceListener(self._server, self._tls), private, http), canary_client

    def _open(self, listeners: Listeners) -> None:
        listeners.front.listen(self._sockets.public)
        listeners.tce.listen(self._sockets.tce)
        for number in SIGNALS:
            self._loop.add_signal_handler(number, self._on_signal)
        reloading = self._reloading()
        # Else SIGHUP means what it means to every program whose terminal has gone; from a service manager, "reload".
        if reloading or self._supervisor.is_there:
            self._loop.add_signal_handler(signal.SIGHUP, reloading.run)
        listeners.private.open()

    def _reloading(self) -> Reloading:
        reloading = Reloading()
        if self._certificate is not None:
            reloading.add("certificate", self._certificate.renew)
        path = self._config.queue_secret_file
        if path:
            reloading.add("queue secret", lambda: self._signer.replace(read_queue_secret(path)))
        password = self._config.redis_password_file
        if password:  # each new connection reads it: whoever has changed it hears here whether that is possible
            reloading.add("password of Redis", lambda: check_redis_password(password))
        return reloading

    def _run_tasks(self, canary_client: CanaryClient) -> None:
        for coroutine in (
            self._watch_canary(),
            self._recheck_sessions(),
            self._tell_seen(),
            self._log_ins.run(),
            canary_client.run(),
            self._memory.run(),
        ):
            self._guard.run(coroutine)

    async def _until_told_to_stop(self) -> None:
        """From its end on the process has a known time left."""
        try:
            await self._stopping.wait()
        except asyncio.CancelledError:
            # Something has torn the event loop down from inside: nobody can be told any more.
            self._exit_in_time()
            self._services.thread.stop(LEAST_PATIENCE)
            raise
        self._exit_in_time()

    async def _close(self, listeners: Listeners) -> None:
        sockets = (*self._sockets.public, *self._sockets.tce)
        parts = (self._server, self._users, self._services.thread, self._bridge)
        shutdown = Shutdown(self._config, sockets, listeners.front, listeners.tce, listeners.http, *parts)
        if not await shutdown.run(bool(self._exit_code)):
            self._exit_code = 1
        self._guard.cancel()

    def _build_canary(self, routes: Routes) -> tuple[LoopbackListener, CanaryClient]:
        """The two ends of the loop-back connections that our own messages come back over."""
        owner = CanaryOwner(self._trail)
        self._users.receive(Canary, owner.on_canary)
        listener = LoopbackListener(self._sockets.private, routes, owner, self._server.flusher)
        return listener, CanaryClient(listener.port, CANARY_PATH, owner.headers, self._trail)

    def _measures(self) -> tuple[Measure, ...]:
        services = self._services
        return (
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

    def _probes(self) -> list[Probe]:
        thread = self._services.thread
        link = thread.pipeline.link
        return [
            beat_probe("websocket thread", lambda: self._beat.last, STALE_SECONDS),
            beat_probe("service thread", lambda: thread.beat.last, STALE_SECONDS),
            loops_probe(thread.failing_loops),
            memory_probe(self._memory.guard),
            lambda: Reading(
                "redis", link.is_connected and not link.is_refusing, link.refusal or self._services.address
            ),
            lambda: Reading("redis memory", not thread.pipeline.memory.is_full, thread.pipeline.memory.detail),
            # Whom such a key concerns is told; all others are served.
            lambda: Reading("keys", True, thread.pipeline.broken_keys.detail),
            canary_probe(self._trail),
            lambda: Reading("log-ins", self._log_ins.is_possible, self._log_ins.detail),
            lambda: Reading(
                "accepting", not self._stopping.is_set(), "no: going down" if self._stopping.is_set() else "yes"
            ),
        ]

    def _announce(self) -> None:
        print(banner(self._config, self.port, self._services.address, self._site is not None), flush=True)  # noqa: T201
        log.info("= listening on %s:%d, WebSockets at %s", self._config.host, self.port, self._config.path)
        if self._config.tce_port:
            log.info("= listening on %s:%d for binary clients", self._config.host, self._config.tce_port)

    # While it runs.

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

    def _probe_site(self) -> str:
        return probe_site(reads_groups=self._users.rights.policy.needs_groups)

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
