"""One logged-in user against everybody else: what the others' pings, quotes and HTTP answers take under each attack.

The limits are on, as they are by default. Beside the attacks of ``bench.attack`` there is a row in which nobody
attacks. Attacker, producer and clients share the load's core, so the figures hold the load's own delays as well.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial

import redis

from bench.attack import HISTORIES, attacks
from bench.clients import Clients, open_up
from bench.comparison import Numbers, Scale
from bench.meter import Meter, percentiles
from bench.peers.dialect import RTSERVER
from bench.process import LOAD_CORE, pinned
from bench.sessions import make_sessions
from bench.target import target
from rtserver.bench.local_server import LocalServer
from rtserver.bench.producer import quote_message

NOBODY = "nobody attacks"
WATCHED = "BENCH:T0:20130301"
OTHERS = 5
PING_SECONDS = QUOTE_SECONDS = 0.02
HTTP_SECONDS = 0.1
PATIENCE = 10.0
HISTORY_TICKS = 20_000
OPTIONS = ("--limits", "on", "--compression", "deflate")


def run(scale: Scale) -> Numbers:
    """A server for each row: what one attack leaves behind must not count for the next."""
    seconds = scale.pick(8, 2)
    rows: Numbers = {}
    for place, name in enumerate([NOBODY, *attacks()], -1):
        print(f"  {name} ...", flush=True)
        with target(*OPTIONS) as found:
            rows[name] = measure(found, place, seconds)
    return {f"{OTHERS} others, {1 / PING_SECONDS:.0f} pings and quotes a second": rows}


def measure(found: LocalServer, attack: int, seconds: float) -> Numbers:
    """One row: the attack of that number, none below 0."""
    attacker, *others = make_sessions(found.redis_url, found.directory, OTHERS + 1)
    client = redis.Redis.from_url(found.redis_url)
    lay_history(client, found.queue)
    keys = [one.key for one in others]
    pinger, watcher = (Clients(found.site, keys) for _ in range(2))
    with client, pinger, watcher, Site(found.site.page("/healthz")) as site:
        pinger.connect(OTHERS)
        watcher.connect(OTHERS)
        open_up(watcher, RTSERVER.opening([0]), RTSERVER.mark, 1)
        others_seen = Others(pinger, watcher, partial(client.rpush, found.queue))
        others_seen.watch(0.5)
        with subprocess.Popen(
            attacker_command(found, attacker.cookie, attack, seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            others_seen.begin()
            site.ages.clear()
            process.stdin.write("\n")
            process.stdin.flush()
            others_seen.watch(seconds)
            http = percentiles(site.ages_so_far())
            others_seen.settle()
            got = json.loads(process.stdout.readline() or "{}")
    return {"ping": others_seen.pings(), "quote": others_seen.quotes(), "http": http, "got": got}


def attacker_command(found: LocalServer, cookie: str, attack: int, seconds: float) -> list[str]:
    """The attacker's process; one that does nothing for no attack."""
    if attack < 0:
        return [sys.executable, "-c", "print(flush=True); input(); print('{}')"]
    options = ["--port", str(found.site.port), "--cookie", cookie, "--attack", str(attack), "--seconds", str(seconds)]
    return pinned(LOAD_CORE, sys.executable, "-m", "bench.attacker", *options)


def lay_history(client: "redis.Redis", queue: str) -> None:
    """Every quote that the attacks name has as many ticks as are kept."""
    for item in (*(f"H{number}" for number in range(HISTORIES)), "T0"):
        points = ({"point": [f"{tick:05}", 400 + tick % 97 / 4]} for tick in range(HISTORY_TICKS))
        data = [{"quote": f"BENCH:{item}:20130301", "info": point} for point in points]
        client.rpush(queue, json.dumps({"type": "quote", "src": "bench", "data": data}))


class Others:
    """The users who do nothing wrong. Everybody is pinged and quoted at a steady pace, whatever has been answered."""

    def __init__(self, pinger: Clients, watcher: Clients, push: Callable[[bytes], object]) -> None:
        self._pinger = pinger
        self._watcher = watcher
        self._push = push
        self._due = [0.0, 0.0]
        self._asked = self._quoted = 0
        self.begin()

    def begin(self) -> None:
        """Count anew."""
        self._pings, self._quotes = Meter(self._pinger.sockets), Meter(self._watcher.sockets)
        self._asked = self._quoted = 0

    def watch(self, seconds: float) -> None:
        """Ping, quote and read for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._send_what_is_due()
            self._read(0.001)

    def settle(self) -> None:
        """Wait for what is still under way. What never comes counts as ``PATIENCE``."""
        deadline = time.monotonic() + PATIENCE
        while self._are_missing and time.monotonic() < deadline:
            self._read(0.01)

    def pings(self) -> dict[str, float]:
        """Percentiles in milliseconds."""
        return self._summary(self._pings, self._asked)

    def quotes(self) -> dict[str, float]:
        """The same of the quotes' ages."""
        return self._summary(self._quotes, self._quoted)

    @property
    def _are_missing(self) -> bool:
        return len(self._pings.seconds) < self._asked or len(self._quotes.seconds) < self._quoted

    def _summary(self, meter: Meter, expected: int) -> dict[str, float]:
        missing = max(0, expected - len(meter.seconds))
        return {**percentiles([*meter.seconds, *[PATIENCE] * missing]), "missing": missing}

    def _send_what_is_due(self) -> None:
        now = time.monotonic()
        if now >= self._due[0]:
            self._due[0] = now + PING_SECONDS
            self._pinger.ping()
            self._asked += len(self._pinger.sockets)
        if now >= self._due[1]:
            self._due[1] = now + QUOTE_SECONDS
            self._push(quote_message(WATCHED, self._quoted, time.monotonic_ns()))
            self._quoted += len(self._watcher.sockets)

    def _read(self, seconds: float) -> None:
        self._watcher.read(self._quotes.on_bytes, seconds)
        self._pinger.read(self._pings.on_bytes, 0)


class Site:
    """A visitor who asks by plain HTTP, ten times a second. ``ages`` are what the answers took."""

    def __init__(self, address: str) -> None:
        self.ages: list[float] = []
        self._address = address
        self._asked_at: float | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Site":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def ages_so_far(self) -> Sequence[float]:
        """With what the visitor who is waiting now has waited."""
        asked_at = self._asked_at
        return [*self.ages, *([] if asked_at is None else [time.monotonic() - asked_at])]

    def _run(self) -> None:
        while not self._is_over.wait(HTTP_SECONDS):
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
