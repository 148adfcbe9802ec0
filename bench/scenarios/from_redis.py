"""The same from a producer's command on Redis to the client: RPUSH for rtserver, ``group_send`` for Channels.

rtserver's side is the product: sessions, quotes, charts. A delivery is one tick that one client got; under load ticks
that came together travel in one frame.
"""

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import CHANNELS, PRODUCT
from bench.peers.work import Order
from bench.sweep import sweep

SUBSCRIBERS = 500
TOPIC = 0


def run(scale: Scale) -> Numbers:
    """500 subscribers of one quote."""

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            clients.connect(SUBSCRIBERS)
            running.open_up(clients, [TOPIC])
            # Channels is saturated early: it gets smaller steps from further below.
            first_rate = 25 if running.peer is PRODUCT else 2
            return sweep(running, clients, scale.load(Order(), SUBSCRIBERS, first_rate))

    return {"500 subscribers": compare(scale.peers((PRODUCT, CHANNELS)), measure)}
