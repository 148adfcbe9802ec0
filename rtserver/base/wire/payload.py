"""A message for many: made into a frame once for each kind of connection that somebody has it sent to.

Connections of one kind share a *framing*: the function from a payload to the bytes that go on the wire. A WebSocket's
is a text frame, of a client that inflates a compressed one. Pure.
"""

from collections.abc import Callable
from typing import TypeAlias

Framing: TypeAlias = Callable[[bytes], bytes]


class Payload:
    """``data`` is the message; the same bytes for whoever gets it. It must not be changed by a framing."""

    __slots__ = ("_frames", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._frames: dict[Framing, bytes] = {}

    def framed(self, framing: Framing) -> bytes:
        """The message as that kind of connection sends it: the same object every time."""
        frame = self._frames.get(framing)
        if frame is None:
            frame = self._frames[framing] = framing(self.data)
        return frame
