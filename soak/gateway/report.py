"""Report of a run: a row for each kind of fault, and each broken promise. Pure: numbers in, text out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from soak.chaos.table import align
from soak.gateway.account import LOST, OK, OVERDUE, OWN, Episode
from tcelib.error import NAMES

HEAD = ("fault", "times", "calls", "answered", "failed", "pushes", "longest wait", "well after")
FIRST_VIOLATIONS = 30
CODES = {
    LOST: "with their connection",
    OWN: "by their own deadline, on a connection that hung",
    OVERDUE: "too late",
}


@dataclass
class Result:
    """The whole run. ``troubles`` are what ended it early."""

    seed: int
    episodes: list[Episode] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Tell whether every promise was kept, and something was tried at all."""
        return bool(self.episodes) and not self.violations and not self.troubles


def report(result: Result) -> str:
    """Return the table, the verdict, and what is behind it."""
    parts = [table(result.episodes), _verdict(result)]
    parts.append("\n".join(f"{name}: {value}" for name, value in result.facts.items()))
    for title, lines in (("Broken promises", result.violations), ("Trouble", result.troubles)):
        if lines:
            more = len(lines) - FIRST_VIOLATIONS
            told = [f"  {line}" for line in lines[:FIRST_VIOLATIONS]]
            parts.append("\n".join([f"{title}:", *told, *([f"  and {more} more"] if more > 0 else [])]))
    return "\n\n".join(part for part in parts if part)


def table(episodes: Iterable[Episode]) -> str:
    """Return a row for each kind of fault, and their sum."""
    kinds: dict[str, list[Episode]] = {}
    for episode in episodes:
        kinds.setdefault(episode.fault, []).append(episode)
    rows = [_row(name, kinds[name]) for name in sorted(kinds)]
    every = [episode for name in kinds for episode in kinds[name]]
    return align([HEAD, *rows, *([_row("all", every)] if len(rows) > 1 else [])])


def failures(episodes: Iterable[Episode]) -> dict[str, int]:
    """Return the number of failed calls by cause, the most frequent first."""
    causes = sum((episode.outcomes for episode in episodes), Counter())
    return {cause_of(cause): count for cause, count in causes.most_common() if cause != OK}


def cause_of(outcome: str) -> str:
    """Return the name of an outcome."""
    return CODES.get(outcome) or f"{outcome} {NAMES.get(int(outcome), '')}".strip()


def progress(seconds: float, episode: Episode) -> str:
    """Return one line while it runs."""
    failed = ", ".join(f"{count:,} {name}" for name, count in failures([episode]).items())
    return (
        f"{seconds:5.0f} s  {episode.fault:18} {episode.outcomes[OK]:,} answered, {failed or 'none failed'}; "
        f"longest wait {episode.longest:.1f} s, well after {episode.recovery:.1f} s"
    )


def _row(name: str, episodes: list[Episode]) -> tuple[str, ...]:
    calls = sum(episode.outcomes.total() for episode in episodes)
    answered = sum(episode.outcomes[OK] for episode in episodes)
    pushes = sum(episode.pushes for episode in episodes)
    counts = (len(episodes), calls, answered, calls - answered, pushes)
    longest = max(episode.longest for episode in episodes)
    recovery = max(episode.recovery for episode in episodes)
    return (name, *(f"{count:,}" for count in counts), f"{longest:.1f} s", f"{recovery:.1f} s")


def _verdict(result: Result) -> str:
    if result.is_good:
        return (
            f"Seed {result.seed}: every call ended in time, no answer was another's, no order ran twice, "
            "every push arrived."
        )
    if not result.episodes:
        return f"Seed {result.seed}: nothing was tried."
    return f"Seed {result.seed}: {len(result.violations) + len(result.troubles)} promises broken."
