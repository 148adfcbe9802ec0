"""The numbers of a run as Markdown, and each peer's share of what rtserver did in the same run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any, TypeAlias

from bench.comparison import Numbers
from bench.goal import GOALS, LIMITS, goal_table
from bench.peers.table import BARE, GATEWAY, TCELIB

Keys: TypeAlias = tuple[str | int, ...]
ABSENT = "-"


@dataclass(frozen=True)
class Column:
    """One figure of a row: where it is in the numbers, and how it is written."""

    title: str
    keys: Keys
    write: Callable[[Any], str]
    is_compared: bool = False
    """Rows that the share of ours stands beside."""


@dataclass(frozen=True)
class Section:
    """One scenario."""

    title: str
    columns: tuple[Column, ...]
    ours: str = BARE.name
    """The row that the others are compared with."""


def scaled(text: str, unit: float = 1.0) -> Callable[[float], str]:
    """Write a figure in a unit."""
    return lambda value: text.format(value / unit)


whole = scaled("{:,.0f}")
share = scaled("{:.1f} %", 0.01)
kilobytes = scaled("{:.1f} KB", 1 << 10)
megabytes = scaled("{:.1f} MB", 1 << 20)
microseconds = scaled("{:.2f} µs")
ratio = scaled("{:.2f}")
lone = scaled("{:,.0f} µs", 0.001)


def milliseconds(value: float) -> str:
    """Two digits that count."""
    return f"{value:.2f} ms" if value < 10 else f"{value:,.0f} ms"


def counts(value: Mapping[str, int]) -> str:
    """Of several things."""
    return ", ".join(f"{name} {count:,}" for name, count in value.items()) or ABSENT


LONE = (
    Column("100/s: p50", ("100/s", "p50"), lone),
    Column("p99", ("100/s", "p99"), lone),
    Column("processor time of one", ("100/s", "cpu_ms"), lone),
    Column("1,000/s: p50", ("1000/s", "p50"), lone),
    Column("p99", ("1000/s", "p99"), lone),
    Column("processor time of one", ("1000/s", "cpu_ms"), lone),
)
SWEEP = (
    Column("deliveries/s at most", ("deliveries_per_second",), whole, is_compared=True),
    Column("lightest load, /s", ("steps", 0, "offered"), whole),
    Column("p50 there", ("steps", 0, "p50"), milliseconds),
    Column("p99 there", ("steps", 0, "p99"), milliseconds),
    Column("of a core there", ("steps", 0, "server_busy"), share),
)
REQUESTS = (
    Column("alone, p50", ("alone", "p50"), milliseconds),
    Column("depth 1, answers/s", ("depth 1", "per_second"), whole, is_compared=True),
    Column("p50", ("depth 1", "p50"), milliseconds),
    Column("p99", ("depth 1", "p99"), milliseconds),
    Column("depth 16, answers/s", ("depth 16", "per_second"), whole, is_compared=True),
    Column("p50", ("depth 16", "p50"), milliseconds),
    Column("p99", ("depth 16", "p99"), milliseconds),
    Column("least served client, of the average", ("depth 16", "least_share"), share),
    Column("depth 16, answers/s per core", ("depth 16", "per_core"), whole),
    Column("without an answer, messages/s per core", ("one-way", "per_core"), whole),
)
IDLE = (
    Column("memory each", ("bytes_per_connection",), kilobytes),
    Column("of a core", ("server_busy",), share),
)
SLOW = (
    Column("p99, all read", ("all read", "p99"), milliseconds),
    Column("p99, some stopped", ("some stopped", "p99"), milliseconds),
    Column("readers got", ("some stopped", "delivered"), whole, is_compared=True),
    Column("server grew by", ("bytes_grown",), megabytes),
)
STALLED = (
    Column("all read: p99", ("all read", "p99"), milliseconds),
    Column("oldest", ("all read", "max"), milliseconds),
    Column("some stopped: p99", ("some stopped", "p99"), milliseconds),
    Column("oldest", ("some stopped", "max"), milliseconds),
    Column("quotes/s to each reader", ("delivered_each",), whole),
    Column("told that they lag", ("lagging",), whole),
    Column("closed", ("too_slow",), whole),
    Column("waiting for each", ("outbox_bytes_each",), kilobytes),
    Column("in the system for each", ("system_bytes_each",), kilobytes),
    Column("process grew, for each", ("grown_bytes_each",), kilobytes),
    Column("frames conflated", ("conflated",), whole),
    Column("seconds to catch up", ("caught_up_seconds",), scaled("{:.2f}")),
    Column("have the newest then", ("have_newest",), whole),
)
RATES = (
    Column("quotes/s to all", ("delivered",), whole),
    Column("bytes each on the wire", ("bytes_each",), whole),
    Column("of a core", ("server_busy",), share),
    Column("p50", ("p50",), milliseconds),
    Column("p99", ("p99",), milliseconds),
)
BURST = (
    Column("seconds until all had all", ("drain_seconds",), scaled("{:.2f}")),
    Column("messages/s", ("messages_per_second",), whole),
    Column("deliveries/s", ("deliveries_per_second",), whole),
    Column("delivered", ("delivered_share",), share),
    Column("slowest ping meanwhile", ("ping", "max"), milliseconds),
)
COMPRESSION = (
    Column("bytes per delivery", ("steps", 0, "bytes_each"), whole, is_compared=True),
    Column("of them compressed", ("steps", 0, "compressed"), share),
    Column("deliveries/s at most", ("deliveries_per_second",), whole, is_compared=True),
    Column("p50, lightest load", ("steps", 0, "p50"), milliseconds),
    Column("memory each, idle", ("bytes_per_connection",), kilobytes),
)
RPC = (
    Column("pipelined, calls/s", ("pipelined", "per_second"), whole, is_compared=True),
    Column("the server's core", ("pipelined", "server_busy"), share),
    Column("calls/s per core", ("pipelined", "per_core"), whole),
    Column("50 clients at depth 1, calls/s", ("depth 1", "per_second"), whole, is_compared=True),
    Column("the server's core", ("depth 1", "server_busy"), share),
    Column("new connections with a call, /s", ("connections", "per_second"), whole, is_compared=True),
    Column("the server's core", ("connections", "server_busy"), share),
    Column("one-way served, calls/s per core", ("one-way served", "per_core"), whole),
    Column("processor time of one", ("one-way served", "cpu_us"), microseconds),
    Column("one-way sent, calls/s per core", ("one-way sent", "per_core"), whole),
    Column("processor time of one", ("one-way sent", "cpu_us"), microseconds),
    Column("struct of 8 fields written", ("codec", "write_us"), microseconds),
    Column("read", ("codec", "read_us"), microseconds),
)
GATEWAYS = (
    Column("pipelined, calls/s", ("pipelined", "per_second"), whole, is_compared=True),
    Column("its core", ("pipelined", "server_busy"), share),
    Column("calls/s per core", ("pipelined", "per_core"), whole),
    Column("processor time of one", ("pipelined", "cpu_us"), microseconds),
    Column("50 clients at depth 1, calls/s", ("depth 1", "per_second"), whole, is_compared=True),
    Column("calls/s per core", ("depth 1", "per_core"), whole),
    Column("processor time of one", ("depth 1", "cpu_us"), microseconds),
    Column("alone: p50", ("alone", "p50"), milliseconds),
    Column("p99", ("alone", "p99"), milliseconds),
    Column("p50 without the gateway", ("direct", "p50"), milliseconds),
)
HOSTILE = (
    Column("others' ping, p50", ("ping", "p50"), milliseconds),
    Column("p99", ("ping", "p99"), milliseconds),
    Column("quotes' age, p50", ("quote", "p50"), milliseconds),
    Column("p99", ("quote", "p99"), milliseconds),
    Column("HTTP, p99", ("http", "p99"), milliseconds),
    Column("what the attacker got", ("got",), counts),
)
WORKERS = (
    Column("deliveries/s", ("deliveries_per_second",), whole),
    Column("processor time of one", ("all_us",), microseconds, is_compared=True),
    Column("in the server", ("server_us",), microseconds),
    Column("in Redis", ("redis_us",), microseconds),
    Column("intakes for one", ("intakes",), ratio),
    Column("reads for one", ("reads",), ratio),
    Column("p50", ("age_ms",), milliseconds),
    Column("idle, of a core", ("idle_busy",), share),
)
STORM = (Column("connections/s", ("connections_per_second",), whole, is_compared=True),)
SECTIONS = {
    "fan_out": Section("Fan-out of one topic, messages made in the server's process", SWEEP),
    "from_redis": Section("From a producer's command on Redis to the client", SWEEP),
    "lone_message": Section("A lone message, from RPUSH to the handler", LONE),
    "many_topics": Section("Many topics: each subscriber on 20 of 200", SWEEP),
    "own_message": Section("An own message for each client", SWEEP),
    "request_reply": Section("Request and reply", REQUESTS),
    "storm": Section("Connection storm", STORM),
    "idle": Section("Idle connections", IDLE),
    "slow_readers": Section("Subscribers who stop reading", SLOW),
    "stalled": Section("Clients who stop reading a thousand quotes a second, from Redis", STALLED),
    "rates": Section("Subscribers with a rate, from Redis", RATES, ours="every update at once"),
    "burst": Section("A burst in the queue", BURST),
    "compression": Section("With permessage-deflate, of what it is without", COMPRESSION),
    "rpc": Section("Remote calls, and their codecs", RPC, ours=TCELIB.name),
    "gateway": Section("Two-way calls through a gateway", GATEWAYS, ours=GATEWAY.name),
    "workers": Section("Workers that share the clients of one Redis", WORKERS, ours="1 workers"),
    "hostile": Section("One user against everybody else, with the default limits", HOSTILE, ours="nobody attacks"),
}


def find(numbers: Any, keys: Sequence[str | int]) -> Any | None:
    """Return the value at the end of the keys; None where the way ends earlier."""
    try:
        return reduce(getitem, keys, numbers)
    except (LookupError, TypeError):
        return None


def add_ratios(numbers: Numbers) -> None:
    """Give every row ``of_ours``: its rates as shares of our row's in the same setting, by column."""
    for name, section in SECTIONS.items():
        for rows in numbers["scenarios"].get(name, {}).values():
            for row in rows.values():
                row["of_ours"] = ratios(row, rows.get(section.ours), section.columns)


