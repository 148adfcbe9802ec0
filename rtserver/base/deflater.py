"""Frames compressed once for all who get them.

Decides for how long a compressed frame is remembered: what is pushed to many, one after the other (a picture that
everyone asks for after a restart, a notice to all), is the same frame object each time, and is found again. What a
compressed frame looks like is ``wire/deflate.py``'s business.
"""

from collections import OrderedDict

from rtserver.base.wire.deflate import deflate_frame, is_deflatable


class Deflater:
    """The latest frames and their compressed forms, ``kept_bytes`` together at most. There is one per server."""

    def __init__(self, kept_bytes: int = 4_194_304) -> None:
        self._kept_bytes = kept_bytes
        self._deflated: OrderedDict[bytes, bytes] = OrderedDict()
        self.size = 0

    def deflate(self, frame: bytes) -> bytes:
        """The frame to send to a client that inflates: often, but not always, a compressed one."""
        if not is_deflatable(frame):
            return frame
        deflated = self._deflated.get(frame)  # the hash of bytes is worked out once, and kept in them
        if deflated is None:
            deflated = self._remember(frame)
        else:
            self._deflated.move_to_end(frame)
        return deflated

    def _remember(self, frame: bytes) -> bytes:
        deflated = self._deflated[frame] = deflate_frame(frame)
        self.size += len(frame) + len(deflated)
        while self.size > self._kept_bytes:
            self.size -= sum(map(len, self._deflated.popitem(last=False)))
        return deflated
