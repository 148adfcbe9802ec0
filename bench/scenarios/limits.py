"""The limits that rtserver promises to hold, on one fresh server. Nobody else is asked."""

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import PRODUCT
from bench.peers.work import Order
from bench.scenarios.idle import SETTLE_SECONDS, cost
from bench.sweep import measure, sweep

CLIENTS, RATE = 500, 100


def run(scale: Scale) -> Numbers:
    """Idle connections; then from RPUSH to the clients' read, at 100 messages a second, and at more and more."""

    def limits(running: RunningPeer) -> Numbers:
        idle = cost(running, scale.pick(2000, 300), SETTLE_SECONDS)
        with running.clients() as clients:
            clients.connect(CLIENTS)
            running.open_up(clients, [0])
            steady = measure(running, clients, Order(rate=RATE), CLIENTS, float(scale.pick(5, 1)))
            most = sweep(running, clients, Order(), CLIENTS, rates=scale.rates(RATE), seconds=scale.seconds)
        return {"idle": idle, "p50": steady.p50, "p99": steady.p99, "saturation": most["deliveries_per_second"]}

    return {"one server": compare([PRODUCT], limits)}
