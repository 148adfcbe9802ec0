"""Two-way calls through a gateway: an echo of 48 bytes by a service behind a queue, and nats-server's requests.

The gateway has a core of its own. Clients, queue and service share the other, so ``per_core`` is what counts: calls
for a second of the gateway's processor time. A call counts when every byte of its answer was what it has to be.
"""

import time
from collections.abc import Callable

import redis

from bench.caller import Callers
from bench.comparison import Numbers, Scale, compare
from bench.meter import percentiles
from bench.peers.call_wire import TEXT, Talk, tce_packet
from bench.peers.gateway_wire import ENVELOPE_BYTES, SERVER, GatewayTalk, NatsTalk, tce_calls
from bench.peers.running import RunningPeer
from bench.peers.table import GATEWAY, GATEWAY_AMQP, GATEWAY_LIST, GATEWAY_MEMORY, NATS_REQUESTS
from bench.scenarios.rpc import best

FEW, DEPTH, CLIENTS = 4, 1000, 50
AMQP_DEPTH = 50
"""Of the broker in memory; a call takes everybody there ten times as long, and callers wait ten seconds at most."""
PEERS = (GATEWAY_MEMORY, GATEWAY, GATEWAY_LIST, GATEWAY_AMQP, NATS_REQUESTS)
CALLS, ANSWERS = "bench_calls_direct", "bench_answers_direct"


def run(scale: Scale) -> Numbers:
    """All of them."""
    rounds = scale.pick(3, 1)
    calls = tce_calls()

    def measure(running: RunningPeer) -> Numbers:
        talker: Callable[[], Talk] = NatsTalk if running.peer is NATS_REQUESTS else lambda: GatewayTalk(calls)
        numbers: Numbers = {}
        pipelined = AMQP_DEPTH if running.peer is GATEWAY_AMQP else DEPTH
        for name, clients, depth in (("pipelined", FEW, pipelined), ("depth 1", CLIENTS, 1)):
            with running.sockets(clients) as sockets, Callers(sockets, talker, depth, sleeps=True) as callers:
                numbers[name] = best(running, rounds, lambda: callers.measure(scale.seconds)["per_second"])
        with running.sockets(1) as sockets, Callers(sockets, talker, 1, sleeps=True) as callers:
            numbers["alone"] = callers.measure(scale.seconds)
        if running.peer is GATEWAY:
            numbers["direct"] = direct(running.redis_url, scale.seconds)
            numbers["added_ms"] = numbers["alone"]["p50"] - numbers["direct"]["p50"]
        return numbers

    return {f"echo of {len(TEXT)} bytes": compare(PEERS, measure)}


def direct(url: str, seconds: float) -> Numbers:
    """Return percentiles of calls without a gateway, one after the other, in milliseconds.

    Each is put on the stream of calls, and its answer read off that of answers.
    """
    body = tce_packet(1, 0x01, SERVER)[ENVELOPE_BYTES:]
    ages, last, end = [], "0", time.perf_counter() + seconds
    with redis.Redis.from_url(url, protocol=2) as client:
        while (begun := time.perf_counter()) < end:
            client.xadd(CALLS, {"body": body})
            [[_, [[last, _]]]] = client.xread({ANSWERS: last}, block=1000)
            ages.append(time.perf_counter() - begun)
    return percentiles(ages)
