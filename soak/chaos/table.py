"""Report of a run: a row for each kind of fault, and each broken promise.

Pure: numbers in, text out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from soak.chaos.ledger import Episode, Violation, tell
from soak.chaos.track import Wrong

HEAD = (
    "fault",
    "times",
    "sent",
    "delivered",
    "doubled",
    "handled again",
    "lost",
    "lost by Redis",
    "again by Redis",
    "reordered",
    "longest silence",
)
FIRST_VIOLATIONS = 30


@dataclass
class Row:
    """All episodes of one fault."""

    fault: str
    times: int = 0
    sent: int = 0
    delivered: int = 0
    doubled: int = 0
    repeated: int = 0
    lost: int = 0
    forgotten: int = 0
    again: int = 0
    reordered: int = 0
    silence: float = 0.0

    def add(self, episode: Episode) -> None:
        """Count one more."""
        self.times += 1
        self.sent += episode.sent
        self.delivered += episode.delivered
        self.repeated += episode.repeated
        self.doubled += episode.wrong[Wrong.DOUBLED]
        self.lost += episode.wrong[Wrong.LOST]
        self.forgotten += episode.forgotten
        self.again += len(episode.again)
        self.reordered += episode.wrong[Wrong.REORDERED]
        self.silence = max(self.silence, episode.silence)

    def cells(self) -> tuple[str, ...]:
        """As texts, in the order of ``HEAD``."""
        counts = (self.times, self.sent, self.delivered, self.doubled, self.repeated, self.lost, self.forgotten)
        told = (f"{count:,}" for count in (*counts, self.again, self.reordered))
        return (self.fault, *told, f"{self.silence:.1f} s")


@dataclass
class Result:
    """The whole run. ``troubles`` are broken promises that are not about one message."""

    seed: int
    episodes: list[Episode] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """Where lost messages were seen last."""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Tell whether every promise was kept, and something was tried at all."""
        return bool(self.episodes) and not self.violations and not self.troubles

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        rows = [asdict(row) for row in rows_of(self.episodes)]
        # asdict makes nonsense of a Counter.
        episodes = [
            {**vars(episode), "wrong": dict(episode.wrong), "again": sorted(episode.again)}
            for episode in self.episodes
        ]
        violations = [asdict(violation) for violation in self.violations]
        told = {"episodes": episodes, "violations": violations}
        return {**vars(self), **told, "rows": rows, "is_good": self.is_good}


def rows_of(episodes: Iterable[Episode]) -> list[Row]:
    """One for each fault, by name, and their sum if there is more than one."""
    rows: dict[str, Row] = {}
    total = Row("all")
    for episode in episodes:
        rows.setdefault(episode.fault, Row(episode.fault)).add(episode)
        total.add(episode)
    return [*(rows[name] for name in sorted(rows)), *([total] if len(rows) > 1 else [])]


def draw(episodes: Iterable[Episode]) -> str:
    """The rows as a Markdown table that is fit to be read as text."""
    return align([HEAD, *(row.cells() for row in rows_of(episodes))])


def report(result: Result) -> str:
    """The table, the verdict, and what is behind it."""
    parts = [draw(result.episodes), _verdict(result)]
    if result.facts:
        parts.append("\n".join(f"{name}: {value}" for name, value in result.facts.items()))
    for title, lines in (
        ("Broken promises", tell(result.violations)),
        ("Trouble", result.troubles),
        ("Last seen", result.places),
    ):
        if lines:
            parts.append("\n".join([f"{title}:", *_first(lines)]))
    return "\n\n".join(parts)


def progress(seconds: float, episode: Episode) -> str:
    """One line while it runs."""
    counts = (
        ("sent", episode.sent),
        ("delivered", episode.delivered),
        ("doubled", episode.wrong[Wrong.DOUBLED]),
        ("lost", episode.wrong[Wrong.LOST]),
        *([("lost by Redis", episode.forgotten)] if episode.forgotten else []),
        *([("again by Redis", len(episode.again))] if episode.again else []),
        ("reordered", episode.wrong[Wrong.REORDERED]),
        ("handled again", episode.repeated),
    )
    told = ", ".join(f"{name} {count:,}" for name, count in counts)
    return f"{seconds:5.0f} s  {episode.fault:18} {told}; silence {episode.silence:.1f} s ({episode.silent})"


def _verdict(result: Result) -> str:
    if result.is_good:
        forgotten = sum(episode.forgotten for episode in result.episodes)
        but = f" but what Redis itself lost in failovers ({forgotten:,} messages)" if forgotten else ""
        return f"Seed {result.seed}: nothing lost{but}, nothing doubled, everything in order."
    if not result.episodes:
        return f"Seed {result.seed}: nothing was tried."
    return f"Seed {result.seed}: {len(result.violations) + len(result.troubles)} promises broken."


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - FIRST_VIOLATIONS
    shown = [f"  {line}" for line in lines[:FIRST_VIOLATIONS]]
    return [*shown, f"  and {more} more"] if more > 0 else shown


def align(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, whose first row is its head, in columns: names at the left, numbers at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = (cell.ljust(width) if not i else cell.rjust(width) for i, (cell, width) in _columns(cells))
        return f"| {' | '.join([first, *others])} |"

    def _columns(cells: Sequence[str]) -> Iterable[tuple[int, tuple[str, int]]]:
        return enumerate(zip(cells, widths, strict=True))

    rule = "|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths)) + "|"
    head, *body = rows
    return "\n".join([line(head), rule, *map(line, body)])
