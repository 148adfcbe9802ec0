"""A gateway's ``/metrics``, as ``rtserver gateway stats`` reads and shows it. Pure.

Times are read off classes six in a decade, and are exact to about a fifth.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from prometheus_client.parser import text_string_to_metric_families

from rtserver.base.wire.printable import printable
from rtserver.bootstrap.command.text_table import table

PREFIX = "tce_gateway_"
HEADINGS = ("INTERFACE", "OPERATION", "CALLS", "ONE-WAY", "ERRORS", "IN FLIGHT", "P50", "P99")
NUMBERS = range(2, 8)
Name: TypeAlias = tuple[str, str]
Buckets: TypeAlias = dict[float, float]
Key = TypeVar("Key")


class NoGatewayError(Exception):
    """The page is not that of a gateway."""


@dataclass
class Operation:
    """Counts of one operation. ``errors`` are by errcode, ``buckets`` count answers up to a number of seconds."""

    calls: float = 0
    one_way: float = 0
    in_flight: float = 0
    errors: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    buckets: Buckets = field(default_factory=lambda: defaultdict(float))


@dataclass
class Page:
    """All of a gateway's counts. ``refused`` and ``dropped`` are by reason, ``clients`` by endpoint."""

    operations: dict[Name, Operation] = field(default_factory=lambda: defaultdict(Operation))
    refused: dict[str, float] = field(default_factory=dict)
    dropped: dict[str, float] = field(default_factory=dict)
    clients: dict[str, float] = field(default_factory=dict)


def read_page(text: str) -> Page:
    """Return what a page in Prometheus's text format says. Raises ``NoGatewayError``."""
    page, is_gateway = Page(), False
    try:
        for family in text_string_to_metric_families(text):
            is_gateway = is_gateway or family.name.startswith(PREFIX)
            for sample in family.samples:
                _note(page, sample.name.removeprefix(PREFIX), sample.labels, sample.value)
    except (KeyError, ValueError) as error:
        raise NoGatewayError(f"what is there is no page of metrics: {error}") from error
    if not is_gateway:
        raise NoGatewayError("what answers there is no gateway")
    return page


def _note(page: Page, name: str, labels: Mapping[str, str], value: float) -> None:
    if "operation" in labels:
        _note_operation(page.operations[labels["interface"], labels["operation"]], name, labels, value)
    elif name == "refused_total":
        page.refused[labels["reason"]] = value
    elif name == "dropped_total":
        page.dropped[labels["reason"]] = value
    elif name == "clients":
        page.clients[labels["endpoint"]] = value


def _note_operation(operation: Operation, name: str, labels: Mapping[str, str], value: float) -> None:
    if name == "calls_total":
        operation.calls = value
    elif name == "one_way_calls_total":
        operation.one_way = value
    elif name == "calls_in_flight":
        operation.in_flight = value
    elif name == "errors_total":
        operation.errors[labels["code"]] = value
    elif name == "call_seconds_bucket":
        operation.buckets[float(labels["le"])] = value


def lines(page: Page, before: Page | None = None) -> Iterator[str]:
    """Yield the page for people; counts and times are those since the page ``before``, if there is one.

    If the gateway has started anew since then, they are those since its start.
    """
    old = before if before is not None and _goes_on(page, before) else Page()
    rows = [_row(name, now, old.operations.get(name, Operation())) for name, now in sorted(page.operations.items())]
    yield from table(HEADINGS, rows, NUMBERS) if rows else ("no calls yet",)
    yield ""
    yield f"clients    {_counts(page.clients, {})}"
    yield f"refused    {_counts(page.refused, old.refused)}"
    yield f"dropped    {_counts(page.dropped, old.dropped)}"


def percentile(buckets: Mapping[float, float], share: float) -> float:
    """Return the seconds within which this share of the answers came; nan where there are none.

    ``buckets`` count the answers up to so many seconds. Within one, answers are taken to lie evenly. Above the last
    finite bound nothing is known, so infinity.
    """
    ordered = sorted(buckets.items())
    wanted = share * ordered[-1][1] if ordered else 0.0
    if not wanted > 0:
        return math.nan
    low, under = 0.0, 0.0
    for bound, count in ordered:
        if count >= wanted:
            return bound if math.isinf(bound) else low + (bound - low) * (wanted - under) / (count - under)
        low, under = bound, count
    return math.inf


def _goes_on(page: Page, before: Page) -> bool:
    """Return false if some count is less than before: the counts of a gateway that goes on never fall."""
    if _has_fallen(page.refused, before.refused) or _has_fallen(page.dropped, before.dropped):
        return False
    for name, old in before.operations.items():
        now = page.operations.get(name, Operation())
        if now.calls < old.calls or now.one_way < old.one_way:
            return False
        if _has_fallen(now.errors, old.errors) or _has_fallen(now.buckets, old.buckets):
            return False
    return True


def _has_fallen(now: Mapping[Key, float], before: Mapping[Key, float]) -> bool:
    return any(now.get(key, 0) < count for key, count in before.items())


def _row(name: Name, now: Operation, before: Operation) -> tuple[str, ...]:
    buckets = {bound: count - before.buckets.get(bound, 0) for bound, count in now.buckets.items()}
    return (
        *map(printable, name),
        _whole(now.calls - before.calls),
        _whole(now.one_way - before.one_way),
        _errors(now.errors, before.errors),
        _whole(now.in_flight),
        _seconds(percentile(buckets, 0.5)),
        _seconds(percentile(buckets, 0.99)),
    )


def _errors(now: Mapping[str, float], before: Mapping[str, float]) -> str:
    counts = {code: count - before.get(code, 0) for code, count in now.items()}
    told = ", ".join(f"{printable(code)}: {_whole(count)}" for code, count in counts.items() if count)
    return f"{_whole(sum(counts.values()))} ({told})" if told else "0"


def _counts(now: Mapping[str, float], before: Mapping[str, float]) -> str:
    counts = {name: count - before.get(name, 0) for name, count in now.items()}
    return ", ".join(f"{printable(name)} {_whole(count)}" for name, count in counts.items() if count) or "-"


def _whole(number: float) -> str:
    return f"{number:,.0f}"


def _seconds(seconds: float) -> str:
    if math.isnan(seconds):
        return "-"
    if math.isinf(seconds):
        return "> 150 s"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
