"""Every user his own message: nothing is shared, each is made and framed for one client.

``pushuser`` is the product's way: from Redis, by user id, to 500 users who are logged in.
"""

from contextlib import ExitStack

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer, start_publisher
from bench.peers.table import BARE, PICOWS, PRODUCT, TORNADO, UWEBSOCKETS, WEBSOCKETS
from bench.peers.work import Order
from bench.sessions import make_sessions
from bench.sweep import sweep
from bench.target import target

CLIENTS = 500
FIRST_RATE = 10


def run(scale: Scale) -> Numbers:
    """In the server's own process, and ``pushuser``."""

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            clients.connect(CLIENTS)
            return sweep(running, clients, scale.load(Order(own=True), CLIENTS, FIRST_RATE))

    peers = (BARE, UWEBSOCKETS, PICOWS, WEBSOCKETS, TORNADO)
    return {
        "500 clients": compare(scale.peers(peers), measure),
        "500 users, pushuser from Redis": {PRODUCT.name: push_user(scale)},
    }


def push_user(scale: Scale) -> Numbers:
    """One client for each of 500 users."""
    with ExitStack() as stack:
        found = stack.enter_context(target())
        sessions = make_sessions(found.redis_url, found.directory, CLIENTS)
        publisher = start_publisher(stack, found, [session.user_id for session in sessions])
        keys = [session.key for session in sessions]
        running = RunningPeer(PRODUCT, found.site.port, found.pid, publisher, keys)
        clients = stack.enter_context(running.clients())
        clients.connect(CLIENTS)
        return sweep(running, clients, scale.load(Order(own=True), CLIENTS, FIRST_RATE))
