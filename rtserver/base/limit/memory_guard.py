"""When there is no memory for newcomers, and when those who read too slowly have to go. Pure.

Decides from two numbers, looked at every second or so: what the process has in RAM, and what waits to be sent to all
clients. Newcomers are refused first. Whoever is here stays, unless what waits is too much, or memory grows on.
"""

from typing import NamedTuple

RELIEF = 0.95
"""Newcomers come in again below this share of the limit, not just below it: else every other one would."""

NEAR = 0.1
"""The share of its bound from which on what waits is counted at every look."""


class MemoryBounds(NamedTuple):
    """In bytes; 0 is no bound. ``resident`` is of the process, ``outboxes`` of what waits for all clients."""

    resident: int = 0
    outboxes: int = 0


class MemoryGuard:
    """``is_full``: let nobody in. ``reason`` says why, as far as a client should know."""

    def __init__(self, bounds: MemoryBounds) -> None:
        self.bounds = bounds
        self.resident = 0
        self.waiting = 0
        self.is_full = False

    @property
    def reason(self) -> str:
        """Empty while there is room."""
        return "the server has no memory left for more connections" if self.is_full else ""

    @property
    def is_near(self) -> bool:
        """Whether so much waits that it should be counted again soon."""
        return self.is_full or self.waiting > self.bounds.outboxes * NEAR

    @property
    def detail(self) -> str:
        """For operators."""
        limit = f" of {self.bounds.resident >> 20}" if self.bounds.resident else ""
        return f"{self.resident >> 20}{limit} MB, {self.waiting >> 20} MB of it wait for clients"

    def look(self, resident: int, waiting: int) -> int:
        """Take the numbers of this moment; how many of the waiting bytes have to go."""
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
