"""TimeGate: decides when each tick of a quote was, and which times are impossible.

A number is epoch milliseconds. It is impossible if it is more than ``future_ms`` ahead of the server's clock, or more
than ``late_ms`` older than the newest tick, or than the server's clock if that is the older of the two: a tick that
came minutes too early makes no later one impossible.

A time of day has no date. It is the next moment after the newest tick at which the clock of the exchange shows it,
which may be after midnight, if that is at most ``MOST_STEP_MS`` later, or as much later as the tick has come later.
It is late if the clock steps back by up to ``late_ms``. Any other step is impossible, once: if the next tick agrees
with the refused one, the clock has really jumped. So one wrong tick stops nothing, and a jump costs one tick.
"""

from typing import NamedTuple

import msgspec

from rtserver.market.book.clock_label import ZoneClock
from rtserver.market.book.tick import BadTime
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.day import DAY_MS

HOUR_MS = 3_600_000
MOST_STEP_MS = 8 * HOUR_MS
"""Longest step of a clock that is believed at once: from the end of a day session to the start of a night session."""


class TimeRules(NamedTuple):
    """Bounds of the times that are accepted, in milliseconds."""

    late_ms: int = 60_000
    future_ms: int = 300_000


class TimeState(msgspec.Struct, frozen=True, array_like=True):
    """State of a ``TimeGate``.

    ``newest`` is the newest time that was accepted, ``arrived_ms`` the server's clock at the last tick, ``doubt`` the
    time of day that was refused last, if it has not been believed yet.
    """

    newest: int | float | None = None
    arrived_ms: int = 0
    doubt: int | float | None = None


class TimeGate:
    """The times of one quote. ``day`` is the trading day that the quote's key names; None if it names none."""

    __slots__ = ("_arrived_ms", "_calendar", "_clock", "_day", "_doubt", "_rules", "newest")

    def __init__(self, calendar: Calendar, rules: TimeRules, day: int | None, clock: ZoneClock) -> None:
        self._calendar = calendar
        self._rules = rules
        self._day = day
        self._clock = clock
        self.newest: int | float | None = None
        self._arrived_ms = 0
        self._doubt: int | float | None = None

    @property
    def state(self) -> TimeState:
        """The state for ``restore``."""
        return TimeState(self.newest, self._arrived_ms, self._doubt)

    def restore(self, state: TimeState) -> None:
        """Go on from a state."""
        self.newest, self._arrived_ms, self._doubt = state.newest, state.arrived_ms, state.doubt

    def check(self, time_ms: float, now_ms: int) -> None:
        """Raise ``BadTime`` if a number is an impossible time."""
        if time_ms > now_ms + self._rules.future_ms:
            raise BadTime(
                f"time {time_ms} is {_seconds(time_ms - now_ms)} ahead of the server's clock; "
                f"allowed are {_seconds(self._rules.future_ms)}"
            )
        newest = self.newest
        if newest is not None and time_ms < min(newest, now_ms) - self._rules.late_ms:
            raise BadTime(
                f"time {time_ms} is {_seconds(newest - time_ms)} older than the newest tick; "
                f"allowed are {_seconds(self._rules.late_ms)}"
            )

    def pass_by(self, time_ms: float, now_ms: int) -> None:
        """Note that a tick was accepted."""
        newest = self.newest
        if newest is None or time_ms > newest:
            self.newest = time_ms
        self._arrived_ms = now_ms
        self._doubt = None

    @property
    def settled_ms(self) -> int | float:
        """The moment before which no tick is accepted any more, after the first tick, unless a clock jumps back."""
        assert self.newest is not None, "no tick has come"
        return self._floor(self.newest, self._arrived_ms) - self._rules.late_ms

    def find(self, clock_ms: float, now_ms: int, label: str) -> int | float:
        """Return the moment that a time of day means. Raises ``BadTime`` for a step that is not believed."""
        newest = self.newest
        if newest is None:
            return self._begin(clock_ms, now_ms)
        shown = self._clock.time_of_day(newest)
        found = self._near(newest, (clock_ms - shown) % DAY_MS, now_ms)
        if found is None and self._agrees(clock_ms, now_ms):
            found = self._jump(newest, (clock_ms - shown) % DAY_MS, now_ms)
            self.newest = found
        if found is None:
            self._doubt = clock_ms
            raise BadTime(f'time "{label}" is too far from the last one, which was {self._clock.label(newest)}')
        return found

    def _begin(self, clock_ms: float, now_ms: int) -> int | float:
        if self._day is not None:
            whole = int(clock_ms)
            return self._calendar.clock_time(self._day, whole) + (clock_ms - whole)
        latest = now_ms + self._rules.future_ms
        return self._moved(latest, -((self._clock.time_of_day(latest) - clock_ms) % DAY_MS))

    def _near(self, newest: float, ahead: float, now_ms: int) -> int | float | None:
        """Return the moment of a time of day that is ``ahead`` of the newest, if the step is believed at once."""
        waited = now_ms - self._arrived_ms
        if self._day is None and ahead <= waited + self._rules.future_ms and waited > MOST_STEP_MS:
            # Nights, and whole days, have passed.
            days = max(0, round((waited - ahead) / DAY_MS))
            found = self._moved(newest, ahead + days * DAY_MS)
            if found <= now_ms + self._rules.future_ms:
                return found
        floor = self._floor(newest, now_ms) - self._rules.late_ms
        if ahead and (late := self._moved(newest, ahead - DAY_MS)) >= floor:
            return late
        if ahead > max(MOST_STEP_MS, waited):
            return None
        found = self._moved(newest, ahead)
        return found if self._is_possible(found, now_ms) else None

    def _floor(self, newest: float, now_ms: int) -> int | float:
        # The date in a key may be any: its clock says nothing about the server's.
        return newest if self._day is not None else min(newest, now_ms)

    def _is_possible(self, time_ms: float, now_ms: int) -> bool:
        return self._day is not None or time_ms <= now_ms + self._rules.future_ms

    def _agrees(self, clock_ms: float, now_ms: int) -> bool:
        """Return True if a time of day is within the rule of the one that was refused last."""
        if self._doubt is None:
            return False
        ahead = (clock_ms - self._doubt) % DAY_MS
        return ahead <= MOST_STEP_MS or DAY_MS - ahead <= self._rules.late_ms

    def _jump(self, newest: float, ahead: float, now_ms: int) -> int | float:
        """Return where a jump goes that is believed: the nearer way, and never to what is impossible."""
        forward = self._moved(newest, ahead)
        if ahead <= DAY_MS / 2 and self._is_possible(forward, now_ms):
            return forward
        return self._moved(newest, ahead - DAY_MS)

    def _moved(self, time_ms: float, step_ms: float) -> int | float:
        """Return the moment at which the clock shows so much more, be its offset changed or not."""
        moved = time_ms + step_ms
        return moved + self._clock.offset_ms(time_ms) - self._clock.offset_ms(moved)


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:,.10g} s"
