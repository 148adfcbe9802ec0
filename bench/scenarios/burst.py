"""A burst of 100,000 messages in the queue: when the last is with everybody, and how long pings take meanwhile."""

import time
from contextlib import closing

import redis

from bench.clients import Clients, open_up
from bench.comparison import Numbers, Scale
from bench.meter import Meter
from bench.peers.dialect import RTSERVER
from bench.target import target
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.mark import MARK
from rtserver.bench.client.wire import session_key
from rtserver.bench.local_server import LocalServer

SUBSCRIBERS = 50
STAGED = "bench:staged"
AT_ONCE = 1000
PING_SECONDS = 0.005
PATIENCE = 30.0
TOPIC = 0


def run(scale: Scale) -> Numbers:
    """One quote, 50 subscribers, and one more client that pings."""
    count = scale.pick(100_000, 10_000)
    with target() as found:
        key = session_key(found.log_in())
        connected = [Clients(found.site, [key]) for _ in range(2)]
        with connected[0] as subscribers, connected[1] as pinger:
            subscribers.connect(SUBSCRIBERS)
            open_up(subscribers, RTSERVER.opening([TOPIC]), RTSERVER.mark, 1)
            pinger.connect(1)
            return {f"{count} messages": {"rtserver": drain(found, count, subscribers, pinger)}}


def drain(found: LocalServer, count: int, subscribers: Clients, pinger: Clients) -> Numbers:
    """Let the burst go; read and ping until every subscriber has the last message."""
    last = MARK + b"%d" % (count - 1) + b'"'
    meter, pings = Meter(), Meter(pinger.sockets)
    waiting = set(subscribers.sockets)
    tails = dict.fromkeys(waiting, b"")

    def on_bytes(number: int, data: bytes) -> None:
        meter.on_bytes(number, data)
        if last in tails[number] + data:
            waiting.discard(number)
        tails[number] = data[-len(last) :]

    with closing(redis.Redis.from_url(found.redis_url)) as client:
        stage(client, count)
        begun = next_ping = time.monotonic()
        client.rename(STAGED, found.queue)  # all at once: the server finds them as if it had been away
    while waiting:
        if time.monotonic() - begun > PATIENCE:
            raise TargetError("the burst did not arrive")
        next_ping = ping(pinger, next_ping)
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
        client.rpush(STAGED, *(message(number) for number in range(first, min(first + AT_ONCE, count))))


def message(number: int) -> bytes:
    """One tick."""
    point = b'["%b%d",%d]' % (MARK[1:], number, 400 + number % 100)
    return b'{"type":"quote","src":"bench","data":[{"quote":"BENCH:T0:20130301","info":{"point":%b}}]}' % point


def ping(pinger: Clients, due: float) -> float:
    """Send one if it is due; when the next one is."""
    now = time.monotonic()
    if now < due:
        return due
    pinger.ping()
    return now + PING_SECONDS
