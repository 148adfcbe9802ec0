"""Requests and their answers: 50 clients with 1 and with 16 requests under way each, and one client all alone.

The peers send back what they get. "rtserver, ping" is the product's own ``ping`` with a logged-in user.
"""

from dataclasses import replace

from bench.caller import Callers
from bench.comparison import Numbers, Scale, compare
from bench.peers.call_wire import ECHO, PING
from bench.peers.running import RunningPeer
from bench.peers.table import LIBRARIES, PRODUCT

OURS = replace(PRODUCT, name="rtserver, ping")
LOADS = {"alone": (1, 1), "depth 1": (50, 1), "depth 16": (50, 16)}


def run(scale: Scale) -> Numbers:
    """Answers a second and how long they took, alone, and by depth."""

    def measure(running: RunningPeer) -> Numbers:
        talker = (PING if running.peer is OURS else ECHO).talker()
        numbers: Numbers = {}
        for name, (count, depth) in LOADS.items():
            with running.sockets(count) as sockets, Callers(sockets, talker, depth) as callers:
                numbers[name] = callers.measure(2 * scale.seconds)
        return numbers

    return {"50 clients": compare([OURS, *scale.peers(LIBRARIES)], measure)}
