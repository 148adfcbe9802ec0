"""Unit costs, a demand and a design in, processor time out. Pure: no clock, no sockets.

Costs are microseconds of processor time on the machine that was measured. A worker's are those of both of its
threads. Everything is a mean: bursts need what the bounds of ``design`` leave free.

What happens in a second is counted first (``WorkerCounts``, ``RedisCounts``), then each count is multiplied by its
cost. So the fit, which knows what measured runs have spent, and the model are the same sums.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

MICRO = 1e-6
READ_COUNT = 500
"""Entries of the bus that one read brings at most (``BusReader``)."""
CYCLE_SECONDS, LONGEST_CYCLE, CYCLE_PART = 1.0, 10.0, 1 / 3
"""Of the writer of history: between two saves of a quote, and its share of a core at most (``HistoryWriter``)."""
STEPS = 24

Counts: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class UnitCosts:
    """Microseconds of one of each. Those of ``_rest`` are for a second without messages.

    ``turn`` is a read of the bus that brings messages, with both ends of the sleep before it, and ``turn_cold`` what
    a long sleep adds: half of it after ``half_cold`` seconds. ``crossing`` wakes the other thread for clients,
    ``wanted`` draws a tick for them, ``frame`` is one write to one client. ``decode`` is a message that is
    handled, with its first quote, ``quote`` each further one, ``skip`` a message that is left aside. ``intake`` moves
    messages to the bus, ``save`` stores a quote; a worker that is alone has its intake in the turn.

    Of Redis, ``turn`` is a read by one of several workers, ``read`` an entry for one reader, ``entry`` one that is
    added. A worker that is alone reads in the trip of its intake.

    Measured by themselves: ``connection`` is a user who comes, ``redis_user`` the same in Redis, ``idle`` a second of
    a connection, ``redis_copied`` an entry for each replica, ``replica_entry`` the same in the replica.
    ``entry_bytes`` travel for an entry to each reader, ``delivery_bytes`` for a tick to a client.
    """

    worker_rest: float = 0.0
    supervisor_rest: float = 0.0
    shard_rest: float = 0.0
    turn: float = 0.0
    turn_cold: float = 0.0
    intake: float = 0.0
    crossing: float = 0.0
    crossing_cold: float = 0.0
    decode: float = 0.0
    quote: float = 0.0
    skip: float = 0.0
    wanted: float = 0.0
    frame: float = 0.0
    save: float = 0.0
    half_cold: float = 0.001
    redis_half_cold: float = 0.001
    redis_rest: float = 0.0
    redis_worker_rest: float = 0.0
    redis_push: float = 0.0
    redis_push_cold: float = 0.0
    redis_intake: float = 0.0
    redis_turn: float = 0.0
    redis_entry: float = 0.0
    redis_quote: float = 0.0
    redis_read: float = 0.0
    redis_save: float = 0.0
    connection: float = 0.0
    redis_user: float = 0.0
    idle: float = 0.0
    redis_copied: float = 0.0
    replica_entry: float = 0.0
    entry_bytes: float = 0.0
    delivery_bytes: float = 0.0


@dataclass(frozen=True)
class Demand:
    """Load of producers in a second, and its viewers.

    ``messages`` of ``quotes`` quotes each come in pushes of ``batch``; they have ``names`` different quotes in turn.
    Each quote has ``viewers`` clients, spread over all workers.
    """

    messages: float
    quotes: int = 1
    batch: float = 1.0
    names: int = 1
    viewers: float = 0.0

    @property
    def deliveries(self) -> float:
        """Return quotes that reach a client."""
        return self.messages * self.quotes * self.viewers


@dataclass(frozen=True)
class Spread:
    """``workers``, each of which reads all ``shards`` queues.

    In measured runs all workers share a core, and all queues a Redis.
    """

    workers: int = 1
    shards: int = 1
    workers_per_core: int = 1
    shards_per_redis: int = 1


def watched_share(demand: Demand, workers: int) -> float:
    """Return the share of messages that somebody on one of so many workers watches."""
    if workers == 1:
        return float(demand.viewers > 0)
    return float(1 - (1 - 1 / workers) ** (demand.viewers * demand.quotes))


def pushes(demand: Demand, shards: int) -> float:
    """Return how often a second a producer pushes to one shard: what it has for all at once goes to several."""
    reached = 1 - (1 - 1 / shards) ** demand.batch if shards > 1 else 1.0
    return demand.messages / demand.batch * reached


def saves(demand: Demand, shards: int, save_us: float) -> float:
    """Return the quotes that the writer of one shard stores in a second."""
    names = demand.names / shards
    ticks = demand.messages * demand.quotes / shards
    longest = min(LONGEST_CYCLE, max(CYCLE_SECONDS, names * save_us * MICRO / CYCLE_PART))
    return min(names, ticks * longest) / longest


def cold(sleep: float, half: float) -> float:
    """Return how cold a core is after ``sleep`` seconds, from 0 to 1: a half after ``half`` seconds."""
    return sleep / (sleep + half)


@dataclass(frozen=True)
class Pace:
    """Reads of each shard by a worker in a second, and the ``sleep`` before each in seconds."""

    turns: float = 0.0
    sleep: float = 1.0


def worker_counts(demand: Demand, spread: Spread, pace: Pace, written: float, costs: UnitCosts) -> Counts:
    """Return what one worker does in a second, by the cost that it has.

    It writes the history of ``written`` shards. A part of a shard is what a mean worker does.
    """
    turns = pace.turns
    workers, shards = spread.workers, spread.shards
    watched = watched_share(demand, workers)
    decoded = demand.messages * (written / shards + (1 - written / shards) * watched)
    together = demand.messages / shards / turns if turns else 0.0
    crossings = shards * turns * (1 - (1 - watched) ** together)
    intakes = 0.0 if workers == 1 else shards * turns * min(workers, together) / workers
    coldness = cold(pace.sleep, costs.half_cold)
    return {
        "worker_rest": 1.0,
        "shard_rest": shards - 1.0,
        "turn": shards * turns,
        "turn_cold": shards * turns * coldness,
        "intake": intakes,
        "crossing": crossings,
        "crossing_cold": crossings * coldness,
        "decode": decoded,
        "quote": decoded * (demand.quotes - 1),
        "skip": demand.messages - decoded,
        "wanted": demand.messages * demand.quotes * watched_share(replace(demand, quotes=1), workers),
        "frame": demand.deliveries / workers,
        "save": written * saves(demand, shards, costs.save),
    }


def redis_counts(demand: Demand, spread: Spread, turns: float, costs: UnitCosts) -> Counts:
    """Return what one shard's Redis does in a second, of which each worker reads all."""
    workers, shards = spread.workers, spread.shards
    messages = demand.messages / shards
    each = pushes(demand, shards)
    together = messages / turns if turns else 0.0
    return {
        "redis_worker_rest": workers,
        "redis_push": each,
        "redis_push_cold": each * cold(1 / (spread.shards_per_redis * each), costs.redis_half_cold) if each else 0.0,
        "redis_intake": turns * min(workers, together),
        "redis_turn": 0.0 if workers == 1 else workers * turns,
        "redis_entry": messages,
        "redis_quote": messages * (demand.quotes - 1),
        "redis_read": workers * messages,
        "redis_save": saves(demand, shards, costs.save),
    }


