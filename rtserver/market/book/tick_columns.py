"""TickColumns: ticks in arrays, a row each. A price takes 25 bytes; ``TickExtra`` has what most ticks do not have."""

from array import array
from collections.abc import Sequence
from math import isnan, nan
from struct import Struct

import msgspec

from rtserver.market.book.clock_label import FREE, ZoneClock, style_of
from rtserver.market.book.tick import Price, Tick, tick_of
from rtserver.market.book.tick_extra import ExtraState, TickExtra
from rtserver.market.number import Label, Number

_TEXT = FREE + 1
"""The style of a label that is no time of day. A number has the style 0."""

_IS_BAR, _WHOLE_CLOSE, _WHOLE_VOLUME, _WHOLE_TURNOVER, _WHOLE_SHAPE, _STYLE_BIT = 1, 2, 4, 8, 16, 5
"""Flags: a number that is marked as whole was sent as an integer, and comes out as one. The style lies above them."""


class ColumnsState(msgspec.Struct, frozen=True, array_like=True):
    """State of ``TickColumns``: its arrays as bytes in the machine's order."""

    times: bytes
    closes: bytes
    volumes: bytes
    flags: bytes
    extra: ExtraState | None


class TickColumns:
    """Rows of ticks. ``times`` has the moments that they are ordered by, and is not to be changed by others.

    ``clock`` writes the labels that are times of day.
    """

    __slots__ = ("_closes", "_extra", "_flags", "_volumes", "clock", "times")

    def __init__(self, clock: ZoneClock) -> None:
        self.clock = clock
        self.times = array("d")
        self._closes = array("d")
        self._volumes = array("d")  # NaN: none was sent
        self._flags = array("B")
        self._extra: TickExtra | None = None

    @property
    def size(self) -> int:
        """Bytes of the arrays, as they are allocated."""
        arrays = (self.times, self._closes, self._volumes, self._flags)
        return sum(each.__sizeof__() for each in arrays) + (0 if self._extra is None else self._extra.size)

    @property
    def state(self) -> ColumnsState:
        """The state for ``restore``."""
        return ColumnsState(
            self.times.tobytes(),
            self._closes.tobytes(),
            self._volumes.tobytes(),
            self._flags.tobytes(),
            None if self._extra is None else self._extra.state,
        )

    def restore(self, state: ColumnsState) -> None:
        """Go on from a state."""
        self.times, self._closes, self._volumes = (
            array("d", data) for data in (state.times, state.closes, state.volumes)
        )
        self._flags = array("B", state.flags)
        self._extra = None if state.extra is None else TickExtra.restored(state.extra)

    def append(self, tick: Tick, time: float) -> None:
        """Add the row of a tick, ordered by ``time``."""
        close, volume = tick.close, tick.volume
        flags = _price_flags(close, volume)
        if self._extra is not None or tick.is_bar or tick.turnover is not None or type(tick.label) is str:
            flags |= self._append_extra(tick)
        self.times.append(time)
        self._closes.append(close)
        self._volumes.append(nan if volume is None else volume)
        self._flags.append(flags)

    def extend(self, prices: Sequence[Price]) -> None:
        """Add rows of prices."""
        if self._extra is not None:
            for price in prices:
                self.append(tick_of(price), price[0])
            return
        times, closes, volumes = zip(*prices, strict=True)
        pack = Struct(f"{len(prices)}d").pack  # half as long as an array takes for the same
        self.times.frombytes(pack(*times))
        self._closes.frombytes(pack(*closes))
        self._volumes.frombytes(pack(*[nan if volume is None else volume for volume in volumes]))
        if len(set(map(type, closes))) == len(set(map(type, volumes))) == 1:
            self._flags.frombytes(bytes((_price_flags(closes[0], volumes[0]),)) * len(prices))
        else:
            self._flags.frombytes(bytes(map(_price_flags, closes, volumes)))

    def move_last_to(self, place: int) -> None:
        """Move the last row before another one."""
        for column in (self.times, self._closes, self._volumes):
            column.insert(place, column.pop())
        self._flags.insert(place, self._flags.pop())
        if self._extra is not None:
            self._extra.move_last_to(place)

    def delete(self, start: int, end: int) -> None:
        """Remove rows."""
        for column in (self.times, self._closes, self._volumes, self._flags):
            del column[start:end]
        if self._extra is not None:
            self._extra.delete(start, end)

    def is_timed_bar(self, index: int) -> bool:
        """Return True for a bar whose label is a moment."""
        flags = self._flags[index]
        return bool(flags & _IS_BAR) and flags >> _STYLE_BIT != _TEXT

    def is_clock(self, index: int) -> bool:
        """Return True for a tick whose label is a time of day."""
        return 0 < self._flags[index] >> _STYLE_BIT < _TEXT

    def tick(self, index: int) -> Tick:
        """Return the tick of a row, without what the tail does not keep: its fields, id and decimals."""
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
        time = whole(self.times[index])
        label = self._label(index, style) if style else time
        turnover, shape = self._extra_of(index, flags) if self._extra is not None else (None, None)
        opened, low, high = (close, close, close) if shape is None else shape
        is_clock = 0 < style < _TEXT
        moment = 0 if style == _TEXT else time
        return Tick(label, opened, close, low, high, volume, shape is not None, moment, is_clock, turnover)

    def _append_extra(self, tick: Tick) -> int:
        """Keep what most ticks do not have, and return the flags of it."""
        style = self._style(tick)
        flags = style << _STYLE_BIT
        if self._extra is None and not tick.is_bar and tick.turnover is None and style < FREE:
            return flags
        if self._extra is None:
            self._extra = TickExtra()
        self._extra.append(tick, self._closes, has_label=style >= FREE)
        if type(tick.turnover) is int:
            flags |= _WHOLE_TURNOVER
        if tick.is_bar:
            flags |= _IS_BAR
            if int in map(type, (tick.open, tick.low, tick.high)):
                flags |= _WHOLE_SHAPE
        return flags

    def _extra_of(self, index: int, flags: int) -> tuple[Number | None, list[Number] | None]:
        """Return the turnover of a tick, and the open, low and high of a bar."""
        assert self._extra is not None, "all ticks are prices alone"
        turnover: Number | None = self._extra.turnover(index)
        if turnover is not None and flags & _WHOLE_TURNOVER:
            turnover = int(turnover)
        if not flags & _IS_BAR:
            return turnover, None
        shape = self._extra.shape(index, self._closes[index])
        return turnover, [whole(price) if flags & _WHOLE_SHAPE else price for price in shape]

    def _style(self, tick: Tick) -> int:
        if not isinstance(tick.label, str):
            return 0
        if not tick.is_clock:
            return _TEXT
        style = style_of(tick.label)
        # A clock that is put forward does not show each time of day.
        is_true = style != FREE and self.clock.label(tick.time, style) == tick.label
        return style if is_true else FREE

    def _label(self, index: int, style: int) -> Label:
        if style < FREE or self._extra is None:
            return self.clock.label(self.times[index], style)
        return self._extra.label(index)


def _price_flags(close: Number, volume: Number | None) -> int:
    return (_WHOLE_CLOSE if type(close) is int else 0) + (_WHOLE_VOLUME if type(volume) is int else 0)


def whole(number: float) -> Number:
    """Return a number as an integer if it is one."""
    return int(number) if number.is_integer() else number
