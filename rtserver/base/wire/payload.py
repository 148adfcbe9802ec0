"""Message for many receivers, framed once for each kind of connection. Pure.

Connections of one kind share a *framing*: the function from a payload to the bytes on the wire. For a WebSocket it
makes a text frame, for a client that inflates a compressed one.
"""

from collections.abc import Callable
from typing import TypeAlias

Framing: TypeAlias = Callable[[bytes], bytes]


class Payload:
    """Message whose bytes, ``data``, all receivers share. No framing may change them."""

    __slots__ = ("_frames", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._frames: dict[Framing, bytes] = {}

    def framed(self, framing: Framing) -> bytes:
        """Return the frame of the message for one framing: the same object every time."""
        frame = self._frames.get(framing)
        if frame is None:
            frame = self._frames[framing] = framing(self.data)
        return frame
