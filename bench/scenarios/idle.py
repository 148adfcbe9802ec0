"""Connections that do nothing: what they cost in memory, and in time while rtserver looks whether they are alive."""

import time

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import CENTRIFUGO_HTTP, PICOWS, PRODUCT, TORNADO, UWEBSOCKETS, WEBSOCKETS
from bench.process import cpu_seconds
from rtserver.bench.process import resident_bytes

WARM_UP = 50
SETTLE_SECONDS = 1.0
WATCHED_SECONDS = 2.0
HEARTBEAT_SECONDS = 26.0
"""A little more than rtserver's interval, so that its pings are in the figure."""


def cost(running: RunningPeer, count: int, watched: float) -> Numbers:
    """Measure how fast ``count`` connections open, their memory, and their share of a core in ``watched`` seconds."""
    with running.clients() as clients:
        clients.connect(WARM_UP)
        before = resident_bytes(running.pid)
        seconds = clients.connect(count)
        if running.peer.dialect.closes_the_silent:
            running.open_up(clients, [])
        time.sleep(SETTLE_SECONDS)  # until what the handshakes left behind is gone
        grown = resident_bytes(running.pid) - before
        spent = cpu_seconds(running.pid)
        time.sleep(watched)
        spent = cpu_seconds(running.pid) - spent
    return {
        "connections_per_second": round(count / seconds),
        "bytes_per_connection": round(grown / count),
        "server_busy": round(spent / watched, 4),
    }


def run(scale: Scale) -> Numbers:
    """10,000 connections (quickly: 1,000)."""
    count = scale.pick(10_000, 1000)

    def measure(running: RunningPeer) -> Numbers:
        watched = HEARTBEAT_SECONDS if running.peer is PRODUCT and not scale.is_quick else WATCHED_SECONDS
        return cost(running, count, watched)

    peers = [PRODUCT, *scale.peers((UWEBSOCKETS, PICOWS, WEBSOCKETS, TORNADO, CENTRIFUGO_HTTP))]
    return {f"{count} connections": compare(peers, measure)}
