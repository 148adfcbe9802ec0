"""One logged-in user against everybody else: what the others' pings, quotes and HTTP answers take under each attack.

The limits are on, as they are by default. Beside the attacks of ``bench.attack`` there is a row in which nobody
attacks. Attacker, producer and clients share the load's core, so the figures hold the load's own delays as well.
"""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace

import redis

from bench.attack import HISTORIES, attacks
from bench.clients import Clients
from bench.comparison import Numbers, Scale, compare
from bench.meter import Meter, percentiles
from bench.peers.running import RunningPeer
from bench.peers.table import PRODUCT
from bench.process import LOAD_CORE, pinned
from bench.watch import repeated
from rtserver.bench.producer import quote_message

NOBODY = "nobody attacks"
WATCHED = "BENCH:T0:20130301"
OTHERS = 5
PACE_SECONDS = 0.02
HTTP_SECONDS = 0.1
PATIENCE = 10.0
HISTORY_TICKS = 20_000
OPTIONS = ("--limits", "on", "--compression", "deflate")


def run(scale: Scale) -> Numbers:
    """A server for each row: what one attack leaves behind must not count for the next."""
    servers = [replace(PRODUCT, name=name, options=OPTIONS, users=OTHERS + 1) for name in (NOBODY, *attacks())]
    rows = compare(servers, lambda running: measure(running, scale.pick(8, 2)))
    return {f"{OTHERS} others, {1 / PACE_SECONDS:.0f} pings and quotes a second": rows}


def measure(running: RunningPeer, seconds: float) -> Numbers:
    """One row: the attack that its server is named after, by the first of the users."""
    attacker, *others = running.tokens
    site = Site(running.target.page("/healthz"))
    with (
        redis.Redis.from_url(running.redis_url) as client,
        Clients(running.target, others) as pinger,
        Clients(running.target, others) as watcher,
        repeated(site.ask, HTTP_SECONDS),
    ):
        lay_history(client, running.queue)
        pinger.connect(OTHERS)
        watcher.connect(OTHERS)
        running.open_up(watcher, [0])

        def push() -> None:
            client.rpush(running.queue, quote_message(WATCHED, 0, time.monotonic_ns()))

        streams = [Stream(pinger, pinger.ping), Stream(watcher, push)]
        watch(streams, 0.5)
        with subprocess.Popen(
            attacker_command(running, attacker, seconds), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            for stream in streams:
                stream.begin()
            site.ages.clear()
            process.stdin.write("\n")
            process.stdin.flush()
            watch(streams, seconds)
            http = percentiles(site.ages_so_far())
            settle(streams)
            got = json.loads(process.stdout.readline() or "{}")
    pings, quotes = (stream.summary() for stream in streams)
    return {"ping": pings, "quote": quotes, "http": http, "got": got}


def attacker_command(running: RunningPeer, token: str, seconds: float) -> list[str]:
    """The attacker's process; one that does nothing for no attack."""
    if running.peer.name == NOBODY:
        return [sys.executable, "-c", "print(flush=True); input(); print('{}')"]
    options = (str(running.port), token, running.peer.name, str(seconds))
    return pinned(LOAD_CORE, sys.executable, "-m", "bench.attacker", *options)


def lay_history(client: "redis.Redis", queue: str) -> None:
    """Every quote that the attacks name has as many ticks as are kept."""
    for item in (*(f"H{number}" for number in range(HISTORIES)), "T0"):
        points = ({"point": [f"{tick:05}", 400 + tick % 97 / 4]} for tick in range(HISTORY_TICKS))
        data = [{"quote": f"BENCH:{item}:20130301", "info": point} for point in points]
        client.rpush(queue, json.dumps({"type": "quote", "src": "bench", "data": data}))


class Stream:
    """Messages sent by ``send`` at a steady pace, answered or not. All of ``clients`` get one each time."""

    def __init__(self, clients: Clients, send: Callable[[], object]) -> None:
        self._clients = clients
        self._send = send
        self._due = 0.0
        self.begin()

    def begin(self) -> None:
        """Count anew."""
        self._expected = 0
        self._meter = Meter(self._clients.sockets)

    def send_if_due(self, now: float) -> None:
        """Send one if it is time for it."""
        if now >= self._due:
            self._due = now + PACE_SECONDS
            self._send()
            self._expected += len(self._clients.sockets)

    def read(self, seconds: float) -> None:
        """Read what there is, once round."""
        self._clients.read(self._meter.on_bytes, seconds)

    @property
    def missing(self) -> int:
        """Number of those that have not come yet."""
        return max(0, self._expected - len(self._meter.seconds))

    def summary(self) -> dict[str, float]:
        """Percentiles in milliseconds. What never came counts as ``PATIENCE``."""
        return {**percentiles([*self._meter.seconds, *[PATIENCE] * self.missing]), "missing": self.missing}


def watch(streams: Sequence[Stream], seconds: float) -> None:
    """Send and read for so long."""
    deadline = time.monotonic() + seconds
    while (now := time.monotonic()) < deadline:
        for stream in streams:
            stream.send_if_due(now)
            stream.read(0.001 / len(streams))


def settle(streams: Sequence[Stream]) -> None:
    """Wait for what is still under way."""
    deadline = time.monotonic() + PATIENCE
    while any(stream.missing for stream in streams) and time.monotonic() < deadline:
        for stream in streams:
            stream.read(0.005)


class Site:
    """A visitor who asks by plain HTTP. ``ages`` are what the answers took."""

    def __init__(self, address: str) -> None:
        self.ages: list[float] = []
        self._address = address
        self._asked_at: float | None = None

    def ask(self) -> None:
        """Ask once; a refusal, or no answer, counts as ``PATIENCE``."""
        self._asked_at = begun = time.monotonic()
        try:
            with urllib.request.urlopen(self._address, timeout=PATIENCE) as answer:
                answer.read()
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            self.ages.append(PATIENCE)
        else:
            self.ages.append(time.monotonic() - begun)
        self._asked_at = None

    def ages_so_far(self) -> Sequence[float]:
        """With what the visitor who is waiting now has waited."""
        asked_at = self._asked_at
        return [*self.ages, *([] if asked_at is None else [time.monotonic() - asked_at])]
