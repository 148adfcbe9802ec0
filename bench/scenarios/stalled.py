"""200 of 1,000 clients stop reading while 1,000 quotes a second go to each of them: the whole way, from Redis.

What it costs the server and the system in memory, whether the other 800 notice, and what the 200 have when they read
again. A stalled client costs what waits in its outbox, which its server counts; the process grows by less, because
the frames that wait are shared.
"""

import time
from collections.abc import Collection
from pathlib import Path

from bench.clients import Awaited, Clients, sample
from bench.comparison import Numbers, Scale, compare
from bench.meter import Meter
from bench.peers.running import RunningPeer
from bench.peers.table import PRODUCT
from bench.peers.work import Order
from bench.watch import greatest_metrics, read_metrics
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.mark import MARK, STAMP
from rtserver.bench.process import resident_bytes

RATE = 1000
RECEIVE_BUFFER = 32_768  # a fixed one: the clients' system would take megabytes before the server notices anything
CAUGHT_UP = b'"lagging":false'
TAIL = 4096
PATIENCE = 60.0


def run(scale: Scale) -> Numbers:
    """The figures of one run."""
    healthy, stalled = scale.pick(800, 80), scale.pick(200, 20)
    seconds = scale.pick(20, 10)

    def measure(running: RunningPeer) -> Numbers:
        with running.clients(receive_buffer=RECEIVE_BUFFER) as clients:
            clients.connect(healthy + stalled)
            running.open_up(clients, [0])
            return stall(running, clients, set(list(clients.sockets)[::5]), seconds)

    return {f"{healthy} readers, {stalled} stopped, {RATE} quotes/s": compare([PRODUCT], measure)}


def stall(running: RunningPeer, clients: Clients, stalled: Collection[int], seconds: float) -> Numbers:
    """Everybody reads, then all but ``stalled``, then everybody again."""
    readers = [number for number in clients.sockets if number not in stalled]
    clients.whole = sample(readers)
    running.order(Order(rate=RATE))
    clients.read_for(clients.meter().on_bytes, 2.0)  # the server has grown to what it needs anyway
    everyone = clients.meter(clients.whole)
    clients.read_for(everyone.on_bytes, seconds / 2)

    clients.pause(stalled)
    size, held = resident_bytes(running.pid), held_by_system(running.port)
    meter, skimmed = Meter(clients.whole), clients.skimmed
    with greatest_metrics(running.port) as most:
        took = clients.read_for(meter.on_bytes, seconds)
        held = held_by_system(running.port) - held
        grown = resident_bytes(running.pid) - size
    last = read_metrics(running.port)
    delivered = meter.among(clients.skimmed - skimmed)
    running.rest()
    clients.read_for(meter.on_bytes, 0.5)
    return {
        "all read": everyone.summary(),
        "some stopped": meter.summary(),
        "delivered_each": round(delivered / len(readers) / took),
        "lagging": round(last["clients_lagging"]),
        "too_slow": round(last["clients_too_slow_total"]),
        "outbox_bytes_each": round(most["outbox_bytes"] / len(stalled)),
        "system_bytes_each": round(held / len(stalled)),
        "grown_bytes_each": round(grown / len(stalled)),
        "conflated": round(last["frames_conflated_total"]),
        **catch_up(running, clients, stalled),
    }


def catch_up(running: RunningPeer, clients: Clients, stalled: Collection[int]) -> Numbers:
    """Let the stalled read again: how long until they have all, and how many have the newest quote then."""
    newest, behind = Newest(stalled), Awaited(stalled, CAUGHT_UP)

    def on_bytes(number: int, data: bytes) -> None:
        newest.on_bytes(number, data)
        behind.on_bytes(number, data)

    begun = time.monotonic()
    clients.whole = None
    clients.resume(stalled)
    clients.read_until(lambda: not behind.missing, on_bytes, PATIENCE)
    seconds = time.monotonic() - begun
    stamps = newest.stamps()
    left = read_metrics(running.port)
    if left["clients_lagging"]:
        raise TargetError("a client that was told of the end of its lag still lags")
    return {
        "caught_up_seconds": round(seconds, 3),
        "have_newest": sum(stamp == max(stamps) for stamp in stamps),
    }


class Newest:
    """The stamp of the last quote of each connection, found in the last bytes that it got."""

    def __init__(self, numbers: Collection[int]) -> None:
        self._tails = dict.fromkeys(numbers, b"")

    def on_bytes(self, number: int, data: bytes) -> None:
        """Take what a connection brought."""
        if number in self._tails:
            self._tails[number] = (self._tails[number] + data)[-TAIL:]

    def stamps(self) -> list[int]:
        """By connection; 0 where there is none."""
        found = (STAMP.search(tail, max(0, tail.rfind(MARK))) for tail in self._tails.values())
        return [int(match[1]) if match else 0 for match in found]


def held_by_system(port: int) -> int:
    """Return the bytes that the system holds unacknowledged for a server, over all connections of its port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(int(row[4].split(":")[0], 16) for row in rows if row[1].endswith(f":{port:04X}"))
