"""Readings of the server, and the differences of two: what is left, what has grown. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MEBIBYTE = 1 << 20
MOST_TRACED_GROWTH = MEBIBYTE
"""Bytes between two readings at rest. What is remembered for a while (sessions that ended) fits well within it."""
MOST_RESIDENT_GROWTH = 8 * MEBIBYTE
"""The same for what the system has given, which comes in larger pieces and may lie between the pieces in use."""
FILES, SOCKETS, POOLED = "open files", "socket.socket", "threads of pools"
FILES_OF_THREAD = 4
SOCKETS_OF_THREAD = 2
QUEUE_CONNECTIONS = "tcelib.redis.pooled_connection.PooledConnection"
OPENED_CONNECTIONS = "tcelib.redis.gevent_redis.GeventConnection"
"""redis-py's part of one."""
MOST_QUEUE_CONNECTIONS = 8
THREAD_CONNECTIONS = "redis.connection.Connection"
"""One of each thread of a pool, opened when the thread first asks Redis."""
MAIN_GREENLETS = "greenlet.greenlet"
"""One of each thread with greenlets. Names are looked up in threads of gevent's pool when connections are opened."""
RESTING = "rtserver.base.queue.port.Lone"
"""What the one intake brings to a reader that rests. Whether it rests just now is chance."""
LOG_SOURCES = "rtserver.bootstrap.process.log_flood.LogSource"
MOST_LOG_SOURCES = 50
"""Lines of code that log, each of which is remembered from its first time on."""
FEED_NAMES = "rtserver.service.quote.feed_request.FeedName"
MOST_FEED_NAMES = 1_024
"""Checked requests, which are remembered for all clients."""
REMEMBERED = {"tcelib.limit.token_bucket.TokenBucket": 6, "rtserver.base.limit.cpu_quota.FairShare": 2}
"""How many of each are remembered of an address or a user until others have come for as long; both threads do so."""
EMPTY_AT_REST = (
    "connections",
    "agents",
    "users",
    "topics",
    "feeds",
    "subscriptions",
    "bridge_length",
    "lane_length",
    "dead_waiting",
)
"""Gauges of ``/metrics`` that say 0 when nobody is there."""


@dataclass(frozen=True)
class Reading:
    """The server at rest after ``cycles`` visits: counts by kind, gauges by name, and two measures in bytes."""

    cycles: int
    objects: Mapping[str, int]
    system: Mapping[str, int]
    gauges: Mapping[str, float]
    traced_bytes: int
    resident_bytes: int


@dataclass(frozen=True)
class Growth:
    """One thing of which there is more than there should be."""

    what: str
    before: float
    after: float

    def __str__(self) -> str:
        return f"{self.what}: {self.before:g} before, {self.after:g} after"


@dataclass
class Samples:
    """The memory over the time of the run, as (visits, seconds, bytes)."""

    rows: list[tuple[int, float, int]] = field(default_factory=list)

    def add(self, cycles: int, seconds: float, resident_bytes: int) -> None:
        """One more."""
        self.rows.append((cycles, seconds, resident_bytes))


def unfinished(reading: Reading) -> dict[str, float]:
    """The gauges that should be 0 and are not: somebody is still on his way out."""
    names = {name: name.partition("{")[0] for name in reading.gauges}
    return {name: reading.gauges[name] for name in names if names[name] in EMPTY_AT_REST and reading.gauges[name]}


def left_behind(before: Reading, after: Reading, visitors: int = 0) -> Iterator[Growth]:
    """Yield what the visitors have left: gauges that are not 0, and kinds with more objects."""
    for name, value in sorted(unfinished(after).items()):
        yield Growth(name, 0, value)
    # A thread more in a pool, whose size is bounded, has its own connections to Redis and to the database.
    threads = max(0, after.system[POOLED] - before.system[POOLED])
    allowed = Counter({POOLED: threads, FILES: threads * FILES_OF_THREAD, SOCKETS: threads * SOCKETS_OF_THREAD})
    allowed.update({name: count * visitors for name, count in REMEMBERED.items()})
    earlier, later = Counter(before.objects), {**after.objects, **after.system}
    # The pool of the service thread has as many as were ever needed together, one for each greenlet at most.
    allowed[LOG_SOURCES] = MOST_LOG_SOURCES
    allowed[RESTING] = 1
    allowed[FEED_NAMES] = max(0, MOST_FEED_NAMES - before.objects.get(FEED_NAMES, 0))
    allowed[QUEUE_CONNECTIONS] = allowed[OPENED_CONNECTIONS] = MOST_QUEUE_CONNECTIONS
    opened = min(MOST_QUEUE_CONNECTIONS, max(0, later.get(QUEUE_CONNECTIONS, 0) - earlier[QUEUE_CONNECTIONS]))
    allowed[FILES] += opened
    # A thread of the first reading may open its connection later.
    allowed[THREAD_CONNECTIONS] = max(0, after.system[POOLED] - earlier[THREAD_CONNECTIONS])
    late = min(allowed[THREAD_CONNECTIONS], later.get(THREAD_CONNECTIONS, 0) - earlier[THREAD_CONNECTIONS]) - threads
    allowed[FILES] += max(0, late)
    allowed[SOCKETS] += max(0, late)
    allowed[MAIN_GREENLETS] = opened
    earlier.update(before.system)
    for name in sorted(later):
        if later[name] > earlier[name] + allowed[name]:
            yield Growth(name, earlier[name], later[name])


def grown(before: Reading, after: Reading) -> Iterator[Growth]:
    """Memory that has grown by more than it may."""
    if after.traced_bytes - before.traced_bytes > MOST_TRACED_GROWTH:
        yield Growth("bytes given out by Python", before.traced_bytes, after.traced_bytes)
    if after.resident_bytes - before.resident_bytes > MOST_RESIDENT_GROWTH:
        yield Growth("resident bytes", before.resident_bytes, after.resident_bytes)