def ratios(row: Numbers, ours: Numbers | None, columns: Sequence[Column]) -> dict[str, float]:
    """By column's title; without what either of the two does not have."""
    known = {}
    for column in columns:
        value, base = find(row, column.keys), find(ours, column.keys)
        if column.is_compared and value is not None and base:
            known[column.title] = round(value / base, 6)
    return known


def report(numbers: Numbers) -> str:
    """Machine, goals and one table for each setting, with the peers that are missing named in it."""
    scenarios = numbers["scenarios"]
    parts = [machine_line(numbers), goal_table(GOALS, scenarios)]
    if "limits" in scenarios:
        parts.append("### Limits\n\n" + goal_table(LIMITS, scenarios))
    for name, section in SECTIONS.items():
        if name in scenarios:
            parts.append(f"### {section.title}")
            parts += [setting(title, rows, section) for title, rows in scenarios[name].items()]
    return "\n\n".join(parts) + "\n"


def machine_line(numbers: Numbers) -> str:
    """Return place and date of the run, and a warning if nothing was measured for long."""
    line = "Measured: " + ", ".join(f"{name} {value}" for name, value in numbers["machine"].items()) + "."
    return line + (" **A quick run: the figures only show that everything works.**" if numbers["quick"] else "")


def setting(title: str, rows: Numbers, section: Section) -> str:
    """One table."""
    head = ["server"]
    for column in section.columns:
        head += [column.title, f"of {section.ours}'s"] if column.is_compared else [column.title]
    lines = [f"**{title}**\n", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(cells(name, row, section.columns, len(head)))} |" for name, row in rows.items()]
    return "\n".join(lines)


def cells(name: str, row: Numbers, columns: Sequence[Column], width: int) -> list[str]:
    """One peer's row."""
    if "missing" in row:
        return [name, f"missing: {row['missing']}", *[""] * (width - 2)]
    texts = [name]
    for column in columns:
        value = find(row, column.keys)
        texts.append(ABSENT if value is None else column.write(value))
        if column.is_compared:
            ratio = find(row, ("of_ours", column.title))
            texts.append(ABSENT if ratio is None else f"{ratio:.3g}")
    return texts
