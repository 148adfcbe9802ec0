"""MemoryWatch: compares the process's memory with its bounds every second, and acts on it.

``base.limit.memory_guard`` decides what the numbers mean. This file reads them, refuses new connections while memory
is full, and closes the connections for which most bytes wait.
"""

import asyncio
import ctypes
import logging
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Protocol

from tcelib.limit.memory_guard import MemoryBounds, MemoryGuard

LOOK_SECONDS = 1.0
COUNT_LOOKS = 5
"""While memory is not near its bounds, every fifth look counts the waiting bytes: it walks all connections."""
LINE_SECONDS = 60.0

log = logging.getLogger(__name__)


class Admission(Protocol):
    """The admission of new connections. It refuses all of them while ``full`` holds a reason."""

    full: str


class Connections(Protocol):
    """The part of a server's connections that the watch needs."""

    @property
    def admission(self) -> Admission:
        """Their admission."""

    @property
    def waiting_bytes(self) -> int:
        """The bytes that wait to be sent, of all connections together."""

    def shed(self, excess: int) -> int:
        """Close the connections for which most waits, about ``excess`` bytes in all. Return their number."""

    def now(self) -> float:
        """The time in seconds, of the clock that the connections use."""


class MemoryWatch:
    """The watch of one server. ``resident`` returns the bytes that the process has in RAM."""

    def __init__(self, bounds: MemoryBounds, connections: Connections, resident: Callable[[], int]) -> None:
        self.guard = MemoryGuard(bounds)
        self._connections = connections
        self._resident = resident
        self._last_line = float("-inf")

    async def run(self) -> None:
        """Look every second, until cancelled."""
        for number in count():
            self.look(counts_waiting=self.guard.is_near or number % COUNT_LOOKS == 0)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self, *, counts_waiting: bool = True) -> None:
        """Look once. Without ``counts_waiting`` the number of waiting bytes is taken to be that of the last look."""
        was_full = self.guard.is_full
        must_count = counts_waiting and any(self.guard.bounds)
        waiting = self._connections.waiting_bytes if must_count else self.guard.waiting
        excess = self.guard.look(self._resident(), waiting)
        self._connections.admission.full = self.guard.reason
        closed = self._connections.shed(excess) if excess else 0
        if self.guard.is_full:
            self._log(closed)
        elif was_full:
            log.info("= there is memory again: %s", self.guard.detail)

    def _log(self, closed: int) -> None:
        """Log one line a minute, and give back what the allocator keeps for later."""
        now = self._connections.now()
        if now - self._last_line < LINE_SECONDS:
            return
        self._last_line = now
        log.error("! no memory for new connections: %s; %d slow clients closed just now", self.guard.detail, closed)
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
