"""Tables of the simulation as Markdown, and the points of its chart. Pure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from bench.simulate.design import SIZES, Bounds, Row, Size, bottleneck, variants
from bench.simulate.fit import Checked
from bench.simulate.model import UnitCosts

HOURS = 24
DOUBLINGS = 10
"""Sizes of the chart below the greatest one, each half of the next."""
Panels = dict[str, dict[str, list[tuple[int, float]]]]


def design_table(rows: Sequence[Row], bounds: Bounds) -> str:
    """Return what each size takes."""
    lines = [
        "| size | ticks/s, deliveries/s | first bottleneck of one worker and one Redis | installations "
        "| workers of each | queues, replicas of each | machines | core-hours a day "
        "| busiest worker; reading | busiest Redis | network | nearest to its bound then |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        size, (name, share) = row.size, row.first
        head = f"| {size.title} | {size.quotes:,.0f}, {size.deliveries:,.0f} | {name}, {share:.1f} times |"
        if row.design is None or row.loads is None:
            lines.append(f"{head} none is enough | | | | | | | | {name} |")
            continue
        design, load = row.design, row.loads
        nearest, at = bottleneck(load, bounds)
        lines.append(
            f"{head} {design.installations} | {design.workers} | {design.shards}, {design.replicas} | "
            f"{design.machines(bounds)} | {load.cores * HOURS:,.0f} | {max(load.worker, load.writer):.0%}; "
            f"{load.reading:.0%} | {max(load.primary, load.replica):.0%} | {load.network:.1%} | {nearest}, {at:.0%} |"
        )
    return "\n".join(lines)


def check_table(checked: Sequence[Checked]) -> str:
    """Return the model beside real runs."""
    lines = [
        "| workers | queues | load | messages/s | servers, measured | model | off | Redis, measured | model | off "
        "| repeats apart |",
        "|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in checked:
        run = each.run
        lines.append(
            f"| {run.workers} | {run.shards} | {run.load.name} | {run.messages / run.seconds:,.0f} | "
            f"{1000 * run.busy:.1f} ms | {1000 * each.busy:.1f} ms | {each.error:+.0%} | "
            f"{1000 * run.redis_busy:.1f} ms | {1000 * each.redis_busy:.1f} ms | {each.redis_error:+.0%} | "
            f"{each.apart:.0%} |"
        )
    return "\n".join(lines)


def cost_table(costs: UnitCosts) -> str:
    """Return the unit costs."""
    half = 1000 * costs.half_cold
    named = (
        ("a worker at rest, in a second; with each further queue", "worker_rest", "shard_rest"),
        (f"a read of the bus; after a long sleep more (half of it after {half:g} ms)", "turn", "turn_cold"),
        ("an intake, where there are several workers", "intake", ""),
        ("a message that is handled; each further tick in it", "decode", "quote"),
        ("a message that is left aside", "skip", ""),
        ("to wake the other thread for clients; after a long sleep more", "crossing", "crossing_cold"),
        ("a tick that is drawn for clients; a frame to one client", "wanted", "frame"),
        ("to store a quote", "save", ""),
        ("a user who comes; an idle connection, in a second", "connection", "idle"),
        ("Redis at rest, in a second; for each worker", "redis_rest", "redis_worker_rest"),
        (
            f"Redis: a push; after a long rest more (half of it after {1000 * costs.redis_half_cold:g} ms)",
            "redis_push",
            "redis_push_cold",
        ),
        ("Redis: an intake; a worker's read", "redis_intake", "redis_turn"),
        ("Redis: an entry that is added; read by one worker", "redis_entry", "redis_read"),
        ("Redis: a quote that is stored; a user who comes", "redis_save", "redis_user"),
        ("Redis: an entry for a replica; in the replica", "redis_copied", "replica_entry"),
    )
    rows = [f"| {title} | {'; '.join(_micros(costs, each) for each in names if each)} |" for title, *names in named]
    travels = f"{costs.entry_bytes:.0f}; {costs.delivery_bytes:.0f} bytes"
    rows.append(f"| an entry to one reader; a tick to one client | {travels} |")
    return "| what | processor time |\n|---|---:|\n" + "\n".join(rows)


def _micros(costs: UnitCosts, name: str) -> str:
    value = getattr(costs, name)
    return f"{value:,.0f} µs" if value >= 100 else f"{value:.3g} µs"


def throughput_table(found: Mapping[str, float]) -> str:
    """Return messages a second of one queue and of two."""
    named = (
        ("Redis: from the list to the bus, one queue", "moved_1_queue", "moved_1_queue"),
        ("two queues in the same Redis", "moved_2_queues", "moved_1_queue"),
        ("two queues, a Redis each", "moved_2_queues_2_redis", "moved_1_queue"),
        ("one worker reads a backlog of one queue", "read_1_queues", "read_1_queues"),
        ("of two queues", "read_2_queues", "read_1_queues"),
    )
    rows = [f"| {title} | {found[name]:,.0f} | {found[name] / found[base]:.2f} |" for title, name, base in named]
    return "| | messages/s | of one queue |\n|---|---:|---:|\n" + "\n".join(rows)


def panels(costs: UnitCosts, bounds: Bounds) -> Panels:
    """Return the points of the chart: by panel and line, users and a value. A line ends where no design is enough."""
    shown: Panels = {"workers": {}, "core-hours a day": {}}
    for title, rows in variants(costs, bounds, between()):
        carried = [(row.size.users, row.design, row.loads) for row in rows if row.design and row.loads]
        shown["workers"][title] = [(users, design.installations * design.workers) for users, design, _ in carried]
        shown["core-hours a day"][title] = [(users, load.cores * HOURS) for users, _, load in carried]
    return shown


def between() -> list[Size]:
    """Return sizes of numbers of users up to the greatest, on the lines between those of the table."""
    top = SIZES[-1].users
    users = [top >> step for step in range(DOUBLINGS)][::-1]
    return [_size(number) for number in users]


def _size(users: int) -> Size:
    low, high = next((low, high) for low, high in pairwise(SIZES) if users <= high.users or high is SIZES[-1])
    part = (users - low.users) / (high.users - low.users)

    def at(name: str) -> float:
        return float(getattr(low, name) + part * (getattr(high, name) - getattr(low, name)))

    return Size(f"{users:,}", users, at("quotes"), at("deliveries"), round(at("names")), at("arrivals"))
