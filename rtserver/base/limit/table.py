"""Table of the limits against abuse: their names, their counts, and the numbers for admission.

One table holds all of them, so that ``/metrics`` shows every limit from the start. Only the websocket thread counts.
"""

from enum import StrEnum
from typing import NamedTuple

HEAD_SECONDS = 10.0
"""Time for the whole head of a request, and for its body. No browser takes longer."""


class Limit(StrEnum):
    """Names of the limits; the same as the setting's, where there is one."""

    CONNECTIONS_PER_IP = "connections_per_ip"
    CONNECTIONS_PER_USER = "connections_per_user"
    HANDSHAKES_PER_IP = "handshakes_per_ip"
    HANDSHAKES = "handshakes"
    REQUESTS_PER_IP = "requests_per_ip"
    REQUESTS = "requests"
    PENDING_PER_IP = "pending_per_ip"
    PENDING = "pending"
    FILES = "spare_files"
    MEMORY = "memory"
    OUTBOXES = "outboxes"
    MESSAGES = "messages"
    FLOOD = "flood"
    CALLS = "calls"
    BYTES = "bytes"
    USER_CPU = "user_cpu_ms"
    JSON_DEPTH = "json_depth"
    JSON_NUMBERS = "json_numbers"
    CHARTS_PER_CONNECTION = "charts_per_connection"
    CHARTS_PER_USER = "charts_per_user"
    TOPICS_PER_CONNECTION = "topics_per_connection"
    TOPICS_PER_USER = "topics_per_user"
    PICTURES_PER_USER = "pictures_per_user"


class LimitCounts:
    """Count of the times each limit was met. ``counts`` has every limit from the start."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[str, int] = {str(limit): 0 for limit in Limit}

    def note(self, limit: Limit, count: int = 1) -> None:
        """Count a limit that was met ``count`` more times."""
        self.counts[limit] += count


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
