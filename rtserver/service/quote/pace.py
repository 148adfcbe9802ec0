"""Pace: the times of work that is asked for again and again, such as that for late ticks."""

import time
from collections.abc import Callable

from rtserver.base.limit.cpu_quota import CallLater

LONG_SECONDS = 0.02
"""Processor time of work that others should not wait for twice in a row."""


class Pace:
    """The pace of work that may wait: after it took long, it pauses for as long as it took.

    Ticks of up to a minute are made anew for a late tick, whether one comes or thousands do: with a pause they are
    made anew once. ``now`` is in seconds, ``worked`` the processor time of the thread.
    """

    def __init__(
        self,
        call_later: CallLater,
        *,
        now: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        self._call_later = call_later
        self._now = now
        self._worked = worked
        self._due = 0.0
        self._is_armed = False

    @property
    def is_pausing(self) -> bool:
        """True during a pause."""
        return self._now() < self._due

    def do(self, work: Callable[[], object], later: Callable[[], object]) -> None:
        """Call ``work`` now; during a pause, call ``later`` at its end instead."""
        pause = self._due - self._now()
        if pause <= 0:
            begun = self._worked()
            work()
            took = self._worked() - begun
            self._due = self._now() + took if took >= LONG_SECONDS else 0.0
        elif not self._is_armed:
            self._is_armed = True
            self._call_later(pause, lambda: self._end_pause(later))

    def _end_pause(self, later: Callable[[], object]) -> None:
        self._is_armed = False
        later()
