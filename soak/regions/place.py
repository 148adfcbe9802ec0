"""The places of the play: a core with the primary, and regions with a replica and two servers, behind wires."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import redis

from rtserver.bench.client.error import TargetError
from rtserver.bench.free_port import free_port
from rtserver.bench.process import running
from soak.regions.wire import Wires, laid

REGIONS = ("west", "east")
SERVERS = 2
START_SECONDS = 120.0
LOOK_SECONDS = 0.05


class Server(NamedTuple):
    """One rtserver: the ports of its users and of its monitors, and its process."""

    region: str
    port: int
    admin_port: int
    process: subprocess.Popen[bytes]

    def bus(self) -> str:
        """Return what ``/readyz`` says of the server that the bus is read at; empty without an answer."""
        with suppress(OSError, ValueError):
            for check in json.loads(self._ask("readyz"))["checks"]:
                if check["name"] == "bus":
                    return str(check["detail"])
        return ""

    def wait_read_at(self, address: str) -> None:
        """Return when it reads the bus there. Raises ``TargetError``."""
        until(lambda: self.bus().startswith(address), f"the bus is read at {address}")

    def is_ready(self) -> bool:
        """Tell whether ``/readyz`` says so."""
        try:
            return bool(json.loads(self._ask("readyz"))["ready"])
        except (OSError, ValueError):
            return False

    def number(self, name: str) -> float:
        """Return a number of ``/metrics``."""
        lines = self._ask("metrics").splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"rtserver_{name} "))

    def _ask(self, page: str) -> str:
        url = f"http://127.0.0.1:{self.admin_port}/{page}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                text: bytes = answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                text = refusal.read()
        return text.decode()


class World:
    """All places. ``redis_url`` is the core's, ``replicas`` those of the regions by name.

    The wire ``REGION`` carries what the servers there send to the core, ``REGION-copy`` what its replica follows.
    """

    def __init__(self, directory: Path, wires: Wires, primary_port: int) -> None:
        self.directory = directory
        self.wires = wires
        self.redis_url = f"redis://127.0.0.1:{primary_port}/0"
        self.replicas: dict[str, int] = {}
        self.servers: list[Server] = []

    def of(self, region: str) -> list[Server]:
        """Return the servers of a region."""
        return [server for server in self.servers if server.region == region]

    def cut(self, *wires: str) -> None:
        """Part some wires."""
        for name in wires:
            self.wires.part(name)

    def mend(self, *wires: str) -> None:
        """Mend them."""
        for name in wires:
            self.wires.mend(name)


@contextmanager
def built(directory: Path, seconds: float) -> Iterator[World]:
    """Everything, up and ready, while the block runs; ``seconds`` is what a byte takes to the core."""
    with ExitStack() as stack:
        primary_port = _start_redis(stack, directory, "core")
        names = [name for region in REGIONS for name in (region, f"{region}-copy")]
        wires = stack.enter_context(laid(dict.fromkeys(names, primary_port), seconds))
        world = World(directory, wires, primary_port)
        for region in REGIONS:
            follows = ("--replicaof", f"127.0.0.1 {wires.ports[f'{region}-copy']}")
            world.replicas[region] = _start_redis(stack, directory, region, *follows)
        for region in REGIONS:
            until(lambda region=region: _is_linked(world.replicas[region]), f"the replica of {region} follows")
            # The first one lays out the demo site's database.
            for _ in range(SERVERS):
                server = _start_server(stack, world, region)
                world.servers.append(server)
                if len(world.servers) == 1:
                    until(server.is_ready, "the first server is ready")
        for server in world.servers:
            near = f"redis://127.0.0.1:{world.replicas[server.region]}/0"
            until(
                lambda server=server, near=near: server.is_ready() and server.bus().startswith(near), "all read near"
            )
        yield world


def _start_redis(stack: ExitStack, directory: Path, name: str, *options: str) -> int:
    port = free_port()
    folder = directory / name
    folder.mkdir()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    command += ["--repl-diskless-sync-delay", "0", "--repl-backlog-size", "64mb", *options]
    stack.enter_context(running(command, stdout=subprocess.DEVNULL))
    with redis.Redis(port=port) as client:
        until(client.ping, f"the Redis of {name} answers")
    return port


def _start_server(stack: ExitStack, world: World, region: str) -> Server:
    port, admin_port = free_port(), free_port()
    primary = f"redis://127.0.0.1:{world.wires.ports[region]}/0"
    near = f"redis://127.0.0.1:{world.replicas[region]}/0"
    command = [sys.executable, "-m", "rtserver", "--port", str(port), "--tce-port", "0"]
    command += ["--admin-port", str(admin_port), "--redis-url", primary, "--redis-read-url", near, "--no-demo-quotes"]
    command += ["--limits", "off", "--var-dir", str(world.directory), "--log-level", "warning"]
    log = stack.enter_context((world.directory / f"{region}-{port}.log").open("wb"))
    process = stack.enter_context(running(command, stdout=log, stderr=log))
    return Server(region, port, admin_port, process)


def _is_linked(port: int) -> bool:
    with redis.Redis(port=port) as client:
        found: dict[str, Any] = client.info("replication")
    return found.get("master_link_status") == "up"


def until(is_so: Callable[[], object], what: str) -> None:
    """Ask until it is so. Raises ``TargetError``, which says what was to be so."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        with suppress(redis.RedisError):
            if is_so():
                return
        if time.monotonic() > deadline:
            raise TargetError(f"not in time: {what}")
        time.sleep(LOOK_SECONDS)
