"""Servers that are exactly as the model says, and what they would have shown."""

from dataclasses import replace

from bench.simulate.fit import counts_of, demand_of, spread_of
from bench.simulate.model import UnitCosts, settled_pace, spent
from bench.simulate.run import Load, Run

COSTS = UnitCosts(
    worker_rest=10_000,
    supervisor_rest=1_000,
    shard_rest=2_000,
    turn=150,
    turn_cold=200,
    intake=40,
    crossing=60,
    crossing_cold=100,
    decode=12,
    quote=5,
    skip=4,
    wanted=20,
    frame=4,
    save=100,
    half_cold=0.005,
    redis_half_cold=0.002,
    redis_rest=1_500,
    redis_worker_rest=800,
    redis_push=50,
    redis_push_cold=100,
    redis_intake=10,
    redis_turn=30,
    redis_entry=4,
    redis_quote=1,
    redis_read=0.4,
    redis_save=20,
    connection=200,
    redis_user=20,
    idle=1,
    redis_copied=3,
    replica_entry=5,
    entry_bytes=200,
    delivery_bytes=100,
)
LOADS = (
    Load("rest"),
    *(Load("all", rate, 1, 1, 200) for rate in (30, 100, 300)),
    *(Load("aside", rate, batch, 200) for rate, batch in ((100, 1), (300, 1), (1_000, 2), (3_000, 5))),
    *(Load("one", rate, batch, 200, 1) for rate, batch in ((100, 1), (300, 1), (1_000, 2), (3_000, 5))),
    Load("backlog", topics=200, backlog=20_000),
    Load("backlog", topics=200, quotes=20, backlog=4_000),
)


def run_of(costs: UnitCosts, load: Load, workers: int, shards: int = 1) -> Run:
    """Return what a server of these costs would have shown in ten seconds."""
    seconds = 10.0
    run = Run(
        load=load,
        workers=workers,
        shards=shards,
        clients=200,
        seconds=seconds,
        messages=load.backlog or round(load.rate * seconds),
        turns=0,
        deliveries=round(load.rate * load.viewers * seconds),
        reads=0,
        sent=round(100 * load.rate * load.viewers * seconds),
        redis_sent=0,
        busy=0.0,
        busiest=0.0,
        redis_busy=0.0,
    )
    pace = settled_pace(demand_of(run), spread_of(run), shards / workers, costs)
    server, stored = counts_of(run, costs, pace)
    turns = round(pace.turns * workers * shards * seconds)
    return replace(run, turns=turns, busy=spent(server, costs), redis_busy=spent(stored, costs))


def runs_of(costs: UnitCosts, *servers: tuple[int, int]) -> list[Run]:
    """Return all loads on servers with so many workers and queues."""
    return [run_of(costs, load, workers, shards) for workers, shards in servers for load in LOADS]
