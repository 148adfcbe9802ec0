"""Everything of a run, built and wired.

    clients ── a proxy each ──► gateways ── a proxy each ──► queues ◄── a proxy each ── services

Leaves nothing behind, however it ends.
"""

import asyncio
import random
import time
from collections.abc import Iterable
from pathlib import Path

from soak.built import Built
from soak.chaos.notes import Notes
from soak.chaos.proxy import Link, Proxy
from soak.chaos.redis_node import RedisNode
from soak.chaos.stage import memory_directory
from soak.gateway import account as accounts
from soak.gateway.account import Account
from soak.gateway.client import Client
from soak.gateway.layout import TIMEOUT_SECONDS, Size, answers_of, names_of
from soak.gateway.program import GatewayProgram, Program, ServiceProgram
from soak.gateway.queue_server import BrokerNode
from tcelib.tmake.tce2py import main as tce2py

IDL = Path(__file__).with_name("marked.idl")
READY_SECONDS = 60.0
LOOK_SECONDS = 0.1
LAGS = 50
"""Looks whose lateness excuses as much of everybody: on a machine that is full, all programs wait for a processor."""
APPENDFSYNC = "everysec"


class NotWellError(Exception):
    """Clients get no answers although everything runs. The text says which clients."""


class Stage(Built):
    """Use it as a context: when it is entered, every client has had an answer."""

    def __init__(self, size: Size, seed: int, slack: float) -> None:
        super().__init__()
        self.account = Account(TIMEOUT_SECONDS, slack)
        self.size = size
        self.gateways: list[GatewayProgram] = []
        self.services: list[ServiceProgram] = []
        self.fronts: list[Proxy] = []
        self.clients: list[Client] = []
        self.lag = 0.0
        """The longest time by which the observer itself was late."""
        self._random = random.Random(seed)

    @property
    def programs(self) -> list[Program]:
        """All gateways and services."""
        return [*self.gateways, *self.services]

    @property
    def queue_links(self) -> list[Proxy]:
        """The ways of all programs to the queues."""
        return [program.queues for program in self.programs]

    def clients_of(self, gateway: GatewayProgram) -> list[Client]:
        """Return the clients that are connected to a gateway."""
        index = self.gateways.index(gateway)
        return [client for client in self.clients if client.path is not None and client.door == index]

    def clients_on(self, links: Iterable[Link]) -> list[Client]:
        """Return the clients of connections."""
        ports = {link.near_port for link in links}
        return [client for client in self.clients if client.local_port in ports]

    async def wait_well(self, seconds: float) -> float:
        """Return when each client has had an answer to a call that began after now, and how long that took.

        Raises ``NotWellError``.
        """
        begun = time.monotonic()
        while not self.account.are_all_good_since(begun):
            self.check()
            if time.monotonic() > begun + seconds:
                raise NotWellError(f"after {seconds:.0f} s {self.account.bad_since(begun)} are not answered")
            await asyncio.sleep(LOOK_SECONDS)
        return time.monotonic() - begun

    async def settle(self) -> None:
        """Let all clients stop calling, and return when every call has ended."""
        for client in self.clients:
            client.is_calling = False
        await asyncio.sleep(TIMEOUT_SECONDS + accounts.PUSH_SECONDS)
        self._look()
        self.account.close_books()

    def check(self) -> None:
        """Raises what has gone wrong by itself: a process that ended."""
        self.queues.check_running()
        for program in self.programs:
            program.child.check_running()
        self._check_tasks()

    # Building.

    async def _build(self) -> None:
        directory = Path(self._stack.enter_context(memory_directory("rtserver-gateway-soak-")))
        await asyncio.to_thread(tce2py, ["-i", str(IDL), str(directory)])
        self.directory = directory
        self.notes = Notes(directory / "notes")
        self.queues = RedisNode(directory, APPENDFSYNC) if self.size.is_redis else BrokerNode(directory)
        self._stack.callback(self.queues.end)
        await self.queues.start()
        await self._add_programs(directory)
        for program in self.programs:
            self._stack.callback(program.child.end)
            program.start()
        for program in self.programs:
            await program.wait_ready()
        self._spawn(self._watch())
        for gateway in self.gateways:
            self.fronts.append(await self._stack.enter_async_context(Proxy(lambda port=gateway.port: [port])))
        self._add_clients()
        await self.wait_well(READY_SECONDS)

    async def _add_programs(self, directory: Path) -> None:
        kind, size = self.size.kind, self.size
        gateways = names_of("gateway", size.gateways)
        for name in gateways:
            self.gateways.append(GatewayProgram(name, kind, await self._link(), directory))
        returns = [answers_of(name) for name in gateways]
        for name in names_of("service", size.services):
            service = ServiceProgram(
                name, kind, await self._link(), directory, notes=self.notes.path, returns=returns
            )
            self.services.append(service)

    async def _link(self) -> Proxy:
        return await self._stack.enter_async_context(Proxy(lambda: [self.queues.port]))

    def _add_clients(self) -> None:
        doors = [front.port for front in self.fronts]
        for number in range(self.size.clients):
            chance = random.Random(self._random.getrandbits(32))
            client = Client(number, doors, self.size.rate, self.account, chance)
            self.clients.append(client)
            self._spawn(client.run())

    async def _watch(self) -> None:
        """Read notes and judge, and measure by how much the observer itself is late."""
        lags = [0.0] * LAGS
        while True:
            due = time.monotonic() + LOOK_SECONDS
            await asyncio.sleep(LOOK_SECONDS)
            lag = time.monotonic() - due
            lags = [*lags[1:], lag]
            self.account.lag = max(lags)
            self.lag = max(self.lag, lag)
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for note in self.notes.read():
            self.account.ran(note.source, note.number, f"{note.worker} ({note.life})", now)
        self.account.look(now)
