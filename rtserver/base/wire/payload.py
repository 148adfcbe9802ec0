"""Message for many receivers, framed once for each kind of connection. Pure.

Connections of one kind share a *framing*: the function from a payload to the bytes on the wire. For a WebSocket it
makes a text frame, for a client that inflates a compressed one.
"""

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

log = logging.getLogger(__name__)

Framing: TypeAlias = Callable[[bytes], bytes]


def frames_of(framing: Framing, messages: Iterable[bytes]) -> list[bytes]:
    """Return a frame for each message. One that cannot be framed is logged and left out: the others must arrive."""
    frames = []
    for message in messages:
        try:
            frames.append(framing(message))
        except Exception:
            log.exception("! a message of %d bytes could not be framed", len(message))
    return frames


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
