"""Run: what a real server and its Redis spent on one load. Pure: as JSON and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True)
class Load:
    """Load of a run. ``rate`` messages a second come in pushes of ``batch``; a rate of 0 is no message.

    Their topics are ``topics`` quotes in turn, each of which has ``viewers`` clients. Each message has ``quotes``
    quotes. A load with a ``backlog`` has so many messages at once, in the place of a rate.
    """

    name: str
    rate: int = 0
    batch: int = 1
    topics: int = 1
    viewers: int = 0
    quotes: int = 1
    backlog: int = 0


@dataclass(frozen=True)
class Run:
    """``seconds`` of a load at ``workers`` workers, which share one Redis with ``shards`` queues and ``clients``.

    Of the counts, ``turns`` are reads of the bus by all workers, ``reads`` what clients read at once: nearly always
    one write of the server. ``sent`` is what clients read, ``redis_sent`` what Redis wrote to all of its clients,
    in bytes. ``busy`` is the processor time of all workers and their supervisor for a second, ``busiest`` that of the
    worker with the most of it, ``redis_busy`` that of Redis.
    """

    load: Load
    workers: int
    shards: int
    clients: int
    seconds: float
    messages: int
    turns: int
    deliveries: int
    reads: int
    sent: int
    redis_sent: int
    busy: float
    busiest: float
    redis_busy: float

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Self:
        """Return the run that ``asdict`` made this of."""
        return cls(**{**told, "load": Load(**told["load"])})


def repeats(runs: Iterable[Run]) -> list[list[Run]]:
    """Return the runs of the same load on the same server together, in the order of the first ones."""
    found: dict[tuple[Load, int, int], list[Run]] = {}
    for run in runs:
        found.setdefault((run.load, run.workers, run.shards), []).append(run)
    return list(found.values())


def undisturbed(runs: Sequence[Run]) -> Run:
    """Return the repeat whose servers spent the least, with the least that Redis spent in any repeat."""

    def length(run: Run) -> float:
        # A backlog takes as long as it takes, and is followed by a rest.
        return run.seconds if run.load.backlog else 1.0

    least = min(runs, key=lambda run: run.busy * length(run))
    stored = min(runs, key=lambda run: run.redis_busy * length(run))
    return replace(least, redis_busy=stored.redis_busy * length(stored) / length(least))


def differences(runs: Sequence[Run], name: str) -> float:
    """Return how far the greatest share of repeats is above the least."""
    shares = [getattr(run, name) for run in runs]
    return float(max(shares) / min(shares) - 1)
