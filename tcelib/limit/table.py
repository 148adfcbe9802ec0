"""Table of the limits of new connections: their names, their counts, and their numbers."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class DoorLimit(StrEnum):
    """Names of the limits that a connection meets whoever its user is."""

    CONNECTIONS = "connections"
    CONNECTIONS_PER_IP = "connections_per_ip"
    HANDSHAKES_PER_IP = "handshakes_per_ip"
    HANDSHAKES = "handshakes"
    REQUESTS_PER_IP = "requests_per_ip"
    REQUESTS = "requests"
    PENDING_PER_IP = "pending_per_ip"
    PENDING = "pending"
    FILES = "spare_files"
    MEMORY = "memory"
    OUTBOXES = "outboxes"
    CALLS = "calls"
    BYTES = "bytes"


class LimitCounts:
    """Count of the times each limit was met. ``counts`` has every one of ``limits`` from the start, others since
    they were met first."""

    __slots__ = ("counts",)

    def __init__(self, limits: Iterable[str] = DoorLimit) -> None:
        self.counts: dict[str, int] = {str(limit): 0 for limit in limits}

    def note(self, limit: str, count: int = 1) -> None:
        """Count a limit that was met ``count`` more times."""
        self.counts[limit] = self.counts.get(limit, 0) + count


class AdmissionLimits(NamedTuple):
    """Limits of admission. Rates are per second; 0 is no limit."""

    connections_per_ip: int = 0
    handshakes_per_ip: float = 0
    handshakes: float = 0
    pending_per_ip: int = 0
    pending: int = 0
    files: int = 0
    """The highest number of an open file that a new connection may have."""
    requests_per_ip: float = 0
    requests: float = 0
    """The last two are rates of plain HTTP."""
