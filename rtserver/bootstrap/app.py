"""App: one server, from its parts to its exit code.

``service_side``, ``user_side`` and ``listener_side`` build the parts, ``shutdown`` knows the order of the end. An App
changes nothing of its process: signals, the service manager and the exit are the business of ``serve``.
So a process may run several Apps, each on an event loop and a thread of its own. They share Django's settings.
"""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import rtserver
from rtserver.base.bridge.mailbox import Bridge
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import WorkerNameError
from rtserver.bootstrap.config.limits import memory_bounds
from rtserver.bootstrap.config.secret_file import Reloading, check_redis_password, read_queue_secret
from rtserver.bootstrap.listener_side import ListenerSide, build_listeners
from rtserver.bootstrap.measures import all_measures
from rtserver.bootstrap.notice import delivery_notices, version_notices
from rtserver.bootstrap.presence_side import PresenceNotes
from rtserver.bootstrap.probes import STALE_SECONDS, all_probes
from rtserver.bootstrap.process.certificate import Certificate
from rtserver.bootstrap.process.listening_socket import ListeningSockets
from rtserver.bootstrap.process.memory import resident_bytes, system_bytes
from rtserver.bootstrap.process.queue_signer import signer_of
from rtserver.bootstrap.process.tally_file import Tallies, lone_tallies
from rtserver.bootstrap.registry_side import build_lease, name_taken
from rtserver.bootstrap.rpc_side import plan_rpc, watch_deadlines
from rtserver.bootstrap.service_side import build_services
from rtserver.bootstrap.shutdown import LEAST_PATIENCE, Departure, Shutdown
from rtserver.bootstrap.site.django_env import DemoSite
from rtserver.bootstrap.user_side import build_user_side
from rtserver.bootstrap.web.health import Readiness
from rtserver.bootstrap.web.metrics import Metrics
from rtserver.watch.beat import Beat
from rtserver.watch.canary_trail import CanaryTrail
from rtserver.watch.loop_guard import LoopGuard
from rtserver.watch.memory_watch import MemoryWatch
from rtserver.watch.watchdog import Watchdog
from tcelib.lease.port import NameTakenError

log = logging.getLogger(__name__)

DRAIN_LIMIT = 64
DRAIN_SECONDS = 0.005  # a message may be a picture to draw
LOOK_SECONDS = 0.5
SEEN_SECONDS = 1.0
PAGE_THREADS = 8
LEAVE_SECONDS = 1.0


class Life:
    """Turning points of a server, for the code that runs it. This class does nothing; a subclass may."""

    def on_up(self, app: "App") -> None:
        """Called when the server accepts connections. Runs on the event loop's thread."""

    def on_beat(self) -> None:
        """Called about twice a second while both threads turn."""

    def on_stopping(self) -> None:
        """Called when the server begins to stop."""

    def on_closed(self) -> None:
        """Called when it has begun to stop and accepts no connections any more."""


