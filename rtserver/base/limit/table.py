"""Table of the limits against abuse: their names.

One table holds all of them, so that ``/metrics`` shows every limit from the start. Only the websocket thread counts.
"""

from enum import StrEnum

from tcelib.limit.table import DoorLimit

HEAD_SECONDS = 10.0
"""Time for the whole head of a request, and for its body. No browser takes longer."""


class Limit(StrEnum):
    """Names of the limits; the same as the setting's, where there is one."""

    CONNECTIONS_PER_IP = DoorLimit.CONNECTIONS_PER_IP
    CONNECTIONS_PER_USER = "connections_per_user"
    HANDSHAKES_PER_IP = DoorLimit.HANDSHAKES_PER_IP
    HANDSHAKES = DoorLimit.HANDSHAKES
    REQUESTS_PER_IP = DoorLimit.REQUESTS_PER_IP
    REQUESTS = DoorLimit.REQUESTS
    PENDING_PER_IP = DoorLimit.PENDING_PER_IP
    PENDING = DoorLimit.PENDING
    FILES = DoorLimit.FILES
    MEMORY = DoorLimit.MEMORY
    OUTBOXES = DoorLimit.OUTBOXES
    MESSAGES = "messages"
    FLOOD = "flood"
    CALLS = DoorLimit.CALLS
    BYTES = DoorLimit.BYTES
    USER_CPU = "user_cpu_ms"
    JSON_DEPTH = "json_depth"
    JSON_NUMBERS = "json_numbers"
    CHARTS_PER_CONNECTION = "charts_per_connection"
    CHARTS_PER_USER = "charts_per_user"
    TOPICS_PER_CONNECTION = "topics_per_connection"
    TOPICS_PER_USER = "topics_per_user"
    PICTURES_PER_USER = "pictures_per_user"
