"""When the classes of a rate are sent what waits for them: all of them on one timer.

Decides that a lone update leaves at once and the ones behind it wait for their time, and that all whose time comes
within a hundredth of a second leave together: so that the timer rings a hundred times a second at most, however many
classes there are. There is no timer while nothing waits. The time is the event loop's, and passed in as ``Timing``.
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
    """A callback that is to come."""

    def cancel(self) -> None:
        """Let it not come."""


class Timing(Protocol):
    """Where time comes from: an ``asyncio`` event loop is one."""

    def time(self) -> float:
        """Seconds, of a clock that does not go back."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> Alarm:
        """Call it then."""


class Pacer:
    """``on_due`` is called with a class when it is to be sent what waits for it."""

    def __init__(self, timing: Timing, on_due: Callable[[RateClass], object]) -> None:
        self._timing = timing
        self._on_due = on_due
        self._slots: dict[int, dict[RateClass, None]] = {}
        self._ticks: list[int] = []  # those of the slots, as a heap
        self._waiting = 0
        self._alarm: Alarm | None = None
        self._alarm_tick = 0

    def __len__(self) -> int:
        """How many classes wait for their time."""
        return self._waiting

    def expect(self, rate_class: RateClass) -> None:
        """Release it as soon as it is due: now, if the last time is long enough ago."""
        if rate_class.tick is not None:
            return
        now = self._timing.time()
        if rate_class.ready <= now:
            self._send(rate_class, now)
        else:
            self._put(rate_class, ceil(rate_class.ready / TICK_SECONDS))

    def release(self, rate_class: RateClass) -> None:
        """Release it now; the next time is a whole interval later."""
        self.forget(rate_class)
        self._send(rate_class, self._timing.time())

    def forget(self, rate_class: RateClass) -> None:
        """Do not release it. The last one that waited takes the timer along."""
        if rate_class.tick is None:
            return
        slot = self._slots.get(rate_class.tick, {})
        slot.pop(rate_class, None)  # in its own turn it has been taken out already
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
        # What is due is taken out first: sending may put more in, or end connections and with them classes.
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
            # Counted from when it was due, not from when the timer rang: otherwise the fast ones would be late by a
            # tick each time.
            self._send(rate_class, tick * TICK_SECONDS)
        except BaseException:
            log.exception("! an update of %r could not be sent", rate_class.key)
