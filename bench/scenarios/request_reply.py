"""Requests and their answers: 50 clients with 1 and with 16 requests under way each, and one client all alone.

The peers send back what they get. "rtserver, ping" is the product's own ``ping`` with a logged-in user. It alone is
sent messages without an answer, too.
"""

from dataclasses import replace

from bench.caller import Callers
from bench.comparison import Numbers, Scale, compare
from bench.peers.call_wire import ECHO, PING
from bench.peers.one_way import GROUP, GROUPS, SEEN_JSON
from bench.peers.running import RunningPeer
from bench.peers.table import LIBRARIES, PRODUCT
from bench.spent import measured

OURS = replace(PRODUCT, name="rtserver, ping")
LOADS = {"alone": (1, 1), "depth 1": (50, 1), "depth 16": (50, 16)}
FEW = 4


def run(scale: Scale) -> Numbers:
    """Answers a second and how long they took, alone, and by depth."""

    def measure(running: RunningPeer) -> Numbers:
        talker = (PING if running.peer is OURS else ECHO).talker()
        numbers: Numbers = {}
        for name, (count, depth) in LOADS.items():
            with running.sockets(count) as sockets, Callers(sockets, talker, depth) as callers:
                numbers[name] = measured(running.pid, lambda: callers.measure(2 * scale.seconds))
        if running.peer is OURS:
            with running.sockets(FEW) as sockets, Callers(sockets, SEEN_JSON.talker(), GROUPS) as callers:
                numbers["one-way"] = measured(running.pid, lambda: callers.measure(scale.seconds, GROUP))
        return numbers

    return {"50 clients": compare([OURS, *scale.peers(LIBRARIES)], measure)}
