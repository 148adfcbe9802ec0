"""DirectPushes: where many workers share a queue, the one that keeps tells each of what is for users who are there.

A worker that is told posts such a message before the bus brings it (``early_pushes``), so the reader of the bus may
keep a longer pace. The registry says which worker has whom; what it says wrongly costs time and nothing else.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from rtserver.base.queue.port import START, QueueError, QueuePort
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import HOLD_SECONDS

COUNT_SECONDS = 5.0
"""Between two looks how many workers there are."""
REST_SECONDS = 1.0
WAIT_SECONDS = 1.0
PACE_SECONDS = 0.005
MOST_HINTS = 500

log = logging.getLogger(__name__)


class PacedReader(Protocol):
    """The reader of the bus."""

    is_relieved: bool

    def hear_of(self, offset: str) -> None:
        """Note that the bus has had an entry at ``offset``."""

    def hurry(self) -> None:
        """End a long pause."""


class DirectPushes:
    """The part of one worker, on the service thread. It tells others, or is told, where at least ``least`` workers
    share the queue; 0 for never.

    ``workers`` asks the registry for the leases of all, ``own_lease`` returns that of this one, 0 while there is
    none. ``rest`` waits for seconds, and ``on_stop`` ends that wait; so does ``pause``, which nothing ends.
    """

    def __init__(
        self,
        handler: PushUserMsgHandler,
        queue: QueuePort,
        link: QueueLink,
        workers: Callable[[], Sequence[int]],
        *,
        least: int,
        rest: Callable[[float], object],
        on_stop: Callable[[], object],
        pause: Callable[[float], object],
        now: Callable[[], float],
    ) -> None:
        self._handler = handler
        self._queue = queue
        self._link = link
        self._workers = workers
        self._least = least
        self._rest = rest
        self._on_stop = on_stop
        self._pause = pause
        self._now = now
        self._counted_at = float("-inf")
        self._is_over = False
        self._lease, self._after = 0, START
        self._leases: Sequence[int] = ()
        self.own_lease: Callable[[], int] = lambda: 0
        self.must_hold: Callable[[], bool] = lambda: False
        self.reader: PacedReader | None = None

    @property
    def is_on(self) -> bool:
        """True if there are enough workers."""
        return bool(self._leases)

    def look(self) -> None:
        """Count the workers now and then, and see to it that those are told who should be. Raises ``QueueError`` at
        the server's end.
        """
        if not self._least:
            return
        if self._now() - self._counted_at >= COUNT_SECONDS:
            self._counted_at = self._now()
            leases = self._workers()
            self._leases = leases if len(leases) >= self._least else ()
        own = self.own_lease()
        others = () if self._handler.is_choosing else tuple(each for each in self._leases if each != own)
        self._handler.tell_directly(others)

    def run(self) -> None:
        """Follow this worker's stream while there is one, until stopped."""
        try:
            while not self._is_over:
                self.follow()
        except QueueError:
            if not self._link.is_ending:
                raise

    def stop(self) -> None:
        """End ``run`` soon."""
        self._is_over = True
        self._on_stop()

    def follow(self) -> None:
        """Read once, or rest."""
        lease = self.own_lease() if self._leases and self._handler.is_choosing else 0
        if self.reader is not None:
            self.reader.is_relieved = bool(lease)
        if not lease:
            self._rest(REST_SECONDS)
            return
        if lease != self._lease:
            self._lease, self._after = lease, START
        hints = self._link.call(self._queue.hints, lease, self._after, MOST_HINTS, WAIT_SECONDS)
        if not hints:
            return
        self._after = hints[-1].id
        while self.must_hold():
            self._pause(HOLD_SECONDS)
        if self.reader is not None:
            self.reader.hear_of(self._after)
        self._handler.on_hints(hints)
        if len(hints) < MOST_HINTS:
            self._pause(PACE_SECONDS)
