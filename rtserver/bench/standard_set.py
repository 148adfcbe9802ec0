"""``bench server``: the few numbers that tell how a server does on this machine, in one command.

Decides what is measured and in which order. Where the machine has two cores the server gets one to itself.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from rtserver.bench.client.report import ClientReport
from rtserver.bench.client_run import ClientOptions, ClientRun
from rtserver.bench.file_limit import ensure_file_limit
from rtserver.bench.local_server import LocalServer
from rtserver.bench.process import resident_bytes
from rtserver.bench.progress import Progress

QUOTE = "BENCH:X:20130301"
STEADY_RATE = 100
SETTLE_SECONDS = 0.5
TALKERS = 50
DEPTH = 16


class Row(msgspec.Struct, frozen=True):
    """One line of the table. ``numbers`` are the same for programs."""

    what: str
    measured: str
    numbers: dict[str, float | None]


class StandardSet(msgspec.Struct, kw_only=True):
    """The measurements, one after the other, against one server.

    The server inherits the limit of open files of whoever starts it: raise that before.
    """

    server: LocalServer
    progress: Progress
    cookie: str
    clients: int
    connections: int
    seconds: float

    def run(self) -> Iterator[Row]:
        """The rows, each when it is known. Raises ``BenchError``."""
        yield from self._idle()
        yield self._replies("request and reply, alone", connections=1, depth=1)
        yield self._replies(f"request and reply, {TALKERS} clients, {DEPTH} at once each", TALKERS, DEPTH)
        yield self._fan_out(STEADY_RATE)
        yield self._fan_out(0)

    def _idle(self) -> Iterator[Row]:
        self.progress.say(f"{self.connections:,} idle connections ...")
        with self._client(connections=TALKERS) as first:
            first.prepare()
            before = resident_bytes(self.server.pid)
            with self._client(connections=self.connections) as run:
                run.prepare()
                time.sleep(SETTLE_SECONDS)  # until what the handshakes left behind is gone
                after = resident_bytes(self.server.pid)
        rate = self.connections / run.connect_seconds
        yield Row("connections opened", f"{rate:,.0f}/s", {"connections_per_second": rate})
        each = (after - before) / self.connections
        yield Row("memory of an idle connection", f"{each / 1024:.1f} KB", {"bytes_per_connection": each})

    def _replies(self, what: str, connections: int, depth: int) -> Row:
        self.progress.say(f"{what} ...")
        with self._client(connections=connections, ping_depth=depth) as run:
            run.prepare()
            report = self._measured(run)
        numbers = {"replies_per_second": report.replies_per_second, **_percentiles(report)}
        return Row(what, f"{report.replies_per_second:,.0f}/s, {_shown(numbers)}", numbers)

    def _fan_out(self, rate: int) -> Row:
        at = f"at {rate} messages/s" if rate else "at saturation"
        what = f"RPUSH to {self.clients} clients, {at}"
        self.progress.say(f"{what} ...")
        # At saturation messages wait in queues: their age is the queues' length, and says nothing of the server.
        timed = self.clients if rate else 0
        with self._client(connections=self.clients, quotes=(QUOTE,), timed=timed) as run:
            run.prepare()
            with self.server.producer(QUOTE, rate):
                run.await_delivery()
                report = self._measured(run)
        numbers = {"deliveries_per_second": report.deliveries_per_second, **_percentiles(report)}
        shown = f"{report.deliveries_per_second:,.0f} deliveries/s"
        return Row(what, ", ".join(filter(None, (shown, _shown(numbers)))), numbers)

    def _client(self, **options: Any) -> ClientRun:
        chosen = ClientOptions(target=self.server.target, cookie=self.cookie, seconds=self.seconds, **options)
        return ClientRun(chosen, self.progress)

    def _measured(self, run: ClientRun) -> ClientReport:
        report = run.measure()
        if report.is_interrupted:
            raise KeyboardInterrupt
        for text in report.warnings:
            self.progress.say(f"  WARNING: {text}")
        return report


def measure(
    redis_url: str,
    find_redis_url: Callable[[Path], str | None],
    *,
    clients: int,
    connections: int,
    seconds: float,
    progress: Progress,
    is_tce: bool = False,
) -> Iterator[Row]:
    """Start a server and run the whole set, with ``is_tce`` over its TCE port. Raises ``BenchError``."""
    ensure_file_limit(max(clients, connections) + TALKERS)
    with ExitStack() as stack:
        progress.say("starting a server ...")
        server = stack.enter_context(LocalServer(redis_url, find_redis_url, is_tce=is_tce))
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            server.pin(cores[0])
            stack.callback(os.sched_setaffinity, 0, cores)
            os.sched_setaffinity(0, cores[1:])
        yield from StandardSet(
            server=server,
            progress=progress,
            cookie=server.log_in(),
            clients=clients,
            connections=connections,
            seconds=seconds,
        ).run()


def _percentiles(report: ClientReport) -> dict[str, float | None]:
    latency = report.reply or report.delivery
    found = latency.percentiles_ms if latency else {}
    return {"p50_ms": found.get("p50"), "p99_ms": found.get("p99")}


def _shown(numbers: dict[str, float | None]) -> str:
    p50, p99 = numbers["p50_ms"], numbers["p99_ms"]
    return "" if p50 is None or p99 is None else f"p50 {p50:.3f} ms, p99 {p99:.3f} ms"
