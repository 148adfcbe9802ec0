"""Requests and their answers: 50 clients with 1 and with 16 requests under way each, and one client all alone.

The peers send back what they get. "rtserver, ping" is the product's own ``ping`` with a logged-in user.
"""

from dataclasses import replace

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import BARE, PICOWS, PRODUCT, TORNADO, UWEBSOCKETS, WEBSOCKETS
from bench.requester import ask, ask_alone

CLIENTS = 50
DEPTHS = (1, 16)


def run(scale: Scale) -> Numbers:
    """Answers a second and how long they took, by depth, then alone."""

    def measure(running: RunningPeer) -> Numbers:
        request = running.peer.dialect.request
        with running.clients() as lone:
            lone.connect(1)
            numbers: Numbers = {"alone": ask_alone(lone, request, scale.seconds)}
        for depth in DEPTHS:
            with running.clients() as clients:
                clients.connect(CLIENTS)
                numbers[f"depth {depth}"] = ask(clients, request, depth, 2 * scale.seconds)
        return numbers

    peers = scale.peers((BARE, UWEBSOCKETS, PICOWS, WEBSOCKETS, TORNADO))
    return {"50 clients": compare([replace(PRODUCT, name="rtserver, ping"), *peers], measure)}
