"""A run in words: the memory over time, which ways were gone, what is left and where memory went. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from soak.leak.reading import MEBIBYTE, Growth, Reading, Samples

SHOWN_KINDS = (
    "rtserver.base.connection.connection.Connection",
    "rtserver.base.connection.socket_stream.SocketStream",
    "rtserver.base.connection.timer_wheel.Timer",
    "rtserver.user.user_agent.UserAgent",
    "rtserver.user.topic.board.Group",
    "rtserver.service.quote.feed.Feed",
    "_asyncio.Task",
    "gevent._gevent_cgreenlet.Greenlet",
    "socket.socket",
    "open files",
    "threads",
)


def memory_table(samples: Samples) -> Iterator[str]:
    """The resident memory by time."""
    yield "| visits | seconds | resident, MiB |"
    yield "|---:|---:|---:|"
    for cycles, seconds, resident in samples.rows:
        yield f"| {cycles:,} | {seconds:.0f} | {resident / MEBIBYTE:.1f} |"


def ways_table(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield the table of visits by the way they ended."""
    yield "| way to leave | visits |"
    yield "|---|---:|"
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        yield f"| {name.replace('_', ' ')} | {count:,} |"


def rest_table(before: Reading, after: Reading) -> Iterator[str]:
    """The two readings at rest."""
    yield f"| at rest, after visits | {before.cycles:,} | {after.cycles:,} |"
    yield "|---|---:|---:|"
    yield f"| resident, MiB | {before.resident_bytes / MEBIBYTE:.1f} | {after.resident_bytes / MEBIBYTE:.1f} |"
    yield f"| given out by Python, MiB | {before.traced_bytes / MEBIBYTE:.2f} | {after.traced_bytes / MEBIBYTE:.2f} |"
    counts = [{**reading.objects, **reading.system} for reading in (before, after)]
    for name in SHOWN_KINDS:
        yield f"| {name.rpartition('.')[2]} | {counts[0].get(name, 0)} | {counts[1].get(name, 0)} |"


def verdict(left: Iterable[Growth], grown: Iterable[Growth], visits: int) -> Iterator[str]:
    """The last lines: what is wrong, or that nothing is."""
    findings = [*(f"LEFT BEHIND  {one}" for one in left), *(f"GROWN  {one}" for one in grown)]
    yield from findings or [f"nothing is left of {visits:,} visits, and memory is flat"]