class App:
    """One server: the websocket thread, which is the one that calls ``run``, and the service thread.

    ``sockets`` are bound; ``redis_url`` is the Redis of its queue. ``port`` is the public one. ``departure`` is
    what its end leaves behind if nobody says otherwise. ``tallies`` are those that it shares with other workers.
    """

    def __init__(
        self,
        config: Config,
        redis_url: str,
        site: DemoSite | None,
        sockets: ListeningSockets,
        *,
        certificate: Certificate | None = None,
        life: Life | None = None,
        departure: Departure = Departure.UNKNOWN,
        tallies: Tallies | None = None,
    ) -> None:
        self._config = config
        self._tallies = tallies or lone_tallies()
        self._redis_url = redis_url
        self._site = site
        self._certificate = certificate
        self._life = life or Life()
        self._signer = signer_of(config)
        self._bridge = Bridge()
        self._exit_code = 0
        self._departure = departure
        self._beat = Beat("websocket", time.monotonic(), config.stall_ms / 1000)
        self._sockets = sockets
        self._trail = CanaryTrail(config.canary_seconds, time.monotonic())
        self.port: int = sockets.public[0].getsockname()[1]

    @property
    def queue_address(self) -> str:
        """The address of the queue's Redis, without its password. Known once ``run`` has begun."""
        return self._services.address

    async def run(self) -> int:
        """Start, serve until ``stop`` or a failure, and shut down. Return the exit code. Raises ``StartError``."""
        self._build()
        await self._take_lease()
        listeners = self._listeners = self._build_listeners()
        to_users = self._bridge.to_users
        users = self._user_side.users
        drain = partial(to_users.drain, users.handle, DRAIN_LIMIT, DRAIN_SECONDS, joins=users.joins)
        # To go on, the loop needs no system call that wakes it.
        to_users.bind(partial(self._loop.call_soon_threadsafe, drain), partial(self._loop.call_soon, drain))
        self._services.thread.start()
        listeners.open()
        self._run_tasks(listeners)
        watchdog = self._start_watchdog()
        self._log_addresses()
        self._life.on_up(self)
        await self._until_stopping()
        await self._shut_down(listeners)
        watchdog.stop()
        await listeners.loopback.close()
        await asyncio.to_thread(self._lease.stop, LEAVE_SECONDS)
        self._user_side.close()
        self._page_threads.shutdown(wait=False, cancel_futures=True)
        log.info("= stopped")
        return self._exit_code

    @property
    def own_port(self) -> int:
        """The port on loop-back that this server alone listens on."""
        port: int = self._sockets.private[0].getsockname()[1]
        return port

    def version_notices(self, fleet: str = "") -> list[str]:
        """Return what has to be known of the servers that share the Redis. ``fleet`` is as in ``version_notices``."""
        return version_notices(self._neighbours, rtserver.__version__, fleet)

    def delivery_notices(self) -> list[str]:
        """Return which workers handle a message."""
        return delivery_notices(self._services.handlers)

    @property
    def worker(self) -> str:
        """The name of this server among those that share the Redis."""
        return self._worker

    @property
    def connections(self) -> int:
        """The number of connections of users."""
        return len(self._user_side.server)

    async def rescue(self, public: Sequence[socket.socket], tce: Sequence[socket.socket]) -> None:
        """Accept the connections that wait at the sockets of a server that has died, and close them."""
        await self._listeners.rescue(public, tce)

    def is_ready(self) -> bool:
        """Return whether ``/readyz`` would say so, and a canary has come through. Runs on the event loop."""
        has_come_through = self._trail.returned > 0 or not self._trail.interval
        return has_come_through and self._readiness.is_ready()

    async def readiness(self) -> Mapping[str, object]:
        """Return what ``/readyz`` says. Runs on the event loop."""
        return await self._readiness.tell()

    def metrics_page(self) -> str:
        """Return the page of ``/metrics``. Runs on the event loop."""
        return self._metrics.render().decode()

    def stop(self, departure: Departure | None = None) -> None:
        """Make ``run`` shut down. Safe from any thread, while ``run`` runs and afterwards."""
        if departure is not None and not self._stopping.is_set():
            self._departure = departure
        with suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stopping.set)

    def reloading(self) -> Reloading:
        """Return the files that this server can read again while it runs."""
        reloading = Reloading()
        if self._certificate is not None:
            reloading.add("certificate", self._certificate.renew)
        path = self._config.queue_secret_file
        if path:
            reloading.add("queue secret", lambda: self._signer.replace(read_queue_secret(path)))
        password = self._config.redis_password_file
        if password:  # new connections read the file by themselves: this only tells the operator that they can
            reloading.add("password of Redis", lambda: check_redis_password(password))
        return reloading

    def _build(self) -> None:
        """Build what needs the running event loop."""
        config = self._config
        self._loop = asyncio.get_running_loop()
        self._guard = LoopGuard(self._loop, self._on_failure)
        self._stopping = asyncio.Event()
        self._page_threads = ThreadPoolExecutor(PAGE_THREADS, "rtserver-pages")
        address = f"{socket.gethostname()}:{self.port}"
        worker = self._worker = config.worker or address
        notes = PresenceNotes(self._hold, self._drop)
        rpc = plan_rpc(config)
        self._services = build_services(
            config,
            self._redis_url,
            self._bridge,
            self._on_failure,
            worker=worker,
            trail=self._trail,
            signer=self._signer,
            tally=self._tallies.services,
            note=notes,
            rpc=rpc,
        )
        self._lease = build_lease(
            config,
            self._redis_url,
            worker=worker,
            address=address,
            types=self._services.types,
            figures=lambda: {"connections": len(self._user_side.server)},
            on_end=self._on_lease_end,
        )
        self._services.pushes.direct.own_lease = lambda: self._lease.number
        self._user_side = build_user_side(
            config, self._redis_url, self._bridge, self._lease, tally=self._tallies.users, note=notes, rpc=rpc
        )
        self._memory = MemoryWatch(memory_bounds(config, system_bytes), self._user_side.server, resident_bytes)

    async def _take_lease(self) -> None:
        """Enter the registry before anything is read or accepted. Raises ``WorkerNameError``."""
        try:
            await asyncio.to_thread(self._lease.start)
        except NameTakenError as error:
            self._user_side.close()
            raise WorkerNameError(name_taken(error, shares_port=self._config.reuse_port)) from error
        self._neighbours = await self._lease.ask()

    def _build_listeners(self) -> ListenerSide:
        services, user_side, certificate = self._services, self._user_side, self._certificate
        beats = (self._beat, services.thread.beat)
        probes = all_probes(
            services,
            user_side,
            beat=self._beat,
            memory=self._memory.guard,
            trail=self._trail,
            is_stopping=self._stopping.is_set,
            lease=self._lease,
        )
        self._readiness = Readiness(self._worker, probes, self._lease.servers)
        measures = all_measures(
            services,
            user_side,
            bridge=self._bridge,
            trail=self._trail,
            guard=self._guard,
            beats=beats,
            certificate=certificate,
            lease=self._lease,
            worker=self._worker,
            tallies=self._tallies,
        )
        self._metrics = Metrics(measures)
        return build_listeners(
            self._config,
            self._sockets,
            user_side,
            tls=None if certificate is None else certificate.tls,
            site=self._site,
            pages=self._page_threads,
            readiness=self._readiness,
            metrics=self._metrics,
            trail=self._trail,
        )

    def _run_tasks(self, listeners: ListenerSide) -> None:
        gate = self._user_side.gate
        for coroutine in (
            *([] if gate is None else [watch_deadlines(gate)]),
            self._watch_canary(),
            self._recheck_sessions(),
            self._tell_seen(),
            self._user_side.log_ins.run(),
            listeners.canary_client.run(),
            self._memory.run(),
        ):
            self._guard.run(coroutine)

    async def _until_stopping(self) -> None:
        """Wait for ``stop``. From its end on the process has a known time left."""
        try:
            await self._stopping.wait()
        except asyncio.CancelledError:
            # The event loop is torn down from inside: clients cannot be told any more.
            self._life.on_stopping()
            self._services.thread.stop(LEAST_PATIENCE)
            raise
        self._life.on_stopping()

    async def _shut_down(self, listeners: ListenerSide) -> None:
        sockets = (*self._sockets.public, *self._sockets.tce)
        user_side = self._user_side
        parts = (user_side.server, user_side.users, self._services.thread, self._bridge)
        shutdown = Shutdown(self._config, sockets, listeners.front, listeners.tce, listeners.http, *parts)
        if not await shutdown.run(bool(self._exit_code), self._departure, self._life.on_closed):
            self._exit_code = 1
        self._guard.cancel()

    def _log_addresses(self) -> None:
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
                self._life.on_beat()
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell_seen(self) -> None:
        while True:
            await asyncio.sleep(SEEN_SECONDS)
            self._user_side.users.tell_seen()

    async def _recheck_sessions(self) -> None:
        while True:
            await asyncio.sleep(self._config.session_check_seconds)
            await self._user_side.users.recheck_sessions()

    def _hold(self, what: str, item: str) -> None:
        """Note in the registry that this server has an item. The lease is there before anybody calls."""
        self._lease.hold(what, item)

    def _drop(self, what: str, item: str) -> None:
        self._lease.drop(what, item)

    def _on_lease_end(self, error: BaseException) -> None:
        """Stop if another server has taken the name while this one had no lease. Called on the lease's thread."""
        if isinstance(error, NameTakenError):
            log.critical("! %s", name_taken(error, shares_port=self._config.reuse_port))
        self._on_failure(error)

    def _on_failure(self, error: BaseException) -> None:
        """Stop with exit code 1, because what is left cannot be relied on. Called on any thread."""
        self._exit_code = 1
        self.stop()
