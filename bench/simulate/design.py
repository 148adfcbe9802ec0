"""Designs for a number of users: what each part of one has to do, and the smallest one within bounds. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.simulate.model import (
    MICRO,
    Demand,
    Pace,
    Spread,
    UnitCosts,
    redis_counts,
    settled_pace,
    spent,
    worker_counts,
)

FRAME_BYTES = 66
"""Headers of Ethernet, IP and TCP around one write."""
READING = ("worker_rest", "shard_rest", "turn", "turn_cold", "intake", "decode", "quote", "skip", "save")
"""Costs of a worker that do not fall when there are more workers, or hardly."""
GROWTH = 1.05
PARTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Numbers of installations that are tried."""
SPARED = 1.5
"""An installation more has to be worth it: the fewest are taken that spend so many times the least at most."""
WORKER, WRITER, PRIMARY, REPLICA = "a worker's core", "the writer's core", "Redis, primary", "Redis, replica"
BUS, HISTORY = "reading the whole bus in each worker", "the one worker that handles and stores every quote"
NETWORK, CONNECTIONS = "network of a machine", "connections of a worker"
UNSOLVED = (BUS, HISTORY)
"""Bottlenecks that more workers, machines, queues or replicas do not widen."""


@dataclass(frozen=True)
class Size:
    """Load of users and producers in a second.

    ``names`` are different quotes. ``quotes`` ticks come, each message with ``per_message`` of them and ``per_push``
    messages in one push. ``arrivals`` users come.
    """

    title: str
    users: int
    quotes: float
    deliveries: float
    names: int
    arrivals: float = 0.0
    per_message: int = 1
    per_push: int = 10


SIZES = (
    Size("1,000 users", 1_000, 1_000, 10_000, 200, arrivals=1),
    Size("10,000 users", 10_000, 5_000, 100_000, 1_000, arrivals=10),
    Size("100,000 users", 100_000, 50_000, 1_000_000, 5_000, arrivals=100),
    Size("1 M users", 1_000_000, 200_000, 10_000_000, 20_000, arrivals=1_000),
)


@dataclass(frozen=True)
class Design:
    """``installations`` that divide quotes and users among them, each with so many ``workers``, ``shards`` (queues),
    each on a Redis of its own, and ``replicas`` of each. Workers read the replicas, where there are some."""

    installations: int = 1
    workers: int = 1
    shards: int = 1
    replicas: int = 0

    @property
    def redis(self) -> int:
        """Return the Redis processes of all installations."""
        return self.installations * self.shards * (1 + self.replicas)

    def machines(self, bounds: "Bounds") -> int:
        """Return the machines for all processes, one core each."""
        return math.ceil((self.installations * self.workers + self.redis) / bounds.machine_processes)


@dataclass(frozen=True)
class Bounds:
    """Shares that the busiest of a kind may have, and what one machine is."""

    worker: float = 0.6
    redis: float = 0.6
    network: float = 0.6
    machine_processes: int = 14
    machine_cores: int = 16
    machine_bits: float = 10e9
    worker_connections: int = 20_000
    workers: int = 20_000


@dataclass(frozen=True)
class Loads:
    """Shares of a core: of a worker, all of it and for reading alone, of the one that writes history, and of a Redis.

    ``network`` is a share of a machine's. ``connections`` are those of a worker. ``cores`` is all that is spent.
    """

    worker: float
    reading: float
    writer: float
    writing: float
    primary: float
    replica: float
    network: float
    connections: float
    cores: float

    def shares(self, bounds: Bounds) -> dict[str, float]:
        """Return each load as a share of its bound."""
        return {
            WORKER: self.worker / bounds.worker,
            WRITER: self.writer / bounds.worker,
            BUS: self.reading / bounds.worker,
            HISTORY: self.writing / bounds.worker,
            PRIMARY: self.primary / bounds.redis,
            REPLICA: self.replica / bounds.redis,
            NETWORK: self.network / bounds.network,
            CONNECTIONS: self.connections / bounds.worker_connections,
        }


