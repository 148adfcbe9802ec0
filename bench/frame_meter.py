"""The ``Meter`` for connections whose messages may be compressed: frames are counted, since no mark can be seen.

It takes a Python step for every frame, so it is for a sample of the connections. Frames have to be followed from the
handshake on: ``rests`` holds what each connection has begun, and goes from one meter to the next.
"""

import time
import zlib
from collections.abc import Container

from bench.meter import Meter
from rtserver.bench.client.mark import STAMP

COMPRESSED = 0x40  # RFC 7692, section 6: the first reserved bit
HEAD_BYTES = 256  # of a message, in which its stamp is


class FrameMeter(Meter):
    """Counts frames, and those that are ``compressed``. Of each read of ``sampled`` ones the last message has its age
    looked at.
    """

    def __init__(self, rests: dict[int, bytes], sampled: Container[int] = ()) -> None:
        super().__init__(sampled)
        self._rests = rests

    def on_bytes(self, number: int, data: bytes) -> None:
        """Take what the connection with that file number brought."""
        self.size += len(data)
        data = self._rests.pop(number, b"") + data
        position, last = 0, (0, 0, 0)
        while (frame := maybe_frame(data, position)) is not None:
            self.deliveries += 1
            self.compressed += data[position] & COMPRESSED != 0
            position, last = frame[1], (position, *frame)
        if position and number in self.sampled:
            self._read_stamp(data[last[0]], data[last[1] : last[2]])
        if position < len(data):
            self._rests[number] = data[position:]

    def _read_stamp(self, first: int, payload: bytes) -> None:
        if first & COMPRESSED:
            payload = zlib.decompressobj(-15).decompress(payload, HEAD_BYTES)
        stamp = STAMP.search(payload, 0, HEAD_BYTES)
        if stamp is not None:
            self.seconds.append((time.monotonic_ns() - int(stamp[1])) / 1e9)


def maybe_frame(data: bytes, position: int) -> tuple[int, int] | None:
    """Return begin and end of the payload of the server's frame at ``position``; None while it is not whole."""
    if len(data) - position < 2:
        return None
    start, length = position + 2, data[position + 1]
    if length >= 126:
        start += 2 if length == 126 else 8
        length = int.from_bytes(data[position + 2 : start], "big")
    return (start, start + length) if start + length <= len(data) else None
