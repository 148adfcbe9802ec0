"""TickTail: the newest ticks of one quote, in the order of their times; of one time, as they came.

A bar that a producer sends again is one tick, however often it comes, and keeps its first label. A text that is no
time of day stays where it came.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from rtserver.market.book.clock_label import ZoneClock
from rtserver.market.book.tick import Price, Tick
from rtserver.market.book.tick_columns import ColumnsState, TickColumns

_SPARE = 8
"""A tail grows by this part of its length before the oldest ticks are dropped."""


class TailState(msgspec.Struct, frozen=True, array_like=True):
    """State of a ``TickTail``."""

    is_cut: bool
    columns: ColumnsState


class TickTail:
    """At least the newest ``length`` ticks, and an eighth more at most. ``is_cut``: older ones have been dropped.

    ``replaced`` is the bar that the last ``add`` replaced, if that was not the newest tick.
    """

    __slots__ = ("_columns", "_length", "_most", "_times", "is_cut", "replaced")

    def __init__(self, length: int, clock: ZoneClock) -> None:
        self._length = length
        self._most = length + length // _SPARE
        self.is_cut = False
        self.replaced: Tick | None = None
        self._columns = TickColumns(clock)
        self._times = self._columns.times

    def __len__(self) -> int:
        return len(self._times)

    def __getitem__(self, index: int) -> Tick:
        return self._columns.tick(range(len(self._times))[index])

    @property
    def ends_with_clock(self) -> bool:
        """True if the label of the newest tick is a time of day."""
        return len(self._times) > 0 and self._columns.is_clock(-1)

    @property
    def is_full(self) -> bool:
        """True if the next tick may let older ones drop."""
        return len(self._times) >= self._most

    @property
    def size(self) -> int:
        """Bytes of the ticks, as they are allocated."""
        return self._columns.size

    @property
    def state(self) -> TailState:
        """The state for ``restore``."""
        return TailState(self.is_cut, self._columns.state)

    def restore(self, state: TailState) -> None:
        """Go on from a state."""
        self.is_cut = state.is_cut
        self._columns.restore(state.columns)
        self._times = self._columns.times

    def copy(self) -> "TickTail":
        """Return a tail of the same ticks."""
        other = TickTail(self._length, self._columns.clock)
        other.restore(self.state)
        return other

    def index_at(self, time_ms: float) -> int:
        """Return the number of ticks that are older than a moment."""
        return bisect_left(self._times, time_ms)

    def ticks(self, start: int = 0, end: int | None = None) -> Iterator[Tick]:
        """Yield the ticks from one index up to another. To be taken before the next ``add``.

        They are without what the tail does not keep: their fields, ids and decimals.
        """
        yield from map(self._columns.tick, range(*slice(start, end).indices(len(self._times))))

    def covers(self, time_ms: float) -> bool:
        """Return True if no tick of this moment, or a later one, has been dropped."""
        return not self.is_cut or (len(self._times) > 0 and self._times[0] < time_ms)

    def has_lost(self, time_ms: float) -> bool:
        """Return True if all ticks that are as old as a moment have been dropped."""
        return self.is_cut and len(self._times) > 0 and time_ms < self._times[0]

    def add(self, tick: Tick) -> bool:
        """Take a tick, and return True if it is the newest one now.

        A tick that is older than all ticks of a tail that is cut is not kept.
        """
        self.replaced = None
        times = self._times
        if tick.is_bar or type(tick.label) is str or (times and tick.time < times[-1]):
            is_newest = self._add(tick)
        else:
            self._columns.append(tick, tick.time)
            is_newest = True
        self._drop_old()
        return is_newest

    def extend(self, prices: Sequence[Price]) -> None:
        """Take prices in the order of their times, none of them older than the newest tick."""
        while prices:
            room = self._most + 1 - len(self._times)
            self._columns.extend(prices[:room])
            self._drop_old()
            prices = prices[room:]

    def shorten(self, length: int) -> int:
        """Drop all but the newest ticks. Return how many were dropped."""
        dropped = max(0, len(self._times) - length)
        if dropped:
            self._columns.delete(0, dropped)
            self.is_cut = True
        return dropped

    def _drop_old(self) -> None:
        excess = len(self._times) - self._length
        if excess > self._most - self._length:
            self._columns.delete(0, excess)
            self.is_cut = True

    def _add(self, tick: Tick) -> bool:
        times = self._times
        time = tick.time if tick.has_time else times[-1] if times else 0
        place = bisect_right(times, time)
        if tick.is_bar and (known := self._find_bar(tick, time, place)) is not None:
            before = self._columns.tick(known)
            if known < len(times) - 1:
                self.replaced = before
            if tick.label != before.label:  # "12:00" and the epoch time of that moment
                tick = msgspec.structs.replace(tick, label=before.label, is_clock=before.is_clock)
            self._columns.delete(known, known + 1)
            place -= 1
        elif not place and self.is_cut:
            return False
        is_newest = place == len(times)
        self._columns.append(tick, time)
        if not is_newest:
            self._columns.move_last_to(place)
        return is_newest and self.replaced is None

    def _find_bar(self, tick: Tick, time: float, place: int) -> int | None:
        """Return the index of the bar that a bar replaces. A text replaces the newest tick only."""
        if not tick.has_time:
            last = self._columns.tick(len(self._times) - 1) if self._times else None
            is_same = last is not None and last.is_bar and last.label == tick.label
            return len(self._times) - 1 if is_same else None
        for index in range(place - 1, -1, -1):
            if self._times[index] != time:
                return None
            if self._columns.is_timed_bar(index):
                return index
        return None
