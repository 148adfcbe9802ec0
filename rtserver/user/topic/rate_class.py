"""Members who want fewer updates than there are, and what waits for them. Pure.

Decides how updates become one: their rows in order, none left out but the earlier states of a bar that is still
growing. When they are sent is ``pacer``'s business.
"""

from typing import Protocol

from rtserver.base.bridge.message import Update
from rtserver.user.topic.merged_update import MergedUpdate
from rtserver.user.topic.subscriber import Subscribers

MOST_ROWS = 1000
"""Of one update. Memory has to end somewhere, and so has a frame: a client's outbox has a budget. To leave rows out
would cost a picture for everyone, so the update leaves early."""


class Pacing(Protocol):
    """The part of a pacer that a class needs."""

    def expect(self, rate_class: "RateClass") -> None:
        """Release it when it is due; it is asked for once until then."""

    def release(self, rate_class: "RateClass") -> None:
        """Release it now."""

    def forget(self, rate_class: "RateClass") -> None:
        """Do not release it."""


class RateClass(Subscribers):
    """The members of a group who get at most one update in ``interval`` seconds.

    ``ready`` is the time from which on the next one may be sent, ``tick`` the pacer's: None while nothing waits.
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
        """Whether there is something to be sent."""
        return bool(self._merged.rows)

    def hold(self, update: Update) -> None:
        """Send it when it is time; together with what waits already."""
        if not self.kinds:
            return
        self._merged.add(update)
        if len(self._merged.rows) < MOST_ROWS:
            self._pacer.expect(self)
        else:
            self._pacer.release(self)

    def settle(self) -> None:
        """Send what waits now, before somebody comes who has seen it, or goes who has not."""
        if self._merged.rows:
            self._pacer.release(self)

    def take(self) -> Update:
        """All that waited, as one update."""
        return self._merged.take()

    def end(self) -> None:
        """The last member has gone: what waits is nobody's."""
        self._merged.clear()
        self._pacer.forget(self)
