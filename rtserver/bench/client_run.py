"""``bench client``: connects, subscribes, asks, counts; from the first handshake to the report.

Two ways to ask: at a rate, each ping counted from when it was due, whatever the server does meanwhile (open loop); or
at a depth, every reply followed by the next ping (closed loop), which finds the most that a server answers.
"""

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from functools import partial
from itertools import cycle
from typing import Self

import msgspec

from rtserver.base.wire import json
from rtserver.bench.client.error import OptionError, TargetError
from rtserver.bench.client.meter import ERROR, Meter
from rtserver.bench.client.report import ClientReport, client_warnings, latency_of
from rtserver.bench.client.schedule import NS, Schedule
from rtserver.bench.client.target import Target
from rtserver.bench.clock import clock
from rtserver.bench.connection import LoadConnection
from rtserver.bench.file_limit import ensure_file_limit
from rtserver.bench.pool import ConnectionPool
from rtserver.bench.progress import Progress

SUBSCRIBE_SECONDS = 30.0
DELIVERY_SECONDS = 30.0
LONGEST_WAIT = 0.05
ANSWER_TO_SUBSCRIBE = b'"id":"bench"'
QUOTE_PARTS = 3
MS = 1_000_000


class ClientOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of one run. ``ping_rate`` is of all connections together, ``ping_depth`` of each; 0 is none.

    ``cookie`` or ``tokens`` say who the connections are: see ``wire.wires``.
    Ages of marks are taken at ``timed`` connections, evenly spread over all; they are counted at every one.
    """

    target: Target
    cookie: str = ""
    tokens: tuple[str, ...] = ()
    connections: int = 1
    seconds: float = 10.0
    warm_up: float = 1.0
    quotes: tuple[str, ...] = ()
    ping_rate: float = 0.0
    ping_depth: int = 0
    ping_bytes: int = 0
    timed: int = 100
    is_wall_clock: bool = False
    verifies: bool = True


class ClientRun:
    """One run: ``prepare``, then ``measure`` once, then ``close``; a context closes it. Raises ``BenchError``."""

    def __init__(self, options: ClientOptions, progress: Progress) -> None:
        if options.ping_rate and options.ping_depth:
            raise OptionError("pings go out at a rate or at a depth, not both")
        self._options = options
        self._progress = progress
        self._clock = clock(options.is_wall_clock)
        self._subscriptions = [subscription(quote) for quote in options.quotes]
        self._ping = json.encode({"type": "ping", "data": "x" * options.ping_bytes})
        self._meter = Meter()
        self._timed_every = max(1, -(-options.connections // options.timed)) if options.timed else 0
        self._answered: set[int] = set()
        self._asked = 0
        self._due: defaultdict[int, deque[int]] = defaultdict(deque)
        """When the pings were due that wait for an answer, by the connection's number."""
        self._schedule: Schedule | None = None
        self.pool = ConnectionPool(options.target, options.cookie, options.tokens, verify=options.verifies)
        self.connect_seconds = 0.0
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def prepare(self) -> None:
        """Open all connections and wait until every subscription is answered."""
        count = self._options.connections
        ensure_file_limit(count)
        state = partial(self._progress.maybe_say, lambda: f"{len(self.pool.connections):,} connections open")
        self.connect_seconds = self.pool.open(count, self._on_setup, state)
        self._expect_all("were lost before they had begun")
        if self._subscriptions:
            self._subscribe()

    def await_delivery(self) -> None:
        """Wait for the first message of a producer that has just been started. Raises ``TargetError``."""
        deadline = time.monotonic() + DELIVERY_SECONDS
        while not self._meter.deliveries:
            self._expect_all("were lost while nothing was pushed yet")
            if time.monotonic() > deadline:
                raise TargetError(f"{self._options.target}: nothing was delivered in {DELIVERY_SECONDS:g} s")
            self.pool.turn(LONGEST_WAIT, self._on_messages)

    def measure(self) -> ClientReport:
        """Run for the warm-up and the measured time. Ctrl-C ends it early, and what was measured is reported."""
        is_interrupted = False
        self._begin()
        try:
            self._start_pings()
            self._run_for(self._options.warm_up, "warming up")
            self._begin()
            self._run_for(self._options.seconds, "measuring")
        except KeyboardInterrupt:
            is_interrupted = True
        self._progress.end()
        return self._report(is_interrupted)

    def close(self) -> None:
        """End all connections."""
        self._progress.end()
        self.pool.close()

    def _subscribe(self) -> None:
        for connection, message in zip(self.pool.connections[:], cycle(self._subscriptions), strict=False):
            self.pool.send(connection, message)
        deadline = time.monotonic() + SUBSCRIBE_SECONDS
        while len(self._answered) < self._options.connections:
            self._expect_all("were lost while they subscribed")
            if time.monotonic() > deadline:
                raise TargetError(
                    f"{self._options.target}: {self._options.connections - len(self._answered)} subscriptions were "
                    f"not answered in {SUBSCRIBE_SECONDS:g} s"
                )
            self.pool.turn(LONGEST_WAIT, self._on_setup)
            self._progress.maybe_say(lambda: f"{len(self._answered):,} subscriptions answered")

    def _expect_all(self, what: str) -> None:
        if self.pool.lost:
            reason = next(iter(self.pool.lost))
            raise TargetError(f"{self._options.target}: {self.pool.lost.total()} connections {what}: {reason}")

    def _on_setup(self, connection: LoadConnection, payloads: Sequence[bytes]) -> None:
        for payload in payloads:
            if ANSWER_TO_SUBSCRIBE not in payload[-32:]:
                continue
            if payload.startswith(ERROR):
                raise TargetError(f"{self._options.target}: a subscription was refused: {payload.decode()}")
            self._answered.add(connection.number)

    def _begin(self) -> None:
        """Count anew. What is under way stays under way, with the moments at which it was due."""
        self._meter = Meter()
        self._began_ns = self._clock()
        self._began_bytes = self.pool.received_bytes
        self._began_busy = self.pool.busy_seconds
        self._shown = 0, self._began_bytes, self._began_ns

    def _start_pings(self) -> None:
        if self._options.ping_rate:
            self._schedule = Schedule(self._options.ping_rate, self._clock())
        for connection in self.pool.connections[:]:
            for _ in range(self._options.ping_depth):
                self._ask(connection, self._clock())

    def _run_for(self, seconds: float, what: str) -> None:
        end = self._clock() + int(seconds * NS)
        while (now := self._clock()) < end and self.pool.connections:
            wait_ns = min(end, self._ask_all_due(now)) - now
            # An epoll's wait is rounded up to whole milliseconds, which a ping that is due must not pay for.
            self.pool.turn(min(LONGEST_WAIT, wait_ns // MS / 1000), self._on_messages)
            self._progress.maybe_say(lambda: f"{what}: {self._state()}")

    def _ask_all_due(self, now_ns: int) -> int:
        """Send the pings that are due; when the next one is."""
        if self._schedule is None:
            return now_ns + NS
        while self.pool.connections and (due := self._schedule.take(now_ns)) is not None:
            self._asked += 1
            self._ask(self.pool.connections[self._asked % len(self.pool.connections)], due)
        return max(now_ns, self._schedule.next_ns)

    def _ask(self, connection: LoadConnection, due_ns: int) -> None:
        self._due[connection.number].append(due_ns)
        self.pool.send(connection, self._ping)

    def _on_messages(self, connection: LoadConnection, payloads: Sequence[bytes]) -> None:
        now = self._clock()
        is_timed = self._timed_every > 0 and connection.number % self._timed_every == 0
        answered = self._meter.take(payloads, now, is_timed=is_timed, pending=self._due[connection.number])
        if self._options.ping_depth:
            for _ in range(answered):
                self._ask(connection, now)

    def _state(self) -> str:
        """Messages and bytes a second since it was asked last, and percentiles."""
        meter = self._meter
        now = meter.messages, self.pool.received_bytes, self._clock()
        messages, size, nanoseconds = (value - before for value, before in zip(now, self._shown, strict=True))
        self._shown = now
        seconds = max(nanoseconds, 1) / NS
        rates = f"{messages / seconds:,.0f} messages/s  {size / seconds / 1e6:,.2f} MB/s"
        latency = meter.reply if meter.reply.total else meter.delivery
        shown = [
            f"{name} {(latency.percentile(share) or 0) / MS:,.2f} ms" for name, share in (("p50", 0.5), ("p99", 0.99))
        ]
        return "  ".join((f"{len(self.pool.connections):,} open", rates, *(shown if latency.total else ())))

    def _report(self, is_interrupted: bool) -> ClientReport:
        meter, pool = self._meter, self.pool
        seconds = max(self._clock() - self._began_ns, 1) / NS
        busy = (pool.busy_seconds - self._began_busy) / seconds
        return ClientReport(
            url=str(self._options.target),
            connections=self._options.connections,
            connect_seconds=self.connect_seconds,
            seconds=seconds,
            messages=meter.messages,
            messages_per_second=meter.messages / seconds,
            deliveries=meter.deliveries,
            deliveries_per_second=meter.deliveries / seconds,
            replies=meter.replies,
            replies_per_second=meter.replies / seconds,
            unanswered=sum(len(self._due[connection.number]) for connection in pool.connections),
            bytes_per_second=(pool.received_bytes - self._began_bytes) / seconds,
            delivery=latency_of(meter.delivery),
            reply=latency_of(meter.reply),
            lost=dict(pool.lost),
            errors=meter.errors,
            client_busy=busy,
            is_interrupted=is_interrupted,
            warnings=client_warnings(meter, busy, pool.lost.total()),
        )


def subscription(quote: str) -> bytes:
    """The message that asks for a chart of ``EXCHANGE:ITEM:DATE``. Raises ``OptionError`` for another form."""
    parts = quote.split(":")
    if len(parts) != QUOTE_PARTS:
        raise OptionError(f"{quote}: a quote is named EXCHANGE:ITEM:DATE")
    data = {"type": "quote", "chart_id": "bench", "update": "dynamic"}
    data |= dict(zip(("exchange", "item", "date"), parts, strict=True))
    return json.encode({"type": "mycharts", "data": data, "id": "bench"})
