"""Finding: the result of a check, and its severity."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """Result of one check about one subject."""

    severity: Severity
    subject: str
    detail: str
