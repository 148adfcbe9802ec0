"""1,000 quotes a second to subscribers who want all of them at once, or together ten times or once a second.

Everybody gets every quote; what changes is how many frames carry them, and with that what they cost.
"""

import json
from dataclasses import asdict
from typing import Any

from bench.clients import open_up
from bench.comparison import Numbers, Scale
from bench.peers.dialect import RTSERVER
from bench.peers.running import RunningPeer, started
from bench.peers.table import PRODUCT
from bench.peers.work import Order
from bench.sweep import measure

QUOTES_PER_SECOND = 1000
TOPIC = 0
RATES: dict[str, float | None] = {"every update at once": None, "at most 10/s": 10, "at most 1/s": 1}


def run(scale: Scale) -> Numbers:
    """Each rate on a server of its own."""
    count, seconds = scale.pick(1000, 100), float(scale.pick(8, 3))
    rows = {}
    for name, rate in RATES.items():
        print(f"  {name} ...", flush=True)
        with started(PRODUCT) as running:
            rows[name] = follow(running, count, rate, seconds)
    return {f"{count} subscribers": rows}


def follow(running: RunningPeer, count: int, rate: float | None, seconds: float) -> Numbers:
    """Measure ``count`` subscribers at that rate."""
    with running.clients() as clients:
        clients.connect(count)
        open_up(clients, [with_rate(payload, rate) for payload in RTSERVER.opening([TOPIC])], RTSERVER.mark, 1)
        return asdict(measure(running, clients, Order(rate=QUOTES_PER_SECOND), count, seconds))


def with_rate(payload: bytes, rate: float | None) -> bytes:
    """A request for a chart, with a rate."""
    message: dict[str, Any] = json.loads(payload)
    message["data"]["max_rate"] = rate
    return json.dumps(message).encode()
