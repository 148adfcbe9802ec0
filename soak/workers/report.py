"""Report of a run: what happened to connections and messages, and what of it must not be. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from soak.chaos.track import Wrong

GREETED, SENT_ON = "greeted", "sent on by a worker that leaves"
ORDERLY = (GREETED, SENT_ON)
"""Orderly outcomes of an attempt; all others are failures."""
MOST_BACK_SECONDS = 2.0
MOST_OVER_MEAN = 1.1
FAIR_FROM = 100
"""Connections of a worker, in the mean, from which on its share is judged: a few are not spread evenly."""


@dataclass
class Report:
    """Results. Seconds count from the kill, or from the signal to renew.

    ``back`` has the seconds until each client that was lost had everything again. ``failed`` counts attempts of
    clients that failed, ``knocks`` how newcomers fared. ``spent`` is processor time until the last one was back.
    """

    play: str
    workers: int
    clients: int
    bound: float = MOST_BACK_SECONDS
    lost: int = 0
    """Clients that lost their connection, some of them more than once in a renewal."""
    ends: int = 0
    """Connections that ended."""
    unclosed: int = 0
    """Those of them that ended without a close frame."""
    back: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    knocks: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    delivered: int = 0
    wrong: Mapping[Wrong, int] = field(default_factory=dict)
    resumes_lost: int = 0
    spread: dict[str, Mapping[int, int]] = field(default_factory=dict)
    """Connections by worker, at moments with a name."""
    calm: Mapping[str, float] = field(default_factory=dict)
    """Processor time before, as ``spent`` has it."""
    spent: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def faults(self) -> list[str]:
        """Return what must not be, each in a sentence; nothing if all is well."""
        return [*self._message_faults(), *self._connection_faults(), *self._spread_faults()]

    def _message_faults(self) -> Iterator[str]:
        if not self.sent:
            yield "nothing was sent"
        for wrong, number in self.wrong.items():
            if number:
                yield f"{number:,} messages were {wrong}"
        if self.resumes_lost:
            yield f"{self.resumes_lost:,} clients could not resume"

    def _connection_faults(self) -> Iterator[str]:
        if not self.lost:
            yield "no client lost its connection"
        if len(self.back) < self.lost:
            yield f"{self.lost - len(self.back):,} of {self.lost:,} clients did not come back"
        if self.play == "kill":
            if self.back and max(self.back) > self.bound:
                yield f"the last client was back after {max(self.back):.2f} s, more than {self.bound:g}"
            return
        if self.unclosed:
            yield f"{self.unclosed:,} connections were reset"
        for outcome, number in (self.failed + self.knocks).items():
            if outcome not in ORDERLY:
                yield f"{number:,} attempts failed: {outcome}"

    def _spread_faults(self) -> Iterator[str]:
        for moment, counts in self.spread.items():
            if mean(counts) >= FAIR_FROM and over_mean(counts) > MOST_OVER_MEAN:
                yield f"{moment}, the worst worker had {over_mean(counts):.2f} times the mean"


def mean(counts: Mapping[int, int]) -> float:
    """Return the mean of connections."""
    return sum(counts.values()) / max(1, len(counts))


def over_mean(counts: Mapping[int, int]) -> float:
    """Return the connections of the fullest worker in those of the mean."""
    return max(counts.values(), default=0) / max(1.0, mean(counts))


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile; 0 of nothing."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def text_of(report: Report) -> str:
    """Return it in words."""
    parts = [
        f"{report.play}: {report.clients:,} clients, {report.workers} workers, {report.seconds:.1f} s",
        f"clients lost       {report.lost:,}; {report.ends:,} connections, {report.unclosed:,} without a close frame",
        f"back with all      {len(report.back):,}: p50 {percentile(report.back, 0.5):.2f} s, "
        f"p99 {percentile(report.back, 0.99):.2f} s, the last {max(report.back, default=0.0):.2f} s",
        f"failed attempts    {_told(report.failed)}",
        f"newcomers          {_told(report.knocks)}",
        f"messages           {report.sent:,} sent, {report.delivered:,} delivered to all, "
        + ", ".join(f"{report.wrong.get(wrong, 0):,} {wrong}" for wrong in Wrong),
    ]
    parts += [
        f"connections {moment}: {_by_worker(counts)}; the most are {over_mean(counts):.3f} of the mean"
        for moment, counts in report.spread.items()
    ]
    parts += [
        f"processor time {when}: " + ", ".join(f"{who} {time:.2f} s" for who, time in spent.items())
        for when, spent in (("before", report.calm), ("until all were back", report.spent))
        if spent
    ]
    faults = report.faults()
    return "\n".join([*parts, "", *(faults or ["All is as it should be."])])


def _by_worker(counts: Mapping[int, int]) -> str:
    return ", ".join(f"{counts[position]:,}" for position in sorted(counts))


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in counts.most_common()) or "none"
