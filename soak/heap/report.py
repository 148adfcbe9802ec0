"""Judge whether a browser's memory has grown over several readings. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MEGABYTE = 1_000_000
MOST_GROWTH = MEGABYTE // 4
"""Bytes that the page's own objects may have grown by from the first third of a run to the last: chance."""
MOST_BROWSER_GROWTH = MEGABYTE
"""The same of the browser's objects, which it gives back in its own time."""
MOST_NODES = 300
"""Nodes that were dropped and are still being given back, at one reading more of them than at another."""


@dataclass(frozen=True)
class HeapReading:
    """Memory of a page after forced collections: bytes of its objects, of V8's code and of the browser's, and counts.

    Code grows for as long as V8 compiles anew what runs often, and shrinks when it throws that away. No page leaks
    it.
    """

    minute: float
    page_bytes: int
    code_bytes: int
    browser_bytes: int
    nodes: int
    listeners: int
    messages: int


def thirds(readings: Sequence[HeapReading]) -> tuple[Sequence[HeapReading], Sequence[HeapReading]]:
    """The first and the last third, at least one reading each."""
    size = max(1, len(readings) // 3)
    return readings[:size], readings[-size:]


def growth(readings: Sequence[HeapReading]) -> dict[str, int]:
    """Return by name how far the median of the last third is above that of the first."""
    first, last = thirds(readings)
    names = ("page_bytes", "code_bytes", "browser_bytes", "nodes", "listeners")
    return {
        name: round(median(getattr(one, name) for one in last) - median(getattr(one, name) for one in first))
        for name in names
    }


def complaints(readings: Sequence[HeapReading]) -> list[str]:
    """Return the reasons why the run has failed; none where it has not."""
    if len(readings) < 3:
        return ["too short to tell: fewer than three readings after the warm-up"]
    grown = growth(readings)
    found = []
    for name, most in (("page_bytes", MOST_GROWTH), ("browser_bytes", MOST_BROWSER_GROWTH)):
        if grown[name] > most:
            found.append(f"{name} grew by {grown[name] / MEGABYTE:.1f} MB")
    limits = {"nodes": MOST_NODES, "listeners": 0}
    found += [f"{name} grew by {grown[name]}" for name, limit in limits.items() if grown[name] > limit]
    return found


def row(reading: HeapReading) -> str:
    """One line of a Markdown table."""
    sizes = (reading.page_bytes, reading.code_bytes, reading.browser_bytes)
    megabytes = " | ".join(f"{size / MEGABYTE:.2f}" for size in sizes)
    counts = f"{reading.nodes} | {reading.listeners} | {reading.messages:,}"
    return f"| {reading.minute:.1f} | {megabytes} | {counts} |"


HEAD = (
    "| minute | the page's objects, MB | V8's code, MB | browser's objects, MB | nodes | listeners | messages |\n"
    "|---:|---:|---:|---:|---:|---:|---:|"
)
