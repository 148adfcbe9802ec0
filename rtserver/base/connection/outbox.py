"""Bounded send queue of one client.

Decides which client lags and what it still gets. Up to ``mark`` bytes all frames wait in order. Past the mark the
client lags: of the frames with a key only the newest per key survives, frames without a key must all arrive. When
all has been sent, the client lags no more.

More than ``hard`` bytes wait only for a client whose socket takes bytes, which the connection knows. A pile of one
turn of the event loop is no sign of a slow client. ``BURST`` times ``hard`` is the end in any case: memory is bounded
whatever the client does.

Pure: no socket, no clock. ``take`` gives the bytes for one write, ``sent`` notes that the system has them all.
"""

from collections.abc import Hashable
from enum import Enum, auto


class PushResult(Enum):
    """Result of a push.

    ``QUEUED``: the frame waits. ``LAGS``: it waits, and the client lags from now on. ``FULL``: it was not queued,
    because more than ``hard`` bytes would wait. ``TOO_LARGE``: it was not, and could never be.
    """

    QUEUED = auto()
    LAGS = auto()
    FULL = auto()
    TOO_LARGE = auto()


QUEUED = PushResult.QUEUED  # the usual one, without looking the member up in its enum at every push

BURST = 8
"""Multiple of ``hard`` that may wait for a client whose socket takes bytes."""

WRITE_BYTES = 262_144
"""Size of one write, if more waits. Receivers share frames, but a write is a copy for one client."""


class Outbox:
    """Frames of one connection. ``size`` counts every byte that waits here or was taken and is not sent yet.

    ``frames`` and ``limit`` are open for ``fan_out``: while ``size`` stays within ``limit``, appending is pushing.
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
        """True until the client has caught up."""
        return self.limit < 0

    @property
    def is_over(self) -> bool:
        """True while so much waits that a client whose socket takes no bytes is given up."""
        return self.size > self._hard

    def push(self, frame: bytes, key: Hashable | None = None) -> PushResult:
        """Queue a frame. A newer frame with the same ``key`` may replace it while the client lags."""
        size = self.size + len(frame)
        if size <= self.limit:
            self.frames.append(frame)
            self.size = size
            return QUEUED
        return self._push_late(frame, key)

    def push_over(self, frame: bytes, key: Hashable | None = None) -> bool:
        """Queue a frame that was refused as ``FULL``. Return whether there was room for it even so."""
        return self._push_late(frame, key, BURST * self._hard) is not PushResult.FULL

    def take(self) -> bytes:
        """Return the bytes of the next write: all that waits, or the oldest of much. Empty if nothing waits.

        ``sent`` has to follow.
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

    def take_all(self) -> list[bytes]:
        """Return all frames, and count them as sent. Empty if the client lags, or more waits than one write takes."""
        if self.limit < 0 or self.size > WRITE_BYTES:
            return []
        frames, self.frames = self.frames, []
        self.size = 0
        return frames

    def take_back(self, size: int) -> None:
        """Count ``size`` bytes of ``take_all`` as taken only. ``sent`` has to follow."""
        self._taken = size
        self.size += size

    def sent(self) -> bool:
        """Note that all bytes that were taken have left. Return whether this ended a lag."""
        self.size -= self._taken
        self._taken = 0
        if self.size or self.limit >= 0:
            return False
        self.limit = self._mark
        return True

    def shut(self) -> None:
        """Let ``fan_out`` append nothing more: the last frame is among those that wait."""
        self.limit = self._mark = -1

    def discard(self) -> None:
        """Drop all frames that wait. Bytes that were taken are on their way and stay counted."""
        self.frames.clear()
        self._late.clear()
        self.size = self._taken

    def _take_some(self) -> bytes:
        """Return the oldest frames, up to ``WRITE_BYTES``, and one at least. The others can still be replaced."""
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
        """Queue a frame of a client that lags. ``most`` bytes may wait; 0 stands for ``hard``."""
        if len(frame) > self._hard:
            return PushResult.TOO_LARGE
        # A unique key keeps a frame without a key from being replaced; the dict keeps the order of arrival.
        key = object() if key is None else key
        replaced = self._late.get(key, b"")
        size = self.size + len(frame) - len(replaced)
        if size > (most or self._hard):
            return PushResult.FULL
        if replaced:
            # The newest frame goes to the end: it may refer to frames that came in between.
            del self._late[key]
            self.conflated += 1
        self._late[key] = frame
        self.size = size
        if self.is_lagging:
            return PushResult.QUEUED
        self.limit = -1  # every push takes the late way until all has been sent
        return PushResult.LAGS
