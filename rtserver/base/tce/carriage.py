"""Ways in which packets travel on connections of different kinds. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rtserver.base.tce.framing import packet_frames


class Carriage(NamedTuple):
    """Way of packets on the connections of one kind."""

    is_framed: bool
    """True if each packet is a WebSocket message of its own, which was counted as a call when it came. On a bare
    stream packets may be compressed (TCE protocol, section 1.1)."""

    takes_messages: bool
    """True if messages of the server go as packets, too. The client may choose their index and their encoding."""

    join: Callable[[Sequence[bytes]], bytes]
    """Makes the bytes of a write of packets."""


BESIDE_TEXT = Carriage(is_framed=True, takes_messages=False, join=packet_frames)
"""A browser's WebSocket, whose messages are text frames."""
FRAMED = Carriage(is_framed=True, takes_messages=True, join=packet_frames)
"""A WebSocket that asked for TCE."""
STREAM = Carriage(is_framed=False, takes_messages=True, join=b"".join)
"""A TCP socket."""
