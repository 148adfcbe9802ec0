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

from bench.free_port import free_port
from bench.process import SERVER_CORE, pinned, redis_server, resident_bytes, running
from bench.target import Target
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
    "RTSERVER_OUTBOX_BYTES": "16384",
}


class Examined:
    """A running server that says what it holds. ``visitors`` is how many users and addresses it gets to know."""

    def __init__(self, target: Target, control: socket.socket) -> None:
        self.target = target
        self.visitors = 0
        self._control = control.makefile("rw", encoding="utf-8")

    def read_at_rest(self, cycles: int, before: Reading | None = None) -> Reading:
        """What it holds when everybody has left; what is still there after half a minute stays there."""
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
        """What the system has given it."""
        return resident_bytes(self.target.pid)

    def _read(self, cycles: int) -> Reading:
        gauges = self._gauges()
        held = self._ask("census")
        return Reading(
            cycles, held["objects"], held["system"], gauges, held["traced_bytes"], resident_bytes(self.target.pid)
        )

    def _gauges(self) -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.target.port}/metrics", timeout=ANSWER_SECONDS) as page:
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
            target = Target(port, redis_url, directory, process.pid)
            target.wait_ready()
            yield Examined(target, ours)
