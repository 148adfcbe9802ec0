"""What waits to be sent to one client: bounded bytes, whatever the client does.

Decides who is slow and what a slow client still gets. Up to ``mark`` bytes everything waits in order. Past the mark
the client lags: of the frames that carry a key only the newest per key survives, frames without a key must all
arrive, and a client for whom more than ``hard`` bytes wait is given up. When all has been sent, it lags no more.

Pure: no socket, no clock. ``take`` gives the bytes for one write, ``sent`` says that the system has them all.
"""

from collections.abc import Hashable
from enum import Enum, auto


class Verdict(Enum):
    """What a push did to the client: nothing special, made it lag, or was one too many and not queued.

    ``TOO_LARGE`` is a frame that could never be queued, whatever the client reads.
    """

    QUEUED = auto()
    LAGS = auto()
    TOO_SLOW = auto()
    TOO_LARGE = auto()


QUEUED = Verdict.QUEUED  # the usual one, without looking the member up in its enum at every push


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

    def push(self, frame: bytes, key: Hashable | None = None) -> Verdict:
        """Queue a frame. One with a ``key`` may be replaced by a newer one of that key while the client lags."""
        size = self.size + len(frame)
        if size <= self.limit:
            self.frames.append(frame)
            self.size = size
            return QUEUED
        return self._push_late(frame, key)

    def take(self) -> bytes:
        """Everything that waits, as the bytes of one write; empty if nothing does. To be followed by ``sent``."""
        frames = self.frames
        if len(frames) == 1 and not self._late:
            data = frames[0]
        else:
            data = b"".join((*frames, *self._late.values()))
            self._late.clear()
        frames.clear()
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

    def _push_late(self, frame: bytes, key: Hashable | None) -> Verdict:
        # A key of its own keeps a frame without one from being replaced; the dict keeps the order of arrival.
        if len(frame) > self._hard:
            return Verdict.TOO_LARGE
        key = object() if key is None else key
        replaced = self._late.get(key, b"")
        size = self.size + len(frame) - len(replaced)
        if size > self._hard:
            return Verdict.TOO_SLOW
        if replaced:
            # The newest takes its place at the end: it may speak of what came in between.
            del self._late[key]
            self.conflated += 1
        self._late[key] = frame
        self.size = size
        if self.is_lagging:
            return Verdict.QUEUED
        self.limit = -1  # every push takes the late way until all has been sent
        return Verdict.LAGS
