"""Unit costs of measured runs. Pure.

Least squares of relative errors: a run at rest counts as much as a busy one. No cost is below zero: one that comes
out there is left out, and the others are fitted anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.simulate.measured import Measured
from bench.simulate.model import (
    MICRO,
    Counts,
    Demand,
    Pace,
    Spread,
    UnitCosts,
    redis_counts,
    settled_pace,
    spent,
    worker_counts,
)
from bench.simulate.run import Run, differences, repeats, undisturbed

MOST_ERROR = 0.15
HALVES = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Tried for ``half_cold`` and ``redis_half_cold``, in seconds."""
BACKLOG_PUSH = 100
"""Messages in each command of a backlog."""


def demand_of(run: Run) -> Demand:
    """Return what producers and clients of a run did."""
    load = run.load
    messages = run.messages / run.seconds if load.rate or load.backlog else 0.0
    batch = BACKLOG_PUSH if load.backlog else load.batch
    return Demand(messages, load.quotes, batch, load.topics, load.viewers)


def spread_of(run: Run) -> Spread:
    """Return how its server was spread: on one core for the workers, and one Redis."""
    return Spread(run.workers, run.shards, run.workers, run.shards)


def counts_of(run: Run, costs: UnitCosts, pace: Pace) -> tuple[Counts, Counts]:
    """Return what happened in a second in all of its server's processes, and in its Redis."""
    demand, spread = demand_of(run), spread_of(run)
    mean = worker_counts(demand, spread, pace, spread.shards / spread.workers, costs)
    server = {name: spread.workers * count for name, count in mean.items()}
    server["supervisor_rest"] = float(spread.workers > 1)
    each = redis_counts(demand, spread, pace.turns, costs)
    return server, {"redis_rest": 1.0, **{name: spread.shards * count for name, count in each.items()}}


def measured_counts(run: Run, costs: UnitCosts) -> tuple[Counts, Counts]:
    """Return the same, by the turns that were counted."""
    if not demand_of(run).messages:
        return counts_of(run, costs, Pace())
    turns = run.turns / run.seconds / run.workers / run.shards
    return counts_of(run, costs, Pace(turns, max(0.0, 1 - run.busy) / (run.shards * turns)))


def fit(runs: Sequence[Run]) -> UnitCosts:
    """Return the costs that are nearest to what runs have spent: of each load, the repeat that spent the least."""
    costs = UnitCosts()
    runs = [undisturbed(some) for some in repeats(runs)]
    for _ in range(2):  # saves depend on their own cost, where there are thousands of quotes
        costs = _best(costs, runs, "half_cold", 0, [run.busy for run in runs])
        costs = _best(costs, runs, "redis_half_cold", 1, [run.redis_busy for run in runs])
    return costs


def _best(costs: UnitCosts, runs: Sequence[Run], half: str, part: int, busy: Sequence[float]) -> UnitCosts:
    """Return the costs with those of one part, server or Redis, fitted with the best of all ``HALVES``."""
    found = []
    for seconds in HALVES:
        tried = replace(costs, **{half: seconds})
        values, missed = solve([measured_counts(run, tried)[part] for run in runs], busy)
        found.append((missed, replace(tried, **values)))
    return min(found, key=lambda each: each[0])[1]


def solve(rows: Sequence[Counts], busy: Sequence[float]) -> tuple[dict[str, float], float]:
    """Return the cost of each count, and the sum of the squares of the relative errors that are left."""
    active = sorted({name for row in rows for name, count in row.items() if count})
    unused = {name: 0.0 for row in rows for name in row}
    while True:
        table = np.array(
            [[MICRO * row[name] / used for name in active] for row, used in zip(rows, busy, strict=True)]
        )
        scale = np.abs(table).max(axis=0)  # columns differ by a factor of millions
        values, *_ = np.linalg.lstsq(table / scale, np.ones(len(rows)), rcond=1e-9)
        if values.min(initial=0.0) >= 0:
            break
        del active[int(values.argmin())]
    left = table @ (values / scale) - 1
    return unused | dict(zip(active, (values / scale).tolist(), strict=True)), float(left @ left)


@dataclass(frozen=True)
class Checked:
    """A load, and what the model says of it, in shares of a core. Its repeats were ``apart`` by that much."""

    run: Run
    busy: float
    redis_busy: float
    apart: float

    @property
    def error(self) -> float:
        """Return how far the model is from the run, as a share of it."""
        return self.busy / self.run.busy - 1

    @property
    def redis_error(self) -> float:
        """Return the same of Redis."""
        return self.redis_busy / self.run.redis_busy - 1

    @property
    def is_near(self) -> bool:
        """Return True if the model is as near as it has to be, of servers and Redis alike."""
        return max(abs(self.error), abs(self.redis_error)) <= MOST_ERROR


def check(costs: UnitCosts, runs: Iterable[Run]) -> list[Checked]:
    """Return the model's word on all steady loads, of which it is told the load alone."""
    return [_check(costs, some) for some in repeats(run for run in runs if not run.load.backlog)]


def _check(costs: UnitCosts, some: Sequence[Run]) -> Checked:
    run = undisturbed(some)
    spread = spread_of(run)
    pace = settled_pace(demand_of(run), spread, spread.shards / spread.workers, costs)
    server, stored = counts_of(run, costs, pace)
    apart = max(differences(some, "busy"), differences(some, "redis_busy"))
    return Checked(run, spent(server, costs), spent(stored, costs), apart)


def all_costs(measured: Measured) -> UnitCosts:
    """Return the fitted costs, and those that pieces of their own have measured."""
    runs = measured.fitted()
    most = max(measured.workers, key=lambda piece: measured.mean(piece, "connection_us"))
    return replace(
        fit(runs),
        connection=measured.mean(most, "connection_us"),
        redis_user=measured.mean(most, "redis_user_us"),
        idle=measured.mean("idle", "idle_us"),
        redis_copied=max(0.0, measured.mean("replica", "primary_us")),
        replica_entry=measured.mean("replica", "replica_us"),
        entry_bytes=entry_bytes(runs),
        delivery_bytes=delivery_bytes(runs),
    )


def entry_bytes(runs: Sequence[Run]) -> float:
    """Return what each reader more gets for an entry, by the busiest load that nobody watches."""
    busiest = max(run.load.rate for run in runs if run.load.name == "aside")
    sent = {
        run.workers: run.redis_sent / run.messages
        for run in map(undisturbed, repeats(runs))
        if run.load.name == "aside" and run.load.rate == busiest and run.shards == 1
    }
    return (sent[max(sent)] - sent[min(sent)]) / (max(sent) - min(sent))


def delivery_bytes(runs: Sequence[Run]) -> float:
    """Return what a client gets for a tick."""
    read = [run for run in runs if run.deliveries]
    return sum(run.sent for run in read) / sum(run.deliveries for run in read)
