"""Bounds of the broker: what one client, one queue and all of them together may take."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Sizes are in bytes, times in seconds. What exceeds a bound is refused with the bound's number."""

    queue_messages: int = 100_000
    queue_bytes: int = 64 * 1024 * 1024
    nodes: int = 1_000
    connections: int = 1_000
    sessions: int = 16
    """Sessions of one connection."""
    links: int = 256
    """Links of one connection."""
    message_bytes: int = 4 * 1024 * 1024
    parts_bytes: int = 64 * 1024 * 1024
    """Parts of messages that are under way, of all connections."""
    frame_bytes: int = 64 * 1024
    window: int = 500
    """Messages that a sender may have on their way."""
    open_seconds: float = 10.0
    """From the connection to AMQP's open."""
    idle_seconds: float = 60.0
    """Silence after which a client counts as dead."""


OUTGOING_BYTES = 256 * 1024
"""Bytes of one client that wait to be sent: what is more stays in its queue, where others may get it."""
