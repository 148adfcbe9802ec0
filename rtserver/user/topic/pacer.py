"""Timer of all rate classes.

A lone update leaves at once; later ones wait for the end of the interval. Classes that are due within the same
hundredth of a second leave together, so the timer fires at most a hundred times a second for any number of classes.
There is no timer while nothing waits. The event loop's time is passed in as ``Timing``.
"""

import logging
from collections.abc import Callable
from heapq import heappop, heappush
from math import ceil
from typing import Protocol

from rtserver.user.topic.rate_class import RateClass

log = logging.getLogger(__name__)

TICK_SECONDS = 0.01


class Alarm(Protocol):
    """A scheduled callback."""

    def cancel(self) -> None:
        """Cancel the callback."""


class Timing(Protocol):
    """A source of time, such as an ``asyncio`` event loop."""

    def time(self) -> float:
        """Return monotonic seconds."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> Alarm:
        """Schedule a callback."""


class Pacer:
    """Calls ``on_due`` with each class when its updates are due."""

    def __init__(self, timing: Timing, on_due: Callable[[RateClass], object]) -> None:
        self._timing = timing
        self._on_due = on_due
        self._slots: dict[int, dict[RateClass, None]] = {}
        self._ticks: list[int] = []  # keys of _slots, as a heap
        self._waiting = 0
        self._alarm: Alarm | None = None
        self._alarm_tick = 0

    def __len__(self) -> int:
        """Return the number of waiting classes."""
        return self._waiting

    def expect(self, rate_class: RateClass) -> None:
        """Release a class as soon as it is due, which may be now."""
        if rate_class.tick is not None:
            return
        now = self._timing.time()
        if rate_class.ready <= now:
            self._send(rate_class, now)
        else:
            self._put(rate_class, ceil(rate_class.ready / TICK_SECONDS))

    def release(self, rate_class: RateClass) -> None:
        """Release a class now. Its next time is a whole interval later."""
        self.forget(rate_class)
        self._send(rate_class, self._timing.time())

    def forget(self, rate_class: RateClass) -> None:
        """Stop waiting for a class. The last one takes the timer with it."""
        if rate_class.tick is None:
            return
        slot = self._slots.get(rate_class.tick, {})
        slot.pop(rate_class, None)  # absent if it is released from _turn
        rate_class.tick = None
        self._waiting -= 1
        if not self._waiting:
            self._slots.clear()
            self._ticks.clear()
            self._disarm()

    def _put(self, rate_class: RateClass, tick: int) -> None:
        rate_class.tick = tick
        self._waiting += 1
        if tick not in self._slots:
            self._slots[tick] = {}
            heappush(self._ticks, tick)
        self._slots[tick][rate_class] = None
        self._arm()

    def _send(self, rate_class: RateClass, when: float) -> None:
        rate_class.ready = when + rate_class.interval
        self._on_due(rate_class)

    def _arm(self) -> None:
        tick = self._ticks[0]
        if self._alarm is not None and self._alarm_tick <= tick:
            return
        self._disarm()
        self._alarm_tick = tick
        self._alarm = self._timing.call_at(tick * TICK_SECONDS, self._turn)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _turn(self) -> None:
        self._alarm = None
        now = self._timing.time()
        # Due classes are taken out first: sending may add some, or end connections and their classes.
        while self._ticks and self._ticks[0] * TICK_SECONDS <= now:
            tick = heappop(self._ticks)
            for rate_class in self._slots.pop(tick):
                if rate_class.tick == tick:
                    self._take_turn(rate_class, tick)
        if self._ticks:
            self._arm()

    def _take_turn(self, rate_class: RateClass, tick: int) -> None:
        rate_class.tick = None
        self._waiting -= 1
        try:
            # Counted from the due time and not from now: otherwise fast classes would be late by a tick each time.
            self._send(rate_class, tick * TICK_SECONDS)
        except BaseException:
            log.exception("! an update of %r could not be sent", rate_class.key)
