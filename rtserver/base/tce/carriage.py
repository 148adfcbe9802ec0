"""Ways in which packets travel on connections of different kinds. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from rtserver.base.tce.framing import packet_frames


class Carriage(NamedTuple):
    """How packets travel on the connections of one kind."""

    is_framed: bool
    """Whether each packet is a WebSocket message of its own, which was counted as a call when it came. On a bare
    stream packets may be compressed (TCE protocol, section 1.1)."""

    takes_messages: bool
    """Whether messages of the server go as packets, too: by an index and in texts that the client may choose."""

    def join(self, packets: Sequence[bytes]) -> bytes:
        """Return the bytes that carry the packets."""
        return packet_frames(packets) if self.is_framed else b"".join(packets)


BESIDE_TEXT = Carriage(is_framed=True, takes_messages=False)
"""A browser's WebSocket, whose messages are text frames."""
FRAMED = Carriage(is_framed=True, takes_messages=True)
"""A WebSocket that asked for TCE."""
STREAM = Carriage(is_framed=False, takes_messages=True)
"""A TCP socket."""
