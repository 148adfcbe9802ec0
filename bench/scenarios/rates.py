"""1,000 quotes a second to subscribers who want all of them at once, or together ten times or once a second.

Everybody gets every quote; what changes is how many frames carry them, and with that what they cost. The others have
no rates: there everybody gets every quote at once.
"""

import json
from dataclasses import asdict, replace
from typing import Any

from bench.clients import open_up
from bench.comparison import Numbers, Scale, compare
from bench.peers.dialect import RTSERVER
from bench.peers.running import RunningPeer
from bench.peers.table import C_FLOOR_FROM_REDIS, CENTRIFUGO_STREAM, PRODUCT
from bench.peers.work import Order
from bench.sweep import measure

QUOTES_PER_SECOND = 1000
RATES: dict[str, float | None] = {"every update at once": None, "at most 10/s": 10, "at most 1/s": 1}


def run(scale: Scale) -> Numbers:
    """Each rate on a server of its own."""
    count, seconds = scale.pick(1000, 100), float(scale.pick(8, 3))

    def follow(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            clients.connect(count)
            if running.peer.name in RATES:
                rate = RATES[running.peer.name]
                open_up(clients, [with_rate(payload, rate) for payload in RTSERVER.opening([0])], RTSERVER.mark, 1)
            else:
                running.open_up(clients, [0])
            return asdict(measure(running, clients, Order(rate=QUOTES_PER_SECOND), count, seconds))

    others = scale.peers((CENTRIFUGO_STREAM, C_FLOOR_FROM_REDIS))
    return {f"{count} subscribers": compare([*(replace(PRODUCT, name=name) for name in RATES), *others], follow)}


def with_rate(payload: bytes, rate: float | None) -> bytes:
    """A request for a chart, with a rate."""
    message: dict[str, Any] = json.loads(payload)
    message["data"]["max_rate"] = rate
    return json.dumps(message).encode()
