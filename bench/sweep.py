"""Offered load, raised step by step until the server no longer delivers it."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

from bench.load_client import Clients, LoadError
from bench.meter import Meter
from bench.peer import RunningPeer
from bench.peers.work import Order
from bench.process import cpu_seconds

SETTLE_SECONDS = 0.4
SATURATED = 0.85
SAMPLED = 20


@dataclass(frozen=True)
class Step:
    """One offered load. Rates are deliveries per second over all clients, ages milliseconds, busy shares of a core."""

    offered: float
    delivered: float
    p50: float
    p99: float
    server_busy: float
    client_busy: float

    @property
    def is_saturated(self) -> bool:
        """Whether the server could not deliver what it was offered."""
        return self.delivered < SATURATED * self.offered


def sweep(
    peer: RunningPeer, clients: Clients, order: Order, receivers: float, rates: Iterable[float], seconds: float
) -> Iterator[Step]:
    """One step per rate (messages a second), up to and with the first that saturates.

    ``receivers`` is how many clients one message goes to. A peer that loses a client at some load has had its last
    step before it.
    """
    for rate in rates:
        try:
            step = measure(peer, clients, replace(order, rate=rate), receivers, seconds)
        except LoadError:
            return
        yield step
        if step.is_saturated:
            return


def measure(peer: RunningPeer, clients: Clients, order: Order, receivers: float, seconds: float) -> Step:
    """What arrives under one order. Raises ``LoadError`` when the server drops a client."""
    sampled = set(islice(clients.sockets, 0, None, max(1, len(clients.sockets) // SAMPLED)))
    clients.whole = sampled
    peer.order(order)
    clients.read_for(Meter().on_bytes, SETTLE_SECONDS)
    meter, skimmed = Meter(sampled), clients.skimmed
    server_before, client_before = cpu_seconds(peer.pid), time.process_time()
    took = clients.read_for(meter.on_bytes, seconds)
    server_busy, client_busy = cpu_seconds(peer.pid) - server_before, time.process_time() - client_before
    ages = meter.summary()
    return Step(
        round(order.rate * receivers),
        round(meter.among(clients.skimmed - skimmed) / took),
        ages["p50"],
        ages["p99"],
        round(server_busy / took, 2),
        round(client_busy / took, 2),
    )


def as_numbers(steps: Iterable[Step]) -> dict[str, Any]:
    """The steps, and the most that was delivered at any of them."""
    known = list(steps)
    return {
        "steps": [asdict(step) for step in known],
        "deliveries_per_second": max((step.delivered for step in known), default=0),
    }
