"""The processor time of a delivery with one, two and four workers, which share the clients and one core.

Each of 200 quotes has one subscriber, on one of the workers, or subscribers everywhere. The time is that of all
processes of the server, and of Redis, which each worker makes work. What they do without messages is told apart. So
are the waits on Redis for messages, each of which wakes a worker: of intakes, and of readers.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import redis

from bench.clients import Clients
from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import PRODUCT
from bench.peers.work import Order
from bench.process import cpu_seconds

QUOTES = 200
RATE = 2000
WORKERS = (1, 2, 4)
IDLE_SECONDS, SETTLE_SECONDS = 3.0, 2.0
PEERS = tuple(replace(PRODUCT, name=f"{count} workers", options=("--workers", str(count))) for count in WORKERS)


def run(scale: Scale) -> Numbers:
    """Return the processor time for each spread of the subscribers, by the number of workers."""
    seconds = float(scale.pick(10, 2))

    def one_each(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            clients.connect(QUOTES)
            for quote, number in enumerate(clients.sockets):
                running.open_up(clients, [quote], [number])
            return delivered(running, clients, RATE, seconds)

    def all_on_some(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            clients.connect(QUOTES)
            running.open_up(clients, range(10))
            return delivered(running, clients, RATE / 100, seconds, topics=10)

    return {
        f"{RATE:,} messages a second, each to one client": compare(PEERS, one_each),
        f"{RATE // 100} messages a second, each to {QUOTES} clients": compare(PEERS, all_on_some),
    }


def delivered(
    running: RunningPeer, clients: Clients, rate: float, seconds: float, *, topics: int = QUOTES
) -> Numbers:
    """Return the deliveries of so many seconds, and what they cost beside what idle servers cost."""
    with closing(redis.Redis.from_url(running.redis_url)) as client:

        def spent() -> tuple[float, float]:
            used = client.info("cpu")
            return cpu_seconds(running.pid), used["used_cpu_user"] + used["used_cpu_sys"]

        clients.read_for(lambda number, data: None, SETTLE_SECONDS)
        idle, _ = difference(spent, lambda: clients.read_for(lambda number, data: None, IDLE_SECONDS))
        meter = clients.meter(set(clients.sockets))
        running.order(Order(rate=rate, topics=topics, routed=True))
        clients.read_for(lambda number, data: None, SETTLE_SECONDS)
        client.config_resetstat()
        begun = time.perf_counter()
        server, of_redis = difference(spent, lambda: clients.read_for(meter.on_bytes, seconds))
        took = time.perf_counter() - begun
        waits = client.info("commandstats")
        running.rest()
    count = max(1, meter.deliveries)
    server -= idle * took / IDLE_SECONDS
    return {
        "deliveries_per_second": round(meter.deliveries / took),
        "server_us": round(1e6 * server / count, 2),
        "redis_us": round(1e6 * of_redis / count, 2),
        "all_us": round(1e6 * (server + of_redis) / count, 2),
        "intakes": round(calls(waits, "blmove") / count, 3),
        "reads": round(calls(waits, "xread") / count, 3),
        "age_ms": meter.summary()["p50"],
        "idle_busy": round(idle / IDLE_SECONDS, 3),
    }


def calls(statistics: Numbers, command: str) -> int:
    """Return how often Redis was given a command."""
    return int(statistics.get(f"cmdstat_{command}", {}).get("calls", 0))


def difference(spent: Callable[[], tuple[float, float]], act: Callable[[], object]) -> tuple[float, float]:
    """Return what was spent meanwhile."""
    server, of_redis = spent()
    act()
    server_after, redis_after = spent()
    return server_after - server, redis_after - of_redis
