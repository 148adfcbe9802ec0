"""Findings: mistakes in a configuration file, each with its place, reported all at once."""

from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

MOST_FINDINGS = 1_000
LONGEST_QUOTE = 80
M = TypeVar("M")


class Place(NamedTuple):
    """Line and column of a file, both counted from 1."""

    line: int
    column: int


class Severity(StrEnum):
    """A file with an error is not used; with warnings it is."""

    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """One mistake, as a sentence about the file."""

    place: Place
    severity: Severity
    text: str

    def __str__(self) -> str:
        return f"{self.place.line}:{self.place.column}: {self.severity}: {self.text}"


class Reading(NamedTuple, Generic[M]):
    """Result of reading a file. ``model`` is None if one of the findings is an error."""

    model: M | None
    findings: tuple[Finding, ...]


class Findings:
    """Collects the findings of one file; those behind the first ``MOST_FINDINGS`` are counted only."""

    def __init__(self) -> None:
        self.has_errors = False
        self._found: list[Finding] = []
        self._left_out = 0

    def error(self, place: Place, text: str) -> None:
        """Add a finding with which the file cannot be used."""
        self.has_errors = True
        self._add(Finding(place, Severity.ERROR, text))

    def warn(self, place: Place, text: str) -> None:
        """Add a finding with which the file is used."""
        self._add(Finding(place, Severity.WARNING, text))

    def reading(self, model: M) -> Reading[M]:
        """Return what was found, in the order of the file, with ``model`` if the file can be used."""
        found = sorted(self._found)
        if self._left_out:
            severity = Severity.ERROR if self.has_errors else Severity.WARNING
            found.append(Finding(found[-1].place, severity, f"and {self._left_out} findings more"))
        return Reading(None if self.has_errors else model, tuple(found))

    def _add(self, finding: Finding) -> None:
        if len(self._found) < MOST_FINDINGS:
            self._found.append(finding)
        else:
            self._left_out += 1


def quoted(text: str) -> str:
    """Return the text of a file as a finding quotes it: printable, and not too long."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}...")
