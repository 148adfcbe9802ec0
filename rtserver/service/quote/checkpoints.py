"""Checkpoints: states of the indicators of a series, to go back to when a late tick has changed bars. Pure."""

from collections import deque
from typing import NamedTuple

from rtserver.market.number import Number
from rtserver.service.quote.bar_maker import NEVER
from rtserver.service.quote.cell_maker import CellState

CHECKPOINTS = 4
"""Checkpoints in the time by which ticks may be late."""


class Checkpoint(NamedTuple):
    """State of the indicators before the bar that begins at ``begin_ms``."""

    begin_ms: Number
    state: CellState


class Checkpoints:
    """The last checkpoint before all bars that a tick may still change, and those behind it.

    A tick may be ``late_ms`` older than the newest one. The next checkpoint ``is_due`` some time behind the last.
    """

    __slots__ = ("_due", "_kept", "_late_ms")

    def __init__(self, late_ms: int) -> None:
        self._late_ms = late_ms
        self._kept: deque[Checkpoint] = deque()
        self._due: Number = NEVER

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def first_ms(self) -> Number:
        """The begin of the bar behind the first checkpoint, of which there is one."""
        return self._kept[0].begin_ms

    def is_due(self, begin: Number) -> bool:
        """Return True if a checkpoint is to be kept before the bar that begins at a time."""
        return begin >= self._due

    def keep(self, begin: Number, state: CellState, *, is_first: bool) -> None:
        """Keep a checkpoint before a bar, which ``is_first`` if no bar comes before it."""
        kept = self._kept
        kept.append(Checkpoint(NEVER if is_first else begin, state))
        self._set_due()
        while len(kept) > 1 and kept[1].begin_ms <= begin - self._late_ms:
            kept.popleft()

    def clear(self) -> None:
        """Drop all."""
        self._kept.clear()
        self._due = NEVER

    def begin_before(self, changed: Number) -> Number | None:
        """Return the begin of the last checkpoint at or before a time, or None."""
        return next((each.begin_ms for each in reversed(self._kept) if each.begin_ms <= changed), None)

    def back_to(self, begin: Number) -> CellState:
        """Return the state of the checkpoint that begins at a time. Drop those behind it."""
        while self._kept[-1].begin_ms > begin:
            self._kept.pop()
        self._set_due()
        return self._kept[-1].state

    def _set_due(self) -> None:
        self._due = self._kept[-1].begin_ms + self._late_ms / CHECKPOINTS
