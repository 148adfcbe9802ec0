"""Reports of a measurement: one shape for people and programs, and its text. Milliseconds, seconds, bytes.

Decides which numbers are told, and which of them need a warning.
"""

from collections.abc import Iterable

import msgspec

from rtserver.bench.client.histogram import Histogram
from rtserver.bench.client.meter import Meter

BAR_WIDTH = 40
BUSY = 0.9
PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))


class Bucket(msgspec.Struct, frozen=True):
    """Number of the latencies from ``from_ms`` to ``to_ms``."""

    from_ms: float
    to_ms: float
    count: int


class Latency(msgspec.Struct, frozen=True):
    """A distribution. ``percentiles_ms`` has the keys of ``PERCENTILES``."""

    count: int
    percentiles_ms: dict[str, float]
    histogram: tuple[Bucket, ...]


class ClientReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of ``bench client``. ``lost`` counts connections by why they ended.

    ``client_busy`` is the share of the time in which the client did not wait: at 1 it can do no more.
    """

    url: str
    connections: int
    connect_seconds: float
    seconds: float
    messages: int
    messages_per_second: float
    deliveries: int
    deliveries_per_second: float
    replies: int
    replies_per_second: float
    unanswered: int
    bytes_per_second: float
    delivery: Latency | None
    reply: Latency | None
    lost: dict[str, int]
    errors: int
    client_busy: float
    is_interrupted: bool
    warnings: tuple[str, ...]


class RedisReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of ``bench redis``. ``drain_seconds`` is None where the list was not seen empty."""

    queue: str
    messages: int
    message_bytes: int
    push_seconds: float
    messages_per_second: float
    most_waiting: int
    waiting: int
    drain_seconds: float | None
    most_late_ms: float
    is_interrupted: bool
    warnings: tuple[str, ...]


def latency_of(histogram: Histogram) -> Latency | None:
    """The distribution of nanoseconds in milliseconds; None where nothing was counted."""
    if not histogram.total:
        return None
    percentiles = {name: _ms(histogram.percentile(share) or 0) for name, share in PERCENTILES}
    buckets = tuple(Bucket(low / 1e6, high / 1e6, values) for low, high, values in histogram.bars())
    return Latency(histogram.total, percentiles, buckets)


def client_warnings(meter: Meter, client_busy: float, lost: int) -> tuple[str, ...]:
    """Return the reasons for which a client's numbers are worth less than they look."""
    found = {
        f"this client was busy {client_busy:.0%} of the time: it may be what was measured; use more machines or "
        "processes, or a smaller --timed": client_busy > BUSY,
        f"the server told clients {meter.lags} times that they lag: they read too slowly": meter.lags,
        f"{meter.skewed} marks carry times that cannot be true: they were pushed on another machine; give "
        "--wall-clock on both sides, or use --ping-rate": meter.skewed,
        f"{meter.errors} errors were answered, the first: {meter.first_error}": meter.errors,
        f"{lost} connections were lost": lost,
    }
    return tuple(text for text, applies in found.items() if applies)


def client_text(report: ClientReport) -> str:
    """The report for a terminal."""
    lines = [
        f"{report.url}: {report.connections:,} connections, opened in {report.connect_seconds:.2f} s"
        f" ({report.connections / max(report.connect_seconds, 1e-9):,.0f}/s)",
        f"measured for {report.seconds:.1f} s{' (interrupted)' if report.is_interrupted else ''}",
        "",
        f"  messages    {report.messages:>14,} {report.messages_per_second:>14,.0f}/s"
        f" {report.bytes_per_second / 1e6:>10,.2f} MB/s",
        f"  deliveries  {report.deliveries:>14,} {report.deliveries_per_second:>14,.0f}/s",
        f"  replies     {report.replies:>14,} {report.replies_per_second:>14,.0f}/s"
        + (f" {report.unanswered:>10,} unanswered" if report.unanswered else ""),
        f"  this client {report.client_busy:>14.0%} of the time busy",
    ]
    for title, latency in (("delivery", report.delivery), ("reply", report.reply)):
        if latency is not None:
            lines += ["", *_latency_lines(title, latency)]
    lines += [f"  lost        {count:>14,} {reason}" for reason, count in report.lost.items()]
    return "\n".join([*lines, *_warning_lines(report.warnings)])


def redis_text(report: RedisReport) -> str:
    """The report for a terminal."""
    cut = " (interrupted)" if report.is_interrupted else ""
    drained = "not seen empty" if report.drain_seconds is None else f"empty after {report.drain_seconds:.3f} s"
    lines = [
        f"{report.queue}: {report.messages:,} messages of {report.message_bytes:,} bytes"
        f" in {report.push_seconds:.2f} s ({report.messages_per_second:,.0f}/s){cut}",
        f"  the list    {report.most_waiting:>14,} waiting at most, {report.waiting:,} at the end, {drained}",
        f"  schedule    {report.most_late_ms:>14,.1f} ms late at most",
    ]
    return "\n".join([*lines, *_warning_lines(report.warnings)])


def _latency_lines(title: str, latency: Latency) -> Iterable[str]:
    yield f"{title} latency, {latency.count:,} values"
    yield "  " + "   ".join(f"{name} {value:,.3f} ms" for name, value in latency.percentiles_ms.items())
    most = max(bucket.count for bucket in latency.histogram)
    for bucket in latency.histogram:
        bar = "#" * -(-bucket.count * BAR_WIDTH // most)
        yield (
            f"  {bucket.from_ms:>10,g} - {bucket.to_ms:<8,g} ms {bucket.count:>12,} "
            f"{bucket.count / latency.count:>7.2%} {bar}".rstrip()
        )


def _warning_lines(warnings: Iterable[str]) -> list[str]:
    return [line for text in warnings for line in ("", f"WARNING: {text}")]


def _ms(nanoseconds: int) -> float:
    return round(nanoseconds / 1e6, 4)
