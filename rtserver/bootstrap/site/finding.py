"""What a check finds, and how bad it is."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """What one check says of one thing."""

    severity: Severity
    subject: str
    detail: str
