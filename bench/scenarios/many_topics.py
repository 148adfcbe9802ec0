"""Many topics: each of 1,000 subscribers is on 20 of 200 quotes, so that a message goes to 100 of them."""

from bench.clients import Clients, open_up
from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import BARE, NATS_SERVER, PICOWS, PRODUCT, TORNADO, UWEBSOCKETS, WEBSOCKETS
from bench.peers.work import Order
from bench.sweep import sweep

TOPICS, TOPICS_EACH = 200, 20


def run(scale: Scale) -> Numbers:
    """In the server's own process, and from Redis."""
    subscribers = scale.pick(1000, 200)

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            join(running, clients, subscribers)
            receivers = subscribers * TOPICS_EACH / TOPICS
            return sweep(running, clients, scale.load(Order(topics=TOPICS), receivers, 100))

    in_process = (BARE, UWEBSOCKETS, PICOWS, WEBSOCKETS, TORNADO, NATS_SERVER)
    return {
        f"{subscribers} subscribers": compare(scale.peers(in_process), measure),
        f"{subscribers} subscribers, from Redis": compare([PRODUCT], measure),
    }


def join(running: RunningPeer, clients: Clients, subscribers: int) -> None:
    """Client n is on the topics from 20 n on, round and round, so that all topics have as many."""
    dialect = running.peer.dialect
    groups = TOPICS // TOPICS_EACH
    for group in range(groups):
        known = set(clients.sockets)
        clients.connect(subscribers // groups)
        topics = range(group * TOPICS_EACH, (group + 1) * TOPICS_EACH)
        newcomers = clients.sockets.keys() - known
        open_up(clients, dialect.opening(topics), dialect.mark, dialect.answers(topics), newcomers)
