"""Verdict on memory: refuse new connections, and give up clients that read too slowly. Pure.

Decides from two numbers, taken about every second: the process's memory in RAM, and the bytes that wait for all
clients. New connections are refused first. Open ones stay, unless too many bytes wait or memory grows on.
"""

from typing import NamedTuple

RELIEF = 0.95
"""New connections are let in again below this share of the limit. Just below it, every other one would be refused."""

NEAR = 0.1
"""The share of its bound from which on the waiting bytes are counted at every look."""


class MemoryBounds(NamedTuple):
    """Bounds in bytes, 0 for none: of the process's memory in RAM, and of the bytes that wait for all clients."""

    resident: int = 0
    outboxes: int = 0


class MemoryGuard:
    """State of the process's memory. While ``is_full``, new connections are refused."""

    def __init__(self, bounds: MemoryBounds) -> None:
        self.bounds = bounds
        self.resident = 0
        self.waiting = 0
        self.is_full = False

    @property
    def reason(self) -> str:
        """Reason for a client that is refused; empty while there is room."""
        return "the server has no memory left for more connections" if self.is_full else ""

    @property
    def is_near(self) -> bool:
        """True if so many bytes wait that they should be counted again soon."""
        return self.is_full or self.waiting > self.bounds.outboxes * NEAR

    @property
    def detail(self) -> str:
        """Numbers for operators."""
        limit = f" of {self.bounds.resident >> 20}" if self.bounds.resident else ""
        return f"{self.resident >> 20}{limit} MB, {self.waiting >> 20} MB of it wait for clients"

    def look(self, resident: int, waiting: int) -> int:
        """Take the numbers of this moment. Return how many of the waiting bytes have to be dropped."""
        is_growing = resident > self.resident
        was_full = self.is_full
        self.resident, self.waiting = resident, waiting
        share = RELIEF if was_full else 1.0
        self.is_full = _is_over(resident, self.bounds.resident, share) or _is_over(
            waiting, self.bounds.outboxes, share
        )
        excess = waiting - self.bounds.outboxes if self.bounds.outboxes else 0
        if was_full and is_growing and _is_over(resident, self.bounds.resident, 1.0):
            excess = max(excess, resident - self.bounds.resident)
        return max(0, min(excess, waiting))


def _is_over(value: int, bound: int, share: float) -> bool:
    return 0 < bound * share < value
