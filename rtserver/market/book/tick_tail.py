"""TickTail: the newest ticks of one quote, in arrays, in the order of their times; of one time, as they came.

A bar that a producer sends again is one tick, however often it comes. A text that is no time of day stays where it
came.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from math import isnan, nan

import msgspec

from rtserver.market.book.clock_label import FREE, ZoneClock, style_of
from rtserver.market.book.tick import Tick
from rtserver.market.book.tick_extra import ExtraState, TickExtra, whole
from rtserver.market.number import Label, Number

_TEXT = FREE + 1
"""The style of a label that is no time of day. A number has the style 0."""

_IS_BAR, _WHOLE_CLOSE, _WHOLE_VOLUME, _STYLE_BIT = 1, 2, 4, 3
_SPARE = 8
"""A tail grows by this part of its length before the oldest ticks are dropped."""


class TailState(msgspec.Struct, frozen=True, array_like=True):
    """State of a ``TickTail``: its arrays as bytes in the machine's order."""

    is_cut: bool
    times: bytes
    closes: bytes
    volumes: bytes
    flags: bytes
    extra: ExtraState | None


class TickTail:
    """At least the newest ``length`` ticks, and an eighth more at most. ``is_cut``: older ones have been dropped.

    A price takes 25 bytes; ``TickExtra`` keeps what most ticks do not have. ``replaced`` is the bar that the last
    ``add`` replaced, if that was not the newest tick.
    """

    __slots__ = (
        "_clock",
        "_closes",
        "_extra",
        "_flags",
        "_length",
        "_most",
        "_times",
        "_volumes",
        "is_cut",
        "replaced",
    )

    def __init__(self, length: int, clock: ZoneClock) -> None:
        self._length = length
        self._most = length + length // _SPARE
        self._clock = clock
        self.is_cut = False
        self.replaced: Tick | None = None
        self._times = array("d")
        self._closes = array("d")
        self._volumes = array("d")  # NaN: none was sent
        self._flags = array("B")
        self._extra: TickExtra | None = None

    def __len__(self) -> int:
        return len(self._times)

    def __getitem__(self, index: int) -> Tick:
        return self._tick(range(len(self._times))[index])

    @property
    def size(self) -> int:
        """Bytes of the arrays, as they are allocated."""
        arrays = (self._times, self._closes, self._volumes, self._flags)
        return sum(each.__sizeof__() for each in arrays) + (0 if self._extra is None else self._extra.size)

    @property
    def state(self) -> TailState:
        """The state for ``restore``."""
        extra = None if self._extra is None else self._extra.state
        return TailState(
            self.is_cut,
            self._times.tobytes(),
            self._closes.tobytes(),
            self._volumes.tobytes(),
            self._flags.tobytes(),
            extra,
        )

    def restore(self, state: TailState) -> None:
        """Go on from a state."""
        self.is_cut = state.is_cut
        self._times, self._closes, self._volumes = (
            array("d", data) for data in (state.times, state.closes, state.volumes)
        )
        self._flags = array("B", state.flags)
        self._extra = None if state.extra is None else TickExtra.restored(state.extra)

    def index_at(self, time_ms: float) -> int:
        """Return the number of ticks that are older than a moment."""
        return bisect_left(self._times, time_ms)

    def ticks(self, start: int = 0, end: int | None = None) -> Iterator[Tick]:
        """Yield the ticks from one index up to another. To be taken before the next ``add``."""
        yield from map(self._tick, range(*slice(start, end).indices(len(self._times))))

    def covers(self, time_ms: float) -> bool:
        """Return True if no tick of this moment, or a later one, has been dropped."""
        return not self.is_cut or (bool(self._times) and self._times[0] < time_ms)

    def add(self, tick: Tick) -> bool:
        """Take a tick, and return True if it is the newest one now.

        A tick that is older than all ticks of a tail that is cut is not kept.
        """
        self.replaced = None
        times = self._times
        if tick.is_bar or isinstance(tick.label, str) or (times and tick.time < times[-1]):
            return self._add(tick)
        self._append(tick, tick.time, 0)
        if len(times) > self._most:
            self._drop(len(times) - self._length)
        return True

    def _add(self, tick: Tick) -> bool:
        times = self._times
        time = tick.time if tick.has_time else times[-1] if times else 0
        style = self._style(tick)
        place = bisect_right(times, time)
        if tick.is_bar and (known := self._find_bar(tick, time, place)) is not None:
            if known == len(times) - 1:
                self._set(known, tick, time, style)
                return True
            self.replaced = self._tick(known)
            self._delete(known)
            place -= 1
        elif not place and self.is_cut:
            return False
        is_newest = place == len(times)
        self._append(tick, time, style)
        if not is_newest:
            self._move_last_to(place)
        if len(times) > self._most:
            self._drop(len(times) - self._length)
        return is_newest and self.replaced is None

    def _append(self, tick: Tick, time: float, style: int) -> None:
        close, volume = tick.close, tick.volume
        self._times.append(time)
        self._closes.append(close)
        self._volumes.append(nan if volume is None else volume)
        self._flags.append(
            style << _STYLE_BIT
            | tick.is_bar
            | (_WHOLE_CLOSE if type(close) is int else 0)
            | (_WHOLE_VOLUME if type(volume) is int else 0)
        )
        extra = self._extra
        if extra is not None or tick.is_bar or tick.turnover is not None or style >= FREE:
            if extra is None:
                extra = self._extra = TickExtra(len(self._times) - 1)
            extra.append(tick, is_label=style >= FREE)

    def _set(self, index: int, tick: Tick, time: float, style: int) -> None:
        """Replace the tick at an index, which is the last one."""
        self._delete(index)
        self._append(tick, time, style)

    def _move_last_to(self, place: int) -> None:
        for column in (self._times, self._closes, self._volumes):
            column.insert(place, column.pop())
        self._flags.insert(place, self._flags.pop())
        if self._extra is not None:
            self._extra.move_last_to(place)

    def _delete(self, index: int) -> None:
        for column in (self._times, self._closes, self._volumes, self._flags):
            del column[index]
        if self._extra is not None:
            self._extra.delete(index, index + 1)

    def _drop(self, count: int) -> None:
        for column in (self._times, self._closes, self._volumes, self._flags):
            del column[:count]
        if self._extra is not None:
            self._extra.delete(0, count)
        self.is_cut = True

    def _find_bar(self, tick: Tick, time: float, place: int) -> int | None:
        """Return the index of the bar that a bar replaces. A text replaces the newest tick only."""
        if not tick.has_time:
            last = len(self._times) - 1
            is_same = last >= 0 and self._flags[last] & _IS_BAR and self._label(last) == tick.label
            return last if is_same else None
        for index in range(place - 1, -1, -1):
            if self._times[index] != time:
                return None
            flags = self._flags[index]
            if flags & _IS_BAR and flags >> _STYLE_BIT != _TEXT:
                return index
        return None

    def _style(self, tick: Tick) -> int:
        if not isinstance(tick.label, str):
            return 0
        if not tick.is_clock:
            return _TEXT
        style = style_of(tick.label)
        # A clock that is put forward does not show each time of day.
        is_true = style != FREE and self._clock.label(tick.time, style) == tick.label
        return style if is_true else FREE

    def _label(self, index: int) -> Label:
        style = self._flags[index] >> _STYLE_BIT
        if not style:
            return whole(self._times[index])
        if style < FREE or self._extra is None:
            return self._clock.label(self._times[index], style)
        return self._extra.label(index)

    def _tick(self, index: int) -> Tick:
        flags = self._flags[index]
        close: Number = self._closes[index]
        volume: Number | None = self._volumes[index]
        if flags & _WHOLE_CLOSE:
            close = int(close)
        if flags & _WHOLE_VOLUME:
            volume = int(self._volumes[index])
        elif isnan(self._volumes[index]):
            volume = None
        style = flags >> _STYLE_BIT
        time = whole(self._times[index])
        label = self._label(index) if style else time
        extra = self._extra
        opened, low, high = (close, close, close) if not flags & _IS_BAR or extra is None else extra.shape(index)
        return Tick(
            label,
            opened,
            close,
            low,
            high,
            volume,
            bool(flags & _IS_BAR),
            0 if style == _TEXT else time,
            0 < style < _TEXT,
            None if extra is None else extra.turnover(index),
        )
