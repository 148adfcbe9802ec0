"""Bounded send queue of one client.

Decides who is slow and what a slow client still gets. Up to ``mark`` bytes everything waits in order. Past the mark
the client lags: of the frames that carry a key only the newest per key survives, frames without a key must all
arrive. When all has been sent, it lags no more.

More than ``hard`` bytes wait only for a client whose socket takes bytes; whether it does, the connection knows. What
one turn of the event loop has piled up is no sign that a client is slow. ``BURST`` times ``hard`` is the end for
everybody: memory is bounded whatever the client does.

Pure: no socket, no clock. ``take`` gives the bytes for one write, ``sent`` says that the system has them all.
"""

from collections.abc import Hashable
from enum import Enum, auto


class PushResult(Enum):
    """What a push did.

    ``QUEUED``: nothing special. ``LAGS``: the client lags from now on. ``FULL``: the frame was not queued, as more
    than ``hard`` bytes would wait. ``TOO_LARGE``: it was not, and could never be, whatever the client reads.
    """

    QUEUED = auto()
    LAGS = auto()
    FULL = auto()
    TOO_LARGE = auto()


QUEUED = PushResult.QUEUED  # the usual one, without looking the member up in its enum at every push

BURST = 8
"""How many times ``hard`` may wait for a client whose socket takes bytes."""

WRITE_BYTES = 262_144
"""Of one write, if more waits: frames are shared by their receivers, a write is a copy of one client's own."""


class Outbox:
    """The frames of one connection. ``size`` counts every byte that waits here or was taken and is not yet sent.

    ``frames`` and ``limit`` are open for ``fan_out``: while ``size`` stays within ``limit``, to append is to push.
    """

    __slots__ = ("_hard", "_late", "_mark", "_taken", "conflated", "frames", "limit", "size")

    def __init__(self, mark: int = 262_144, hard: int = 2_097_152) -> None:
        self._mark = mark
        self._hard = hard
        self._taken = 0
        self._late: dict[Hashable, bytes] = {}
        self.frames: list[bytes] = []
        self.limit = mark
        self.size = 0
        self.conflated = 0

    @property
    def is_lagging(self) -> bool:
        """Whether the client has yet to catch up."""
        return self.limit < 0

    @property
    def is_over(self) -> bool:
        """Whether so much waits that the socket has to take bytes, or the client is given up."""
        return self.size > self._hard

    def push(self, frame: bytes, key: Hashable | None = None) -> PushResult:
        """Queue a frame. One with a ``key`` may be replaced by a newer one of that key while the client lags."""
        size = self.size + len(frame)
        if size <= self.limit:
            self.frames.append(frame)
            self.size = size
            return QUEUED
        return self._push_late(frame, key)

    def push_over(self, frame: bytes, key: Hashable | None = None) -> bool:
        """Queue a frame that was refused as ``FULL``; whether there is room for it even so."""
        return self._push_late(frame, key, BURST * self._hard) is not PushResult.FULL

    def take(self) -> bytes:
        """The bytes of the next write: all that waits, or some of it if it is much; empty if nothing waits.

        To be followed by ``sent``.
        """
        frames = self.frames
        if len(frames) == 1 and not self._late:
            data = frames[0]
            frames.clear()
        elif self.size - self._taken <= WRITE_BYTES:
            data = b"".join((*frames, *self._late.values()))
            self._late.clear()
            frames.clear()
        else:
            data = self._take_some()
        self._taken += len(data)
        return data

    def sent(self) -> bool:
        """Note that all that was taken has left; whether this ended a lag."""
        self.size -= self._taken
        self._taken = 0
        if self.size or self.limit >= 0:
            return False
        self.limit = self._mark
        return True

    def shut(self) -> None:
        """Let nothing more be appended behind what waits: the last frame is among it."""
        self.limit = self._mark = -1

    def discard(self) -> None:
        """Forget what waits. What was taken is on its way and stays counted."""
        self.frames.clear()
        self._late.clear()
        self.size = self._taken

    def _take_some(self) -> bytes:
        """The oldest frames, up to ``WRITE_BYTES``, and one at least. What stays can still be replaced."""
        frames, late = self.frames, self._late
        count = size = 0
        for frame in frames:
            if count and size + len(frame) > WRITE_BYTES:
                break
            count += 1
            size += len(frame)
        taken = frames[:count]
        del frames[:count]
        if not frames:
            for key in tuple(late):
                if taken and size + len(late[key]) > WRITE_BYTES:
                    break
                size += len(late[key])
                taken.append(late.pop(key))
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def _push_late(self, frame: bytes, key: Hashable | None, most: int = 0) -> PushResult:
        """``most`` bytes may wait; 0 are ``hard``."""
        if len(frame) > self._hard:
            return PushResult.TOO_LARGE
        # A key of its own keeps a frame without one from being replaced; the dict keeps the order of arrival.
        key = object() if key is None else key
        replaced = self._late.get(key, b"")
        size = self.size + len(frame) - len(replaced)
        if size > (most or self._hard):
            return PushResult.FULL
        if replaced:
            # The newest takes its place at the end: it may speak of what came in between.
            del self._late[key]
            self.conflated += 1
        self._late[key] = frame
        self.size = size
        if self.is_lagging:
            return PushResult.QUEUED
        self.limit = -1  # every push takes the late way until all has been sent
        return PushResult.LAGS
