"""Subscribers with a rate, and the merged update that waits for them. Pure.

``pacer`` decides when it is sent.
"""

from typing import Protocol

from rtserver.base.bridge.message import Update
from rtserver.user.topic.merged_update import MergedUpdate
from rtserver.user.topic.subscriber import Subscribers

MOST_ROWS = 1000
"""Bound of one update's rows, for memory and for the frame's size. A full update leaves early, because leaving rows
out would cost every subscriber a new picture."""


class Pacing(Protocol):
    """The part of ``Pacer`` that a class uses."""

    def expect(self, rate_class: "RateClass") -> None:
        """Release the class when it is due."""

    def release(self, rate_class: "RateClass") -> None:
        """Release the class now."""

    def forget(self, rate_class: "RateClass") -> None:
        """Do not release the class."""


class RateClass(Subscribers):
    """The subscribers of a group who get at most one update in ``interval`` seconds.

    The next update may leave from the time ``ready`` on. ``tick`` belongs to the pacer and is None while nothing
    waits.
    """

    __slots__ = ("_merged", "_pacer", "interval", "ready", "tick")

    def __init__(self, group: Subscribers, rate: float, pacer: Pacing) -> None:
        super().__init__(group.key, group.draw)
        self.interval = 1 / rate
        self.ready = 0.0
        self.tick: int | None = None
        self._pacer = pacer
        self._merged = MergedUpdate()

    @property
    def is_waiting(self) -> bool:
        """True if an update waits."""
        return len(self._merged) > 0

    def hold(self, update: Update) -> None:
        """Merge an update with what waits, and send it when it is due."""
        if not self.kinds:
            return
        self._merged.add(update)
        if len(self._merged) < MOST_ROWS:
            self._pacer.expect(self)
        else:
            self._pacer.release(self)

    def settle(self) -> None:
        """Send what waits now: before a subscriber joins who has seen it, or leaves who has not."""
        if self._merged:
            self._pacer.release(self)

    def take(self) -> Update:
        """Return what waited as one update."""
        return self._merged.take()

    def end(self) -> None:
        """Drop what waits, after the last subscriber has gone."""
        self._merged.clear()
        self._pacer.forget(self)
