"""rtserver with and without permessage-deflate: bytes on the wire, time, memory.

The messages are those of the other scenarios; the points in them are as hard to compress as a chart's.
"""

from dataclasses import replace

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import BARE, PRODUCT
from bench.peers.work import Order
from bench.scenarios.idle import WATCHED_SECONDS, cost
from bench.sweep import sweep

TOPIC = 0
CLIENTS = 500
NAME = "rtserver, deflate"
SETTINGS = {
    "500 subscribers, ticks of 160 bytes": (Order(size=160), 25),
    "500 subscribers, pictures of 64 KB": (Order(size=64_000), 5),
    "500 clients, an own message of 1 KB each": (Order(size=1000, own=True), 10),
}


def run(scale: Scale) -> Numbers:
    """Fan-out small and large, messages that are compressed for one client each, and idle connections."""
    count = scale.pick(5000, 500)
    rows = {title: deliver(scale, order, first_rate) for title, (order, first_rate) in SETTINGS.items()}
    peers = (PRODUCT, replace(PRODUCT, name=NAME, options=("--compression", "deflate"), compressed=True))
    rows[f"{count} idle connections"] = compare(peers, lambda running: cost(running, count, WATCHED_SECONDS))
    return rows


def deliver(scale: Scale, order: Order, first_rate: float) -> Numbers:
    """One kind of message, in the server's own process."""

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            clients.connect(CLIENTS)
            if not order.own:
                running.open_up(clients, [TOPIC])
            return sweep(running, clients, scale.load(order, CLIENTS, first_rate))

    return compare((BARE, replace(BARE, name=NAME, compressed=True)), measure)
