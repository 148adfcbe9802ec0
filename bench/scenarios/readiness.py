"""Epoll and poll where all connections are busy: processor time of the server for a ping of a logged-in user.

The ways are those of ``bench.peers.readiness``, each in a server of its own, and take turns at each load. A
request costs the same in all of them; what differs is how the loop learns of it.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import Any

from bench.caller import Callers
from bench.comparison import Numbers, Scale
from bench.peers.call_wire import PING, Talk
from bench.peers.running import SCRIPTS, RunningPeer, started
from bench.peers.table import PRODUCT
from bench.process import thread_seconds
from bench.spent import measured

WAYS = ("nested epoll", "epoll", "poll", "one epoll", "one poll")
PEERS = [replace(PRODUCT, name=way, program=(str(SCRIPTS / "readiness.py"), way), publisher=None) for way in WAYS]
LOADS = ((10, 1, 0), (10, 16, 0), (100, 1, 0), (100, 16, 0), (1000, 1, 0), (1000, 16, 0), (10, 1, 990))
"""Busy connections, requests under way on each, and idle connections beside them."""
ROUNDS = 3
SECONDS = 0.35


def run(scale: Scale) -> Numbers:
    """Return the medians of all rounds, and the processor time in each."""
    talker = PING.talker()
    found: dict[str, dict[str, list[Numbers]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        servers = [stack.enter_context(started(peer)) for peer in PEERS]
        for begin in range(scale.pick(ROUNDS, 1)):
            for load in LOADS:
                for server in servers[begin:] + servers[:begin]:
                    found[title(*load)][server.peer.name].append(measure(server, talker, *load))
    return {name: {way: summary(rows[way]) for way in WAYS} for name, rows in found.items()}


def title(busy: int, depth: int, idle: int) -> str:
    """Name a load."""
    beside = f", {idle} idle ones" if idle else ""
    return f"{busy:,} busy connections, {depth} under way on each{beside}"


def measure(server: RunningPeer, talker: Callable[[], Talk], busy: int, depth: int, idle: int) -> Numbers:
    """Measure one server under one load."""
    with (
        server.sockets(idle),
        server.sockets(busy) as sockets,
        Callers(sockets, talker, depth) as callers,
    ):
        return measured(server.pid, lambda: callers.measure(SECONDS), thread_seconds)


def summary(rounds: list[dict[str, Any]]) -> Numbers:
    """Return the medians of one server's rounds, and the processor time of a request in each round."""
    medians = {name: median(each[name] for each in rounds) for name in ("per_second", "p50", "server_busy", "cpu_us")}
    return {**medians, "rounds": [each["cpu_us"] for each in rounds]}
