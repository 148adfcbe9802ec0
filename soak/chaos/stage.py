"""Everything of a run, built and wired: Redis, servers, proxies, pages, producers, and the ledger they all tell.

                 ┌── proxy ──► servers ── a proxy each ──┐
    pages ───────┘                                       ├──► Redis
    producers ──────────────────────────────── proxy ────┘

Decides what handlers are promised. Leaves nothing behind, however it ends.
"""

import asyncio
import random
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.sessions import Session, make_sessions
from soak.built import Built
from soak.chaos.audience import ITEMS, Audience
from soak.chaos.ledger import Ledger
from soak.chaos.notes import Notes
from soak.chaos.numbered import EVERYONE, Kind, Source
from soak.chaos.producer import Producer
from soak.chaos.proxy import Proxy
from soak.chaos.redis_node import HOST, RedisNode
from soak.chaos.sentinel_group import SentinelGroup
from soak.chaos.server import Server
from soak.chaos.size import Size

MEMORY = Path("/dev/shm")
NOTE_SECONDS = 0.05
BURST = 2.0
"""By how much a source may exceed its rate for a moment."""
ONCE = "once"
ONCE_REPEATS = 1
"""Messages that a death may bring to a handler of ``once`` again: the one that was handled, not acknowledged yet."""
UNSAVED_SECONDS = 4.0
"""A handler of ``every`` may go back so far after a death: its place is saved about once a second."""


