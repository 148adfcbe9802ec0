"""QueueMemory: watches the memory of the Redis that keeps the queue, and makes room on the bus when it is short.

It decides when memory is short, how much of the bus goes, and when entries go that some reader has not had. It logs
once when that begins, once a minute while it lasts, and once when it is over.
"""

import logging
import time
from collections.abc import Callable

from rtserver.base.queue.bus_bound import bound_of_bus
from rtserver.base.queue.port import Memory, QueueError, QueuePort

LOOK_SECONDS = 0.5
GOAL, NEAR, FULL = 0.75, 0.9, 0.97  # shares of the limit: from NEAR on room is made, down to GOAL
COUNTED_SECONDS = 3600.0  # for which the offset of a reader that is gone holds entries on the bus
PATIENCE_SECONDS = 1.5  # without room, after which entries go that some reader has not had
LOST_AGE = 2.0  # seconds; running readers had time for such entries: offsets are committed every second
TELL_SECONDS, TELL_LOST_SECONDS = 60.0, 5.0
LARGEST_SECONDS = 10.0
REFUSING = (
    "noeviction",
    "",
)  # policies that make a full Redis refuse; with any other it drops keys
MEGABYTE = 1_048_576

log = logging.getLogger(__name__)


class QueueMemory:
    """Watch of one worker. ``bus_bytes`` is the setting of that name; see ``bound_of_bus``. ``queues`` share it.

    ``is_short``: room must be made. ``is_full``: Redis refuses producers and log-ins, or will soon. ``trimmed``
    counts entries of the bus that went for that, ``unread`` those among them that some reader had not had. All of
    them, and ``detail``, may be read from any thread.
    """

    def __init__(
        self,
        queue: QueuePort,
        bus_bytes: int,
        *,
        queues: int = 1,
        pause: Callable[[float], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._bus_bytes = bus_bytes
        self._queues = queues
        self._pause = pause
        self._now = now
        self._short_since: float | None = None
        self._told_at = self._loss_told_at = self._largest_at = float("-inf")
        self._untold = [0, 0]
        self._largest = ""
        self.memory = Memory(0, 0, "", 0)
        self.trimmed = self.unread = 0
        self.is_short = self.is_full = False
        self.detail = "not known yet"

    @property
    def cause(self) -> str:
        """Reason for which messages do not come, if memory is the reason; else empty."""
        return f"Redis has no memory left: {self.detail}" if self.is_full else ""

    def run(self) -> None:
        """Look every half second, for ever. Other loops log that the queue is away."""
        while True:
            try:
                self.look()
            except QueueError as error:
                log.debug("= no look at the queue's memory: %s", error)
            self._pause(LOOK_SECONDS)

    def look(self) -> None:
        """Look once, and act on it. Raises ``QueueError``."""
        memory = self._queue.memory()
        self._queue.bus_bytes = bound_of_bus(self._bus_bytes, memory.most) // self._queues
        self._note(memory)
        if self.is_short:
            self._make_room(memory)
            self._note(self._queue.memory())
            self._tell()
        elif self._short_since is not None:
            self._short_since = None
            self._told_at = self._loss_told_at = float("-inf")
            if self._untold[1]:
                self._tell()
                self._told_at = float("-inf")
            log.info("= Redis has memory again: %s", self.detail)

    def _note(self, memory: Memory) -> None:
        self.memory = memory
        is_limited = memory.most > 0 and memory.policy in REFUSING
        self.is_short = is_limited and memory.used >= NEAR * memory.most
        self.is_full = is_limited and is_full(memory)
        if self.is_short and self._now() - self._largest_at >= LARGEST_SECONDS:
            self._largest_at = self._now()
            self._largest = ", ".join(f"{name} {megabytes(size)}" for name, size in self._queue.largest(3))
        self.detail = detail_of(memory) + (f"; largest: {self._largest}" if self.is_short else "")

    def _make_room(self, memory: Memory) -> None:
        now = self._now()
        if self._short_since is None:
            self._short_since = now
        keep = max(0, memory.bus - int(memory.used - GOAL * memory.most))
        trimmed = self._queue.trim(keep, COUNTED_SECONDS)
        if trimmed.entries:
            self._short_since = now
        elif now - self._short_since >= PATIENCE_SECONDS and would_help(memory):
            trimmed = self._queue.trim(keep, COUNTED_SECONDS, LOST_AGE)
        self.trimmed += trimmed.entries
        self.unread += trimmed.unread
        self._untold[0] += trimmed.entries
        self._untold[1] += trimmed.unread

    def _tell(self) -> None:
        """Log the shortage for the operator of Redis, who must give it memory or take something out."""
        now = self._now()
        entries, unread = self._untold
        is_due = now - self._told_at >= TELL_SECONDS
        is_loss_due = unread and now - self._loss_told_at >= TELL_LOST_SECONDS
        if not (is_due or is_loss_due):
            return
        self._told_at = now
        self._loss_told_at = now if unread else self._loss_told_at
        self._untold = [0, 0]
        log.error(
            "! Redis is short of memory: %s; trimmed %d entries of the bus%s",
            self.detail,
            entries,
            f", {unread} of which a server or a handler had not had: they are lost to it" if unread else "",
        )


def would_help(memory: Memory) -> bool:
    """Return True if Redis would take messages again without any bus. Only then may unread entries go."""
    return is_full(memory) and not is_full(memory._replace(used=memory.used - memory.bus))


def is_full(memory: Memory) -> bool:
    """Return True if Redis refuses what is not small: a message is in its memory twice for a moment."""
    return memory.used >= FULL * memory.most


def detail_of(memory: Memory) -> str:
    """Return a line about the memory that is used, the limit, and the policy beyond it."""
    if not memory.most:
        return f"{megabytes(memory.used)} used, no maxmemory"
    return f"{megabytes(memory.used)} of {megabytes(memory.most)} used ({memory.policy})"


def megabytes(size: int) -> str:
    """Return a number of bytes for people."""
    return f"{size / MEGABYTE:.1f} MB"
