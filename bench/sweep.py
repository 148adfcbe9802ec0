"""Offered load, raised step by step until the server no longer delivers it."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from bench.clients import Clients, sample
from bench.peers.running import RunningPeer
from bench.peers.work import Order
from bench.process import cpu_seconds
from rtserver.bench.client.error import TargetError

SETTLE_SECONDS = 0.3
SATURATED = 0.85
LEAST_MESSAGES = 10


@dataclass(frozen=True)
class Step:
    """One offered load. Rates are deliveries/s over all clients, ages milliseconds, busy the share of a core."""

    offered: float
    delivered: float
    p50: float
    p99: float
    server_busy: float
    client_busy: float
    bytes_each: float
    """Of a delivery on the wire, with its frame's header."""
    compressed: float
    """The share of messages that were."""

    @property
    def is_saturated(self) -> bool:
        """Return whether the server could not deliver what it was offered."""
        return self.delivered < SATURATED * self.offered


def sweep(
    peer: RunningPeer, clients: Clients, order: Order, receivers: float, *, rates: Iterable[float], seconds: float
) -> dict[str, Any]:
    """One step of so long per rate of messages, each of which goes to ``receivers`` clients.

    Gives the steps up to and with the second in a row that saturates, and the most that was delivered at any. One
    alone may have been a moment in which the machine was busy with something else. A peer that loses a client at some
    load has had its last step before it.
    """
    steps: list[Step] = []
    try:
        for rate in rates:
            steps.append(measure(peer, clients, replace(order, rate=rate), receivers, seconds))
            if all(step.is_saturated for step in steps[-2:]) and len(steps) > 1:
                break
    except TargetError as error:
        if not steps:
            raise
        print(f"  {peer.peer.name}: {error}", flush=True)
    finally:
        peer.rest()
    most = max(step.delivered for step in steps)
    return {"deliveries_per_second": most, "steps": [asdict(step) for step in steps]}


def measure(peer: RunningPeer, clients: Clients, order: Order, receivers: float, seconds: float) -> Step:
    """Measure one order for ``seconds``, or for the time of ten messages if that is longer.

    Raises ``TargetError`` when the server drops a client.
    """
    seconds = max(seconds, LEAST_MESSAGES / order.rate)
    sampled = sample(clients.sockets)
    clients.whole = sampled
    peer.order(order)
    clients.read_for(clients.meter().on_bytes, SETTLE_SECONDS)
    meter, skimmed = clients.meter(sampled), clients.skimmed
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
        round(meter.size / max(1, meter.deliveries), 1),
        round(meter.compressed / max(1, meter.deliveries), 3),
    )
