"""The server under examination as the run sees it: a process with a control socket, ``/metrics`` and a Redis."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.process import SERVER_CORE, START_SECONDS, pinned, redis_server
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.target import Target
from rtserver.bench.free_port import free_port
from rtserver.bench.local_server import is_ready
from rtserver.bench.process import resident_bytes, running
from soak.leak.reading import Reading, left_behind, unfinished

ANSWER_SECONDS = 180.0
REST_SECONDS = 30.0
GAUGE = re.compile(r"^rtserver_(\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)
SETTINGS = {
    "RTSERVER_TCE_PORT": "0",
    "RTSERVER_DEMO_QUOTES": "off",
    "RTSERVER_LOG_LEVEL": "error",
    "RTSERVER_SESSION_CHECK_SECONDS": "2",
    # Small, so that the histories are full and the laggards lag early.
    "RTSERVER_HISTORY_TICKS": "1000",
    "RTSERVER_FEED_LINGER_SECONDS": "1",
    "RTSERVER_OUTBOX_BYTES": "16384",
}


class Examined:
    """A running server that says what it holds. ``visitors`` is how many users and addresses it gets to know."""

    def __init__(self, site: Target, redis_url: str, directory: str, pid: int, *, control: socket.socket) -> None:
        self.site = site
        self.redis_url = redis_url
        self.directory = directory
        self.visitors = 0
        self._pid = pid
        self._control = control.makefile("rw", encoding="utf-8")

    def read_at_rest(self, cycles: int, before: Reading | None = None) -> Reading:
        """Return its holdings after the last visitor; those still there after half a minute stay."""
        deadline = time.monotonic() + REST_SECONDS
        while True:
            reading = self._read(cycles)
            left = unfinished(reading) or (before and list(left_behind(before, reading, self.visitors)))
            if not left or time.monotonic() > deadline:
                return reading
            time.sleep(0.2)

    def write_snapshot(self, path: str) -> None:
        """Have it write what memory it has given out, and where."""
        self._ask(f"snapshot {path}")

    @property
    def resident_bytes(self) -> int:
        """Return its resident memory, in bytes."""
        return resident_bytes(self._pid)

    def _read(self, cycles: int) -> Reading:
        held = self._ask("census")
        gauges = self._gauges()  # afterwards: the census would find what is left of this request
        return Reading(
            cycles, held["objects"], held["system"], gauges, held["traced_bytes"], resident_bytes(self._pid)
        )

    def _gauges(self) -> dict[str, float]:
        with urllib.request.urlopen(self.site.page("/metrics"), timeout=ANSWER_SECONDS) as page:
            return {name: float(value) for name, value in GAUGE.findall(page.read().decode())}

    def _ask(self, order: str) -> Mapping[str, Any]:
        self._control.write(order + "\n")
        self._control.flush()
        answer: Mapping[str, Any] = json.loads(self._control.readline())
        return answer


@contextmanager
def examined() -> Iterator[Examined]:
    """A fresh one, ready, with a fresh Redis."""
    ours, theirs = socket.socketpair()
    ours.settimeout(ANSWER_SECONDS)
    with ours, theirs, tempfile.TemporaryDirectory() as directory, redis_server(directory) as redis_url:
        port = free_port()
        command = pinned(SERVER_CORE, sys.executable, "-m", "soak.leak.server", str(theirs.fileno()))
        places = {"RTSERVER_PORT": str(port), "RTSERVER_REDIS_URL": redis_url, "RTSERVER_VAR_DIR": directory}
        environment = {**os.environ, **SETTINGS, **places}
        with running(command, env=environment, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()]) as process:
            theirs.close()
            site = Target("ws", "127.0.0.1", port, "/rt/")
            wait_ready(site)
            yield Examined(site, redis_url, directory, process.pid, control=ours)


def wait_ready(site: Target) -> None:
    """Return when the server says that it is ready. Raises ``TargetError``."""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(site):
        if time.monotonic() > deadline:
            raise TargetError("the server did not become ready")
        time.sleep(0.1)
