"""What a browser held at several moments, and whether it has grown. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MEGABYTE = 1_000_000
MOST_GROWTH = MEGABYTE
"""Bytes that the last third of a run may be above the first: code that was compiled meanwhile, and chance."""
MOST_NODES = 300
"""Nodes that were dropped and are still being given back, at one reading more of them than at another."""


@dataclass(frozen=True)
class HeapReading:
    """What a page held after forced collections: bytes of scripts, of the browser's own objects, and counts."""

    minute: float
    script_bytes: int
    browser_bytes: int
    nodes: int
    listeners: int
    messages: int

    @property
    def total_bytes(self) -> int:
        """All of the heap."""
        return self.script_bytes + self.browser_bytes


def thirds(readings: Sequence[HeapReading]) -> tuple[Sequence[HeapReading], Sequence[HeapReading]]:
    """The first and the last third, at least one reading each."""
    size = max(1, len(readings) // 3)
    return readings[:size], readings[-size:]


def growth(readings: Sequence[HeapReading]) -> dict[str, int]:
    """How much the median of the last third is above that of the first, by name."""
    first, last = thirds(readings)
    names = ("script_bytes", "browser_bytes", "total_bytes", "nodes", "listeners")
    return {
        name: round(median(getattr(one, name) for one in last) - median(getattr(one, name) for one in first))
        for name in names
    }


def complaints(readings: Sequence[HeapReading]) -> list[str]:
    """Why the run has failed; nothing where it has not."""
    if len(readings) < 3:
        return ["too short to tell: fewer than three readings after the warm-up"]
    grown = growth(readings)
    found = []
    if grown["total_bytes"] > MOST_GROWTH:
        found.append(f"the heap grew by {grown['total_bytes'] / MEGABYTE:.1f} MB")
    limits = {"nodes": MOST_NODES, "listeners": 0}
    found += [f"{name} grew by {grown[name]}" for name, limit in limits.items() if grown[name] > limit]
    return found


def row(reading: HeapReading) -> str:
    """One line of a Markdown table."""
    script, browser = reading.script_bytes / MEGABYTE, reading.browser_bytes / MEGABYTE
    counts = f"{reading.nodes} | {reading.listeners} | {reading.messages:,}"
    return f"| {reading.minute:.1f} | {script:.2f} | {browser:.2f} | {counts} |"


HEAD = (
    "| minute | scripts, MB | browser's objects, MB | nodes | listeners | messages |\n|---:|---:|---:|---:|---:|---:|"
)
