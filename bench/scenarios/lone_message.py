"""A lone message: from RPUSH until a handler in the server has read it, and the processor time that it costs.

Messages come one at a time, so rarely that each finds the server asleep. rtserver's handler is a plug-in; the C floor
takes them with BLPOP. Both note how old each message is, and write that to a file in the end, so that nothing is
measured of a way back. What the server does without messages is not counted.
"""

import json
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import hiredis

from bench.comparison import Numbers, Scale, compare
from bench.meter import percentiles
from bench.peers.running import RunningPeer
from bench.peers.table import C_FLOOR, PRODUCT
from bench.process import thread_seconds
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.mark import label

HANDLER = "bench.peers.lone_handler:LoneHandler"
PEERS = (
    replace(PRODUCT, publisher=None, options=("--services", HANDLER)),
    replace(C_FLOOR, uses_redis=True),
)
RATES = (100, 1000)
WARM_UP = 50
IDLE_SECONDS = 1.0
PATIENCE = 10.0
LOOK_SECONDS = 0.01
REPLY_BYTES = 4096


def run(scale: Scale) -> Numbers:
    """Ages and processor time by rate."""

    def measure(running: RunningPeer) -> Numbers:
        with tempfile.TemporaryDirectory() as directory, closing(connected(running.redis_url)) as producer:
            stage = Stage(running, producer, Path(directory) / "ages")
            stage.push(RATES[0], WARM_UP)
            stage.collect()
            return {f"{rate}/s": stage.measure(rate, 4 * scale.seconds) for rate in RATES}

    return {"one at a time": compare(PEERS, measure)}


def connected(redis_url: str) -> socket.socket:
    """Connect to Redis without a client, which would take longer than Redis does."""
    connection = socket.create_connection(("127.0.0.1", urlsplit(redis_url).port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Stage:
    """One peer, and a producer that pushes to it. The peer writes ages to the file ``report``."""

    def __init__(self, running: RunningPeer, producer: socket.socket, report: Path) -> None:
        self._running = running
        self._producer = producer
        self._report = report

    def measure(self, rate: int, seconds: float) -> Numbers:
        """Push for so many seconds; the ages, and the processor time of each message in milliseconds."""
        idle = self._processor_time_of(lambda: time.sleep(IDLE_SECONDS)) / IDLE_SECONDS
        count = round(rate * seconds)
        begun = time.monotonic()
        spent = self._processor_time_of(lambda: self.push(rate, count))
        spent -= idle * (time.monotonic() - begun)
        ages = self.collect()
        if len(ages) != count:
            raise TargetError(f"{len(ages)} of {count} messages arrived")
        return {**percentiles(ages), "cpu_ms": round(1000 * spent / count, 4)}

    def push(self, rate: int, count: int) -> None:
        """Push messages, each of which is stamped when it leaves."""
        due = time.monotonic()
        for _ in range(count):
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))
            self._push({"stamp": label(time.monotonic_ns())})

    def collect(self) -> list[float]:
        """The ages in seconds of the messages since the last time."""
        self._push({"stamp": label(0), "report": str(self._report)})
        deadline = time.monotonic() + PATIENCE
        while not self._report.exists():
            if time.monotonic() > deadline:
                raise TargetError("the messages did not arrive")
            time.sleep(LOOK_SECONDS)
        ages = [int(line) / 1e9 for line in self._report.read_text().splitlines()]
        self._report.unlink()
        return ages

    def _push(self, data: dict[str, str]) -> None:
        message = f'{{"type":"lone","src":"bench","data":{json.dumps(data, separators=(",", ":"))}}}'
        self._producer.sendall(hiredis.pack_command(("RPUSH", self._running.queue, message)))
        if not self._producer.recv(REPLY_BYTES).startswith(b":"):
            raise TargetError("Redis takes no message")

    def _processor_time_of(self, act: Callable[[], None]) -> float:
        before = thread_seconds(self._running.pid)
        act()
        return thread_seconds(self._running.pid) - before
