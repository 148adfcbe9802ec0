"""The limits that rtserver promises to hold. Nobody else is asked."""

import time

from bench.clients import Clients, open_up, sample
from bench.comparison import Numbers, Scale
from bench.meter import Meter
from bench.peers.dialect import RTSERVER
from bench.process import resident_bytes
from bench.target import target
from rtserver.bench.client.wire import session_key
from rtserver.bench.local_server import LocalServer

CLIENTS, FIRST_CONNECTIONS = 500, 50
RATE = 100
QUOTE = "BENCH:T0:20130301"
SETTLE_SECONDS = WARM_UP_SECONDS = 1.0
PATIENCE = 30.0


def run(scale: Scale) -> Numbers:
    """All that is promised, on one fresh server."""
    seconds = float(scale.pick(5, 1))
    with target() as server:
        key = session_key(server.log_in())
        return {
            "idle": idle(server, key, scale.pick(2000, 300)),
            "steady": deliver(server, key, RATE, seconds),
            "saturation": deliver(server, key, 0, seconds),
        }


def idle(server: LocalServer, key: str, count: int) -> Numbers:
    """Memory and handshakes a second of ``count`` connections that do nothing."""
    with Clients(server.site, [key]) as clients:
        clients.connect(FIRST_CONNECTIONS)
        before = resident_bytes(server.pid)
        seconds = clients.connect(count)
        time.sleep(SETTLE_SECONDS)  # until what the handshakes left behind is gone
        grown = resident_bytes(server.pid) - before
    return {"connections_per_second": round(count / seconds), "bytes_per_connection": round(grown / count)}


def deliver(server: LocalServer, key: str, rate: int, seconds: float) -> Numbers:
    """From RPUSH to the clients' read, at ``rate`` messages a second; 0 means as many as the server takes."""
    with Clients(server.site, [key]) as clients:
        clients.connect(CLIENTS)
        open_up(clients, RTSERVER.opening([0]), RTSERVER.mark, 1)
        sampled = sample(clients.sockets) if rate else set()
        clients.whole = sampled or None
        with server.producer(QUOTE, rate):
            first = Meter()
            clients.read_until(lambda: first.deliveries > 0, first.on_bytes, PATIENCE)
            clients.read_for(first.on_bytes, WARM_UP_SECONDS)
            meter, skimmed = Meter(sampled), clients.skimmed
            took = clients.read_for(meter.on_bytes, seconds)
        deliveries = meter.among(clients.skimmed - skimmed)
    return {"deliveries_per_second": round(deliveries / took)} | (meter.summary() if rate else {})


def table(numbers: Numbers) -> str:
    """Return measured against promised values, as Markdown."""
    quiet, steady = numbers["idle"], numbers["steady"]
    rows = [
        ("deliveries/s at saturation", f"{numbers['saturation']['deliveries_per_second']:,}", "at least 1,500,000"),
        ("p50 at 100 messages/s", f"{steady['p50']} ms", "under 5 ms"),
        ("p99 at 100 messages/s", f"{steady['p99']} ms", "under 25 ms"),
        ("memory per idle connection", f"{quiet['bytes_per_connection'] / 1024:.1f} KB", "under 20 KB"),
        ("connections/s", f"{quiet['connections_per_second']:,}", "at least 2,000"),
    ]
    return "\n".join(["| what | measured | limit |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])
