"""``bench redis``: pushes marked messages as a backend does, and watches the list that they wait on.

Steadily, each message when it is due; flat out, as fast as they are taken with a bounded backlog; or one burst, whose
way off the list is timed. It sees the list and nothing behind it: what arrives is the client's to measure.
"""

import time
from collections.abc import Callable

import msgspec

from rtserver.base.queue.port import QueuePort
from rtserver.base.wire import json
from rtserver.bench.client import mark
from rtserver.bench.client.report import RedisReport
from rtserver.bench.client.schedule import NS, Schedule
from rtserver.bench.clock import clock
from rtserver.bench.progress import Progress

POINT_BYTES = 84
"""About the bytes of one point of a quote in a message; a larger message has more of them."""

DRAIN_SECONDS = 60.0
LOOK_SECONDS = 0.002
QUOTE_SPREAD = 100


class RedisOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of one run. ``rate`` 0 is flat out; ``burst`` is instead of ``rate`` and ``seconds``.

    ``user_id`` pushes messages to that user ("*" is everyone) in place of quotes.
    """

    quotes: tuple[str, ...] = ()
    user_id: str = ""
    rate: float = 100.0
    seconds: float = 10.0
    burst: int = 0
    batch: int = 1
    size: int = 0
    backlog: int = 2_000
    is_wall_clock: bool = False


class Producer:
    """One run. ``run`` may raise ``QueueError``."""

    def __init__(
        self,
        queue: QueuePort,
        name: str,
        options: RedisOptions,
        progress: Progress,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._queue = queue
        self._name = name
        self._options = options
        self._progress = progress
        self._sleep = sleep
        self._clock = clock(options.is_wall_clock)
        self._pushed = 0
        self._bytes = 0
        self._most_waiting = 0
        self._most_late_ns = 0
        self._drain_seconds: float | None = None

    def run(self) -> RedisReport:
        """Push everything. Ctrl-C ends it early, and what was pushed is reported."""
        options = self._options
        is_interrupted = False
        begun = time.monotonic()
        ended = begun
        try:
            if options.burst:
                self._push_burst(options.burst)
            elif options.rate:
                self._push_steadily()
            else:
                self._push_flat_out()
            ended = time.monotonic()
            self._drain()
        except KeyboardInterrupt:
            is_interrupted = True
            ended = max(ended, time.monotonic()) if ended == begun else ended
        self._progress.end()
        return self._report(ended - begun, is_interrupted)

    def _push_steadily(self) -> None:
        begun = self._clock()
        end = begun + int(self._options.seconds * NS)
        schedule = Schedule(self._options.rate / self._options.batch, begun)
        while schedule.next_ns < end:
            now = self._clock()
            due = schedule.take(now)
            if due is None:
                self._say()
                self._sleep(min((schedule.next_ns - now) / NS, 0.1))
                continue
            self._most_late_ns = max(self._most_late_ns, now - due)
            self._push(self._options.batch, due)

    def _push_flat_out(self) -> None:
        end = self._clock() + int(self._options.seconds * NS)
        while (now := self._clock()) < end:
            self._say()
            if self._look() > self._options.backlog:
                self._sleep(LOOK_SECONDS)
            else:
                self._push(self._options.batch, now)

    def _push_burst(self, count: int) -> None:
        while self._pushed < count:
            self._say()
            self._push(min(self._options.batch, count - self._pushed), self._clock())

    def _drain(self) -> None:
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < DRAIN_SECONDS:
            if not self._look():
                self._drain_seconds = passed
                return
            self._say()
            self._sleep(LOOK_SECONDS)

    def _push(self, count: int, due_ns: int) -> None:
        # Equal labels would replace one another: all points of a push are a nanosecond apart.
        step = points_of(self._options.size)
        raws = [self._message(self._pushed + place, due_ns + place * step) for place in range(count)]
        self._queue.put(raws)
        self._pushed += count
        self._bytes += sum(map(len, raws))

    def _message(self, number: int, stamp_ns: int) -> bytes:
        options = self._options
        if options.user_id:
            return user_message(options.user_id, stamp_ns, options.size)
        return quote_message(options.quotes[number % len(options.quotes)], number, stamp_ns, options.size)

    def _look(self) -> int:
        waiting = self._queue.waiting()
        self._most_waiting = max(self._most_waiting, waiting)
        return waiting

    def _say(self) -> None:
        self._progress.maybe_say(lambda: f"{self._pushed:,} messages pushed  {self._look():,} waiting")

    def _report(self, seconds: float, is_interrupted: bool) -> RedisReport:
        waiting = self._look()
        warnings = []
        if waiting:
            warnings.append(f"{waiting:,} messages are still on the list: no server takes them, or not fast enough")
        if self._options.rate and self._most_late_ns > NS // 10:
            warnings.append("the producer could not keep to its rate: give --batch, or more producers")
        return RedisReport(
            queue=self._name,
            messages=self._pushed,
            message_bytes=round(self._bytes / max(self._pushed, 1)),
            push_seconds=seconds,
            messages_per_second=self._pushed / max(seconds, 1e-9),
            most_waiting=self._most_waiting,
            waiting=waiting,
            drain_seconds=self._drain_seconds,
            most_late_ms=self._most_late_ns / 1e6,
            is_interrupted=is_interrupted,
            warnings=tuple(warnings),
        )


def points_of(size: int) -> int:
    """Return how many points fit into a message of about ``size`` bytes; at least one."""
    return max(1, size // POINT_BYTES)


def quote_message(quote: str, number: int, stamp_ns: int, size: int = 0) -> bytes:
    """A service message of one quote, with points of about ``size`` bytes."""
    price = 400 + number % QUOTE_SPREAD / 4
    items = [
        {"quote": quote, "info": {"point": [mark.label(stamp_ns + place), price]}} for place in range(points_of(size))
    ]
    return json.encode({"type": "quote", "to": quote, "src": "bench", "data": items})


def user_message(user_id: str, stamp_ns: int, size: int = 0) -> bytes:
    """A service message for a user, or for everyone ("*"), filled up with about ``size`` bytes."""
    data = {"user_id": user_id, "type": "bench", "data": {"at": mark.label(stamp_ns), "fill": "x" * size}}
    return json.encode({"type": "pushuser", "src": "bench", "data": data})