def spent(counts: Mapping[str, float], costs: UnitCosts, without: Collection[str] = ()) -> float:
    """Return the share of a core that these counts take."""
    return MICRO * sum(count * getattr(costs, name) for name, count in counts.items() if name not in without)


COST_NAMES = tuple(field.name for field in fields(UnitCosts))
OTHER_THREAD = ("frame", "save")
"""Costs that do not keep a worker from the next read: one is the other thread's, one of a greenlet that rests."""


def settled_pace(demand: Demand, spread: Spread, written: float, costs: UnitCosts) -> Pace:
    """Return how often a worker reads each shard.

    While it works on one read, further pushes join the next. They come at random: ``exp(-pushes * cycle)`` is the
    chance that none came during a cycle, and only then it waits for one. A worker with too much to do never waits.
    """
    each = pushes(demand, spread.shards)
    if not each:
        return Pace()
    least, most = min(each, demand.messages / spread.shards / READ_COUNT), each
    pace = Pace(each)
    for _ in range(STEPS):
        turns = (least + most) / 2
        pace = paced(demand, spread, turns, written, costs)
        counts = worker_counts(demand, spread, pace, written, costs)
        reading = spread.workers_per_core * spent(counts, costs, without=OTHER_THREAD)
        waits = math.exp(-each * reading / turns) / each
        if reading + turns * waits > 1:
            most = turns
        else:
            least = turns
    return pace


def paced(demand: Demand, spread: Spread, turns: float, written: float, costs: UnitCosts) -> Pace:
    """Return the pace of a worker that reads each shard ``turns`` times a second: the rest of the time it sleeps."""
    pace = Pace(turns, 1 / (spread.shards * turns))
    for _ in range(3):  # the sleep depends on the time that is left, which depends little on the sleep
        busy = spread.workers_per_core * spent(worker_counts(demand, spread, pace, written, costs), costs)
        pace = Pace(turns, max(0.0, 1 - busy) / (spread.shards * turns))
    return pace


def worker_busy(demand: Demand, spread: Spread, written: float, costs: UnitCosts) -> float:
    """Return the share of a core that a worker takes."""
    return spent(worker_counts(demand, spread, settled_pace(demand, spread, written, costs), written, costs), costs)