class Stage(Built):
    """Use it as a context: when it is entered, servers are ready, pages are connected, and nothing is sent yet."""

    def __init__(self, size: Size, seed: int) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.servers: list[Server] = []
        self.producers: list[Producer] = []
        self.server_links: list[Proxy] = []
        self.unsure_until = 0
        """Number of the handler of ``once`` up to which a failover may have lost acknowledgements."""
        self._size = size
        self._random = random.Random(seed)

    # What faults do.

    async def kill(self, server: Server) -> None:
        """SIGKILL: what it handled and had not said so may be handled again."""
        await server.kill()
        for name in server.names:
            self._allow_death(name)

    async def kill_worker(self, server: Server, position: int) -> None:
        """SIGKILL to one worker of a server, which starts it anew."""
        await server.workers.kill(position)
        self._allow_death(server.names[position - 1])

    async def terminate(self, server: Server) -> None:
        """SIGTERM, which has to end well: nothing may be handled again because of it."""
        await server.terminate()

    async def hand_over(self, server: Server) -> None:
        """A new process beside the old one, then SIGTERM to the old one. While both are there, both handle."""
        begun = time.monotonic()
        await server.start_successor()
        await server.terminate_predecessor()
        self._allow_seconds(server.name, time.monotonic() - begun + UNSAVED_SECONDS)

    async def renew(self, server: Server, number: signal.Signals) -> None:
        """A new worker beside each old one. While both are there, both handle."""
        for position, seconds in (await server.workers.renew(number)).items():
            self._allow_seconds(server.names[position - 1], seconds + UNSAVED_SECONDS)

    def allow_visitors(self, seconds: float) -> None:
        """Their new pages may get once more what the former ones had in so many seconds, from their two sources."""
        self.audience.allow_again(round(seconds * self._size.rate * BURST))

    def _allow_death(self, name: str) -> None:
        self.ledger.allow(ONCE, ONCE_REPEATS)
        self._allow_seconds(name, UNSAVED_SECONDS)

    def _allow_seconds(self, name: str, seconds: float) -> None:
        self.ledger.allow(_every(name), round(seconds * self._size.rate * BURST))

    # The traffic.

    def go(self) -> None:
        """All producers send."""
        for producer in self.producers:
            producer.go()

    async def pause(self) -> None:
        """All producers stop, when what they have begun is acknowledged."""
        await asyncio.gather(*(producer.pause() for producer in self.producers))

    async def wait_ready(self) -> None:
        """Return when every server says of itself that it is ready. Raises ``ChildError``."""
        for server in self.servers:
            await server.wait_ready()

    def check(self) -> None:
        """Raises what has gone wrong by itself: a process that ended, a page that was sent away."""
        self.redis.check_running()
        for server in self.servers:
            server.check_running()
        self._check_tasks()

    def read_notes(self) -> None:
        """Tell the ledger what the handlers have noted."""
        now = time.monotonic()
        for note in self.notes.read():
            receiver = ONCE if note.source == Kind.ONCE else _every(note.worker)
            self.ledger.got(receiver, note.source, note.number, now, note.life)

    # Building.

    async def _build(self) -> None:
        directory = Path(self._stack.enter_context(memory_directory("rtserver-chaos-")))
        self.notes = Notes(directory / "notes")
        await self._start_redis(directory)
        self.producer_link = await self._stack.enter_async_context(Proxy(lambda: [self.redis.port]))
        await self._start_servers(directory)
        self.front = await self._stack.enter_async_context(
            Proxy(lambda: [server.port for server in self.servers if server.is_running])
        )
        count = self._size.users + self._size.visitors
        sessions = await asyncio.to_thread(make_sessions, self.redis.url, directory, count)
        self.audience = Audience(self.ledger, self.front.port, self._spawn, self._random)
        for session in sessions[: self._size.users]:
            self.audience.add_user(session, self._size.pages_each)
        for session in sessions[self._size.users :]:
            self.audience.add_visitor(session)
        await self.audience.wait_connected()
        self._add_producers(sessions)
        self._promise_handling()
        self._spawn(self._follow_notes())

    async def _start_redis(self, directory: Path) -> None:
        self.redis: RedisNode | SentinelGroup
        if self._size.has_sentinels:
            self.group = self.redis = SentinelGroup(directory, self._size.appendfsync)
            self._stack.push_async_callback(self.group.close)
        else:
            self.redis = RedisNode(directory, self._size.appendfsync)
            self._stack.callback(self.redis.end)
        await self.redis.start()

    async def _start_servers(self, directory: Path) -> None:
        for number in range(1, self._size.servers + 1):
            server = Server(f"server-{number}", await self._server_url(), directory, self.notes.path, self._size)
            self._stack.callback(server.end)
            self.servers.append(server)
            server.start()
            if number == 1:
                await server.wait_ready()  # it makes the site's database
        await asyncio.gather(*(server.wait_ready() for server in self.servers))

    async def _server_url(self) -> str:
        """Return where a server finds Redis: behind a proxy of its own, or by the Sentinels."""
        if isinstance(self.redis, SentinelGroup):
            return self.redis.address
        link = await self._stack.enter_async_context(Proxy(lambda: [self.redis.port]))
        self.server_links.append(link)
        return f"redis://{HOST}:{link.port}/0"

    def _add_producers(self, sessions: Sequence[Session]) -> None:
        sources = [Source(Kind.PUSH, session.user_id) for session in sessions]
        sources += [Source(Kind.QUOTE, item) for item in ITEMS]
        sources += [Source(Kind.PUSH, EVERYONE), Source(Kind.EVERY), Source(Kind.ONCE)]
        for source in sources:
            producer = Producer(
                source,
                self.producer_link.port,
                self._size.rate,
                self.ledger.sent,
                seed=self._seed(),
                secret=self._size.secret,
            )
            self.producers.append(producer)
            self._spawn(producer.run())

    def _promise_handling(self) -> None:
        self.ledger.promise(ONCE, Source(Kind.ONCE).name, is_ordered=False, is_patient=True)
        for name in (name for server in self.servers for name in server.names):
            self.ledger.promise(_every(name), Source(Kind.EVERY).name)

    async def _follow_notes(self) -> None:
        while True:
            self.read_notes()
            await asyncio.sleep(NOTE_SECONDS)

    def _seed(self) -> int:
        return self._random.getrandbits(32)


def memory_directory(prefix: str) -> tempfile.TemporaryDirectory[str]:
    """In memory where that can be had: fsync is instant there, so that Redis writes before it answers.

    On a disk that is busy with an fsync, a Redis with everysec answers first and writes later; killed in between, it
    forgets what it has acknowledged, and no server behind it can help that.
    """
    return tempfile.TemporaryDirectory(prefix=prefix, dir=MEMORY if MEMORY.is_dir() else None)


def _every(worker: str) -> str:
    return f"every at {worker}"
