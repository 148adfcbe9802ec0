"""Heartbeats and deadlines of many connections on one timer (a hashed timing wheel; Varghese and Lauck, 1987).

Pure: the time is passed in. To arm, cancel or move a deadline costs the same however many there are, and a turn
touches only those that are due. A deadline is met late by at most one tick, never early.
"""

from collections.abc import Callable, Iterator
from math import ceil

Callback = Callable[[], object]


class Timer:
    """Armed deadline. ``cancel`` is final, and harmless after the timer has fired."""

    __slots__ = ("_callback", "_slot", "due_tick")

    def __init__(self, due_tick: int, callback: Callback, slot: "set[Timer]") -> None:
        self.due_tick = due_tick
        self._callback: Callback | None = callback
        self._slot = slot
        slot.add(self)

    def cancel(self) -> None:
        """Do not fire any more."""
        self._callback = None
        self._slot.discard(self)

    def take(self) -> Callback | None:
        """Disarm the timer, and return its callback. None if it has been cancelled."""
        callback, self._callback = self._callback, None
        self._slot.discard(self)
        return callback


class TimerWheel:
    """Wheel of ``slots`` buckets of ``tick`` seconds each. Long deadlines go round more than once."""

    def __init__(self, now: float, tick: float = 0.25, slots: int = 256) -> None:
        self.tick = tick
        self._start = now
        self._turned = 0
        self._slots: list[set[Timer]] = [set() for _ in range(slots)]

    def __len__(self) -> int:
        return sum(len(slot) for slot in self._slots)

    def arm(self, now: float, delay: float, callback: Callback) -> Timer:
        """Call ``callback`` from the first ``advance`` that is at least ``delay`` seconds from ``now``."""
        due = max(ceil((now + delay - self._start) / self.tick), self._turned + 1)
        return Timer(due, callback, self._slots[due % len(self._slots)])

    def advance(self, now: float) -> Iterator[Callback]:
        """Yield the callbacks that are due by ``now`` in the order of their ticks, each disarmed when its turn comes.

        One callback may cancel another that is due as well. The iterator has to be exhausted.
        """
        target = int((now - self._start) / self.tick)
        due: list[Timer] = []
        # After a long pause one lap sees every slot; a second lap would find nothing more.
        for turn in range(self._turned + 1, min(target, self._turned + len(self._slots)) + 1):
            due += [timer for timer in self._slots[turn % len(self._slots)] if timer.due_tick <= target]
        self._turned = max(self._turned, target)
        due.sort(key=lambda timer: timer.due_tick)
        for timer in due:
            callback = timer.take()
            if callback is not None:
                yield callback
