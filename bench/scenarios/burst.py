"""A burst of 100,000 messages in the queue: when the last is with everybody, and how long pings take meanwhile."""

import time
from contextlib import closing

import redis

from bench.clients import Awaited, Clients
from bench.comparison import Numbers, Scale, compare
from bench.meter import Meter
from bench.peers.running import RunningPeer
from bench.peers.table import PRODUCT
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.mark import MARK
from rtserver.bench.producer import quote_message

QUOTE = "BENCH:T0:20130301"
SUBSCRIBERS = 50
STAGED = "bench:staged"
AT_ONCE = 1000
PING_SECONDS = 0.005
PATIENCE = 30.0


def run(scale: Scale) -> Numbers:
    """One quote, 50 subscribers, and one more client that pings."""
    count = scale.pick(100_000, 10_000)

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as subscribers, running.clients() as pinger:
            subscribers.connect(SUBSCRIBERS)
            running.open_up(subscribers, [0])
            pinger.connect(1)
            return drain(running, count, subscribers, pinger)

    return {f"{count} messages": compare([PRODUCT], measure)}


def drain(running: RunningPeer, count: int, subscribers: Clients, pinger: Clients) -> Numbers:
    """Let the burst go; read and ping until every subscriber has the last message."""
    last = MARK + b"%d" % (count - 1) + b'"'
    meter, pings = Meter(), Meter(pinger.sockets)
    waiting = Awaited(subscribers.sockets, last)

    def on_bytes(number: int, data: bytes) -> None:
        meter.on_bytes(number, data)
        waiting.on_bytes(number, data)

    with closing(redis.Redis.from_url(running.redis_url)) as client:
        stage(client, count)
        begun = next_ping = time.monotonic()
        client.rename(STAGED, running.queue)  # all at once: the server finds them as if it had been away
    while waiting.missing:
        now = time.monotonic()
        if now - begun > PATIENCE:
            raise TargetError("the burst did not arrive")
        if now >= next_ping:
            pinger.ping()
            next_ping = now + PING_SECONDS
        subscribers.read(on_bytes, 0.001)
        pinger.read(pings.on_bytes, 0)
    seconds = time.monotonic() - begun
    pinger.read_until(lambda: bool(pings.seconds), pings.on_bytes, PATIENCE)
    return {
        "drain_seconds": round(seconds, 3),
        "messages_per_second": round(count / seconds),
        "deliveries_per_second": round(meter.deliveries / seconds),
        "delivered_share": round(meter.deliveries / (count * SUBSCRIBERS), 3),
        "ping": pings.summary(),
    }


def stage(client: "redis.Redis", count: int) -> None:
    """The messages in a list that nobody reads; their labels are their numbers."""
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        client.rpush(STAGED, *(quote_message(QUOTE, number, number) for number in numbers))
