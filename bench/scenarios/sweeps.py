"""Messages to subscribers, more of them with each step until the server is saturated.

*fan_out*, *many_topics* and *own_message*: in the server's own process; nats-server, Nchan and Centrifugo have no
application in them, so a process beside them publishes. *from_redis*: from a producer's command on Redis to the
client, RPUSH for rtserver and the C floor, ``group_send`` for Channels, XADD for Centrifugo; rtserver's side is the
product: sessions, quotes, charts. A delivery is one tick that one client got; under load ticks that came together
travel in one frame. *compression*: with and without permessage-deflate; the points in the messages are as hard to
compress as a chart's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from bench.clients import Clients
from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import (
    BARE,
    C_FLOOR,
    C_FLOOR_FROM_REDIS,
    CENTRIFUGO_HTTP,
    CENTRIFUGO_STREAM,
    CHANNELS,
    FROM_OUTSIDE,
    IN_PROCESS,
    LIBRARIES,
    NATS_SERVER,
    NOT_KEPT,
    PRODUCT,
    SOURCE,
    Peer,
)
from bench.peers.work import Order
from bench.scenarios.idle import WATCHED_SECONDS, cost
from bench.sweep import measure, sweep

CEILING_RATE = 1000.0
BUSY_RATES = (1000.0, 4000.0)
PLAIN = Order()
LONE_RATE = 1000.0


@dataclass(frozen=True)
class Case:
    """One setting: clients on ``topics_each`` of the order's topics, and the rate of messages of the first step.

    ``between`` are rates of further steps, those that goals name. With ``is_steady`` there is no other step, and it
    takes longer.
    """

    title: str
    peers: Sequence[Peer]
    first_rate: float
    order: Order = PLAIN
    clients: int = 500
    topics_each: int = 1
    between: tuple[float, ...] = ()
    is_steady: bool = False

    def rates(self, scale: Scale) -> list[float]:
        """Return the rate of each step."""
        return [self.first_rate] if self.is_steady else sorted({*scale.rates(self.first_rate), *self.between})

    @property
    def receivers(self) -> float:
        """Clients that get a message; of own messages, all get one in each round, or one in turn."""
        return 1.0 if self.order.in_turn else self.clients * self.topics_each / self.order.topics


def swept(scale: Scale, *cases: Case) -> Numbers:
    """Sweep each peer of each case; cases of one title share a table."""
    tables: Numbers = {}
    for case in cases:

        def run(running: RunningPeer, case: Case = case) -> Numbers:
            with running.clients() as clients:
                join(running, clients, case)
                seconds = scale.pick(5, 2) if case.is_steady else scale.seconds
                return sweep(running, clients, case.order, case.receivers, rates=case.rates(scale), seconds=seconds)

        tables.setdefault(case.title, {}).update(compare(scale.peers(case.peers), run))
    return tables


def join(running: RunningPeer, clients: Clients, case: Case) -> None:
    """Connect. Client n is on the topics from ``topics_each`` n on, round and round: all topics have as many."""
    groups = case.order.topics // case.topics_each
    for group in range(groups):
        known = set(clients.sockets)
        clients.connect(case.clients // groups)
        if case.order.own and running.peer.dialect.own_topics:
            for place, number in enumerate(clients.sockets):
                running.open_up(clients, [place], [number])
        elif not (case.order.own or case.order.everyone):
            topics = range(group * case.topics_each, (group + 1) * case.topics_each)
            running.open_up(clients, topics, clients.sockets.keys() - known)


def fan_out(scale: Scale) -> Numbers:
    """One topic, by the number of subscribers, with large messages, and what the load client alone could take."""
    everyone = (*IN_PROCESS, *FROM_OUTSIDE, C_FLOOR)
    cases = [
        Case("500 subscribers", everyone, 25, between=BUSY_RATES),
        Case("500 subscribers, 64 KB messages", IN_PROCESS, 5, Order(size=64_000)),
    ]
    cases += [] if scale.is_quick else [Case("5000 subscribers", everyone, 5, clients=5000)]
    return {
        "the load client's ceiling": compare([SOURCE], lambda source: ceiling(source, scale)),
        **swept(scale, *cases),
    }


def ceiling(source: RunningPeer, scale: Scale) -> Numbers:
    """Measure the load client with a source that does nothing but write: no server's figure can be above it."""
    with source.clients() as clients:
        clients.connect(500)
        step = measure(source, clients, Order(rate=CEILING_RATE), 500, scale.seconds)
    return {"deliveries_per_second": step.delivered, "client_busy": step.client_busy}


def from_redis(scale: Scale) -> Numbers:
    """500 subscribers of one quote. Channels is saturated early: it gets smaller steps from further below.

    ``pushuser`` to everyone is the product's way to the same receivers without a topic.
    """
    title = "500 subscribers"
    peers = (PRODUCT, CENTRIFUGO_STREAM, C_FLOOR_FROM_REDIS)
    everyone = Case(
        "500 clients, pushuser to everyone",
        (PRODUCT, C_FLOOR_FROM_REDIS),
        25,
        Order(everyone=True),
        between=BUSY_RATES,
    )
    return swept(scale, Case(title, peers, 25), Case(title, (CHANNELS,), 2), everyone)


def many_topics(scale: Scale) -> Numbers:
    """1,000 subscribers, each on 20 of 200 quotes, so that a message goes to 100 of them."""
    count = scale.pick(1000, 200)
    case = Case(
        f"{count} subscribers",
        (*LIBRARIES, NATS_SERVER, CENTRIFUGO_HTTP),
        100,
        Order(topics=200),
        count,
        topics_each=20,
    )
    return swept(scale, case, replace(case, title=f"{count} subscribers, from Redis", peers=(PRODUCT,)))


def own_message(scale: Scale) -> Numbers:
    """Every user his own message, made and framed for one client; ``pushuser`` is the product's way, by user id.

    All at once, more often with each step; and one user after the other.
    """
    case = Case("500 clients", (*LIBRARIES, C_FLOOR), 10, Order(own=True))
    peers = (PRODUCT, CENTRIFUGO_HTTP, CENTRIFUGO_STREAM, C_FLOOR_FROM_REDIS)
    users = [replace(peer, users=case.clients) for peer in peers]
    not_kept = [replace(NOT_KEPT, users=case.clients)]
    pushed = replace(case, title="500 users, pushuser from Redis", peers=users)
    title = "500 users, 1,000 messages a second to one after the other"
    lone = replace(pushed, title=title, first_rate=LONE_RATE, order=Order(own=True, in_turn=True), is_steady=True)
    both = [(each, replace(each, peers=not_kept, order=replace(each.order, keep=False))) for each in (pushed, lone)]
    return swept(scale, case, *chain.from_iterable(both))


def compression(scale: Scale) -> Numbers:
    """Fan-out small and large, messages that are compressed for one client each, and idle connections."""
    count, name = scale.pick(5000, 500), "rtserver, deflate"
    bare = (BARE, replace(BARE, name=name, compressed=True))
    product = (PRODUCT, replace(PRODUCT, name=name, options=("--compression", "deflate"), compressed=True))
    tables = swept(
        scale,
        Case("500 subscribers, ticks of 160 bytes", bare, 25, Order(size=160)),
        Case("500 subscribers, pictures of 64 KB", bare, 5, Order(size=64_000)),
        Case("500 clients, an own message of 1 KB each", bare, 10, Order(size=1000, own=True)),
    )
    idle = compare(product, lambda running: cost(running, count, WATCHED_SECONDS))
    return {**tables, f"{count} idle connections": idle}
