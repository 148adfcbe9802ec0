"""What a check finds, and how bad it is."""

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """What one check says of one thing."""

    verdict: Verdict
    subject: str
    detail: str
