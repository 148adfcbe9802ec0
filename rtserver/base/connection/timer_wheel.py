"""Heartbeats and deadlines of many connections on one timer (a hashed timing wheel; Varghese and Lauck, 1987).

Pure: the time is passed in. Arming, cancelling and moving a deadline cost the same however many there are, and a turn
touches only what is due. Deadlines are met late by at most one tick, never early.
"""

from collections.abc import Callable, Iterator
from math import ceil

Callback = Callable[[], object]


class Timer:
    """One armed deadline. ``cancel`` is final, and harmless once it has fired."""

    __slots__ = ("_callback", "_slot", "due_tick")

    def __init__(self, due_tick: int, callback: Callback, slot: "set[Timer]") -> None:
        self.due_tick = due_tick
        self._callback: Callback | None = callback
        self._slot = slot
        slot.add(self)

    @property
    def is_armed(self) -> bool:
        """Whether it has neither fired nor been cancelled."""
        return self._callback is not None

    def cancel(self) -> None:
        """Never fire."""
        self._callback = None
        self._slot.discard(self)

    def take(self) -> Callback | None:
        """The callback, disarmed."""
        callback, self._callback = self._callback, None
        self._slot.discard(self)
        return callback


class TimerWheel:
    """Deadlines in ``slots`` buckets of ``tick`` seconds each; longer ones simply go round more than once."""

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
        """The callbacks that are due by ``now``, in the order of their ticks, each disarmed when its turn comes.

        One of them may cancel another that is due as well. To be exhausted.
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