def demand_of(size: Size, installations: int) -> Demand:
    """Return what comes to one installation. A tick has the same number of viewers wherever it is."""
    viewers = size.deliveries / size.quotes if size.quotes else 0.0
    messages = size.quotes / size.per_message / installations
    return Demand(messages, size.per_message, size.per_push, max(1, size.names // installations), viewers)


def loads(costs: UnitCosts, size: Size, design: Design, bounds: Bounds) -> Loads:
    """Return the loads of a design."""
    demand, spread = demand_of(size, design.installations), Spread(design.workers, design.shards)
    connections = size.users / design.installations / design.workers
    arrivals = size.arrivals / design.installations
    kept = MICRO * (connections * costs.idle + arrivals / design.workers * costs.connection)

    def of_worker(written: int, pace: Pace) -> tuple[float, float]:
        counts = worker_counts(demand, spread, pace, written, costs)
        return spent(counts, costs) + kept, spent({name: counts[name] for name in READING}, costs)

    pace = settled_pace(demand, spread, 0, costs)
    worker, reading = of_worker(0, pace)
    writer, writing = of_worker(design.shards, settled_pace(demand, spread, design.shards, costs))
    primary, replica = of_redis(costs, demand, design, pace.turns)
    primary += MICRO * arrivals * costs.redis_user

    per_machine = min(design.workers, bounds.machine_processes)
    inward = per_machine * demand.messages * demand.quotes * costs.entry_bytes
    outward = per_machine * demand.deliveries / design.workers * (costs.delivery_bytes + FRAME_BYTES)
    cores = (design.workers - 1) * worker + writer + design.shards * (primary + design.replicas * replica)
    return Loads(
        worker=worker,
        reading=reading,
        writer=writer,
        writing=writing,
        primary=primary,
        replica=replica,
        network=8 * max(inward, outward) / bounds.machine_bits,
        connections=connections,
        cores=design.installations * cores,
    )


def of_redis(costs: UnitCosts, demand: Demand, design: Design, turns: float) -> tuple[float, float]:
    """Return the share of a core of a primary and of a replica. Workers read at the replicas, if there are any."""
    counts = redis_counts(demand, Spread(design.workers, design.shards), turns, costs)
    read = {name: counts[name] for name in ("redis_turn", "redis_read")}
    rest = MICRO * costs.redis_rest
    if not design.replicas:
        return rest + spent(counts, costs), 0.0
    copied = MICRO * counts["redis_entry"]
    primary = rest + spent(counts, costs, without=read) + design.replicas * copied * costs.redis_copied
    return primary, rest + copied * costs.replica_entry + spent(read, costs) / design.replicas


def bottleneck(found: Loads, bounds: Bounds) -> tuple[str, float]:
    """Return what is furthest beyond its bound, or nearest to it, and its share of it.

    One that no larger design widens is named first.
    """
    shares = found.shares(bounds)
    for name in UNSOLVED:
        if shares[name] > 1:
            return name, shares[name]
    return max(shares.items(), key=lambda item: item[1])


def choose(costs: UnitCosts, size: Size, bounds: Bounds, installations: int = 1) -> Design | None:
    """Return the design within the bounds that grows from one worker, or None where no larger one helps.

    What is furthest beyond its bound grows: workers; replicas where workers' reads are too much for Redis; queues
    where producers' messages are.
    """
    design = Design(installations)
    while design.workers <= bounds.workers:
        name, share = bottleneck(loads(costs, size, design, bounds), bounds)
        if share <= 1:
            return design
        if name in UNSOLVED:
            return None
        design = grown(costs, size, design, bounds, name)
    return None


def grown(costs: UnitCosts, size: Size, design: Design, bounds: Bounds, name: str) -> Design:
    """Return the design with more of what the bottleneck needs."""
    if name == REPLICA:
        return replace(design, replicas=design.replicas + 1)
    if name == PRIMARY:
        # A Redis that nobody reads at: what is too much for it is too much for one queue.
        unread = loads(costs, size, replace(design, replicas=1), bounds).primary
        if design.replicas or unread > bounds.redis:
            return replace(design, shards=design.shards + 1)
        return replace(design, replicas=1)
    return replace(design, workers=max(design.workers + 1, math.ceil(design.workers * GROWTH)))


@dataclass(frozen=True)
class Row:
    """A size, the design for it and its loads, or no design; and what one worker and one Redis have too much of."""

    size: Size
    design: Design | None
    loads: Loads | None
    first: tuple[str, float]


def carry(costs: UnitCosts, size: Size, bounds: Bounds, parts: Sequence[int] = (1,)) -> Row:
    """Return the design with the fewest of these installations that spends little more than the cheapest."""
    designs = [design for count in parts if (design := choose(costs, size, bounds, count))]
    found = [(design, loads(costs, size, design, bounds)) for design in designs]
    first = bottleneck(loads(costs, size, Design(), bounds), bounds)
    if not found:
        return Row(size, None, None, first)
    most = SPARED * min(carried.cores for _, carried in found)
    design, carried = next(each for each in found if each[1].cores <= most)
    return Row(size, design, carried, first)


def variants(costs: UnitCosts, bounds: Bounds, sizes: Sequence[Size] = SIZES) -> Iterator[tuple[str, list[Row]]]:
    """Yield the tables: all in one installation, and the quotes divided among several."""
    yield "one installation", [carry(costs, size, bounds) for size in sizes]
    yield "several installations", [carry(costs, size, bounds, PARTS) for size in sizes]
