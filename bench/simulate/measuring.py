"""Pieces of a measurement, each shorter than 100 seconds: one server, its loads, and what was found as JSON."""

import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import redis

from bench.clients import Clients
from bench.machine import describe
from bench.process import load_core_awake, pin_this_process, redis_server, thread_seconds
from bench.simulate.measured import SERVERS, as_json
from bench.simulate.run import Load, Run
from bench.simulate.throughput import throughput
from bench.simulate.watched import Watched, watched
from rtserver.bench.client.error import TargetError

CLIENTS = QUOTES = 200
PUSHES = ((100, 1), (300, 1), (1_000, 2), (3_000, 5))
"""Messages a second, and how many of them come together: the producer looks a thousand times a second at most."""
SECONDS, REST_SECONDS = 3.2, 4.0
ONE_EACH, FOR_ALL, UNWATCHED = 0, 500, 1_000
"""Numbers of the first quotes that one client each, all clients, and nobody watches."""
MOST_OFF, TRIES, FAR_OFF = 0.03, 3, 0.2
"""A run with other messages than were asked for was disturbed by something else on the machine, and is done anew. The
nearest of some tries counts, but for one that is far off."""
PATIENT = ("--heartbeat-seconds", "600")
"""Clients do not answer pings."""
IDLE_CLIENTS, IDLE_SECONDS = 2_000, 26.0
"""Each is pinged once in 25 seconds."""
FULL = Load("aside", 3_000, 5, QUOTES)
LOADS = (
    (Load("rest"), UNWATCHED),
    *((Load("all", rate, 1, 1, CLIENTS), FOR_ALL) for rate in (30, 100, 300)),
    *((Load("aside", rate, batch, QUOTES), UNWATCHED) for rate, batch in PUSHES),
    *((Load("one", rate, batch, QUOTES, 1), ONE_EACH) for rate, batch in PUSHES),
    (Load("backlog", topics=QUOTES, backlog=20_000), UNWATCHED),
    (Load("backlog", topics=QUOTES, quotes=20, backlog=4_000), UNWATCHED),
)


@dataclass(frozen=True)
class Piece:
    """Piece that one command measures. ``measure`` returns numbers and lists that JSON has."""

    title: str
    measure: Callable[[], dict[str, Any]]


def measure(piece: Piece) -> dict[str, Any]:
    """Measure a piece, and say on what."""
    pin_this_process()
    with load_core_awake():
        return {"made_by": provenance(), **piece.measure()}


def serve(workers: int, shards: int) -> dict[str, Any]:
    """Measure all loads at so many workers and queues, and what it costs that users come."""
    with watched(workers, shards, CLIENTS, PATIENT) as server, server.running.clients() as clients:
        before = server.moment()
        clients.connect(CLIENTS)
        server.wait_quiet()
        after = server.moment()
        # Before anything else: the picture of a quote with a history would be most of what there is to measure.
        for number, client in enumerate(list(clients.sockets)):
            server.running.open_up(clients, [ONE_EACH + number], [client])
        server.running.open_up(clients, [FOR_ALL])
        return {
            "connection_us": round(1e6 * (sum(after.spent) - sum(before.spent)) / CLIENTS, 1),
            "redis_user_us": round(1e6 * (after.redis_spent - before.redis_spent) / CLIENTS, 1),
            "runs": as_json(run for load, first in LOADS if (run := steady(server, clients, load, first))),
        }


def steady(server: Watched, clients: Clients, load: Load, first: int) -> Run | None:
    """Measure a load until a try brings the messages that were asked for. None if all tries were far from that."""
    tries: list[tuple[float, Run]] = []
    while len(tries) < TRIES and not (tries and min(off for off, _ in tries) <= MOST_OFF):
        run = server.run(clients, load, first, SECONDS if load.rate else REST_SECONDS)
        rate = run.messages / run.seconds
        tries.append((abs(rate / load.rate - 1) if load.rate else 0.0, run))
        told = f"{rate:,.0f} messages/s, servers {run.busy:.1%} of a core, Redis {run.redis_busy:.1%}"
        print(f"  {load.name} {load.rate or ''}: {told}", flush=True)
    off, nearest = min(tries, key=lambda each: each[0])
    return nearest if off <= FAR_OFF else None


def idle() -> dict[str, Any]:
    """Measure connections that say nothing, each of which is pinged."""
    with watched(1, 1, IDLE_CLIENTS) as server, server.running.clients() as clients:
        rest = server.run(clients, Load("rest"), UNWATCHED, IDLE_SECONDS / 2)
        clients.connect(IDLE_CLIENTS)
        server.wait_quiet()
        run = server.run(clients, Load("rest"), UNWATCHED, IDLE_SECONDS)
        return {"idle_us": round(1e6 * (run.busy - rest.busy) / IDLE_CLIENTS, 3)}


def replica() -> dict[str, Any]:
    """Measure what an entry of the bus costs a primary that has a replica more, and the replica."""
    with tempfile.TemporaryDirectory() as directory, watched(1, 1, 0) as server, server.running.clients() as nobody:
        alone = server.run(nobody, FULL, UNWATCHED, SECONDS)
        port = server.running.redis_url.rpartition(":")[2].partition("/")[0]
        with redis_server(directory, "--replicaof", f"127.0.0.1 {port}") as url, redis.Redis.from_url(url) as client:
            deadline = time.monotonic() + 20
            while client.info("replication")["master_link_status"] != "up":
                if time.monotonic() > deadline:
                    raise TargetError("the replica does not follow")
                time.sleep(0.05)
            pid = int(client.info("server")["process_id"])
            server.wait_quiet()
            spent = thread_seconds(pid)
            begun = time.perf_counter()
            followed = server.run(nobody, FULL, UNWATCHED, SECONDS)
            spent, took = thread_seconds(pid) - spent, time.perf_counter() - begun
    messages = followed.messages / followed.seconds
    return {
        "primary_us": round(1e6 * (followed.redis_busy - alone.redis_busy) / messages, 2),
        "replica_us": round(1e6 * spent / took / messages, 2),
    }


PIECES: dict[str, Piece] = {
    **{
        name: Piece(f"{workers} workers, {shards} queues", partial(serve, workers, shards))
        for name, (workers, shards) in SERVERS.items()
    },
    "idle": Piece("idle connections", idle),
    "replica": Piece("a replica", replica),
    "queues": Piece("throughput of one and of two queues", throughput),
}


def provenance() -> dict[str, str]:
    """Return date, commit and kind of machine."""
    machine = describe()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "date": machine["date"],
        "commit": commit.stdout.strip() or "unknown",
        "machine": f"{machine['processor']}, {platform.machine()}, {machine['system']}, Python {machine['python']}",
    }


def chosen(names: Sequence[str]) -> dict[str, Piece]:
    """Return the pieces of these names; all for none. Raises ``KeyError``."""
    return {name: PIECES[name] for name in names or PIECES}
