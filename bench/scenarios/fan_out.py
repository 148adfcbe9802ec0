"""One topic, many subscribers, messages made in the server's own process, and more of them until it is saturated.

nats-server and Nchan have no application in them, so a process beside them publishes.
"""

from collections.abc import Sequence

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import FROM_OUTSIDE, IN_PROCESS, SOURCE, Peer
from bench.peers.work import Order
from bench.sweep import measure as measure_step
from bench.sweep import sweep

TOPIC = 0
LARGE_BYTES = 64_000
CEILING_RATE = 1000.0


def run(scale: Scale) -> Numbers:
    """By the number of subscribers, with large messages, and what the load client alone could take."""
    everyone = (*IN_PROCESS, *FROM_OUTSIDE)
    settings = {
        "the load client's ceiling": ceiling(scale),
        "500 subscribers": fan_out(everyone, scale, 500, Order(), 25),
        "500 subscribers, 64 KB messages": fan_out(IN_PROCESS, scale, 500, Order(size=LARGE_BYTES), 5),
    }
    if not scale.is_quick:
        settings["5000 subscribers"] = fan_out(everyone, scale, 5000, Order(), 5)
    return settings


def fan_out(peers: Sequence[Peer], scale: Scale, count: int, order: Order, first_rate: float) -> Numbers:
    """One number of subscribers, one size of message."""

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            clients.connect(count)
            running.open_up(clients, [TOPIC])
            return sweep(running, clients, scale.load(order, count, first_rate))

    return compare(scale.peers(peers), measure)


def ceiling(scale: Scale) -> Numbers:
    """Measure the load client with a source that does nothing but write: no server's figure can be above it."""

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            clients.connect(500)
            step = measure_step(running, clients, Order(rate=CEILING_RATE), 500, scale.seconds)
            return {"deliveries_per_second": step.delivered, "client_busy": step.client_busy}

    return compare([SOURCE], measure)
