"""TickExtra: what most ticks of a tail do not have, in columns that exist once some tick needs them.

They are turnovers (8 bytes a tick), the open, low and high of bars, and labels that must be kept as text.
"""

from array import array
from math import isnan, nan

import msgspec

from rtserver.market.book.tick import Tick
from rtserver.market.number import Number

_WHOLE_OPEN, _WHOLE_LOW, _WHOLE_HIGH, _WHOLE_TURNOVER = 1, 2, 4, 8


class ExtraState(msgspec.Struct, frozen=True, array_like=True):
    """State of a ``TickExtra``: its arrays as bytes in the machine's order, None for those that do not exist."""

    turnovers: bytes | None
    shape: list[bytes] | None
    flags: bytes
    labels: list[str] | None


class TickExtra:
    """Columns of as many rows as the tail has; ``rows`` of them exist already."""

    __slots__ = ("_flags", "_labels", "_shape", "_turnovers")

    def __init__(self, rows: int) -> None:
        self._flags = array("B", bytes(rows))
        self._turnovers: array[float] | None = None
        self._shape: tuple[array[float], array[float], array[float]] | None = None  # open, low, high
        self._labels: list[str] | None = None

    @property
    def size(self) -> int:
        """Bytes of the columns, as they are allocated, without the texts."""
        columns = (self._flags, self._turnovers, *(self._shape or ()), self._labels)
        return sum(column.__sizeof__() for column in columns if column is not None)

    @property
    def state(self) -> ExtraState:
        """The state for ``restored``."""
        turnovers = None if self._turnovers is None else self._turnovers.tobytes()
        shape = None if self._shape is None else [each.tobytes() for each in self._shape]
        labels = None if self._labels is None else list(self._labels)
        return ExtraState(turnovers, shape, self._flags.tobytes(), labels)

    @classmethod
    def restored(cls, state: ExtraState) -> "TickExtra":
        """Return the columns that a state is of."""
        extra = cls(0)
        extra._flags = array("B", state.flags)
        extra._turnovers = None if state.turnovers is None else array("d", state.turnovers)
        if state.shape is not None:
            opens, lows, highs = (array("d", data) for data in state.shape)
            extra._shape = opens, lows, highs
        extra._labels = None if state.labels is None else list(state.labels)
        return extra

    def append(self, tick: Tick, *, is_label: bool) -> None:
        """Add a row for a tick. ``is_label``: its label is kept."""
        rows = len(self._flags)
        turnover = tick.turnover
        flags = _WHOLE_TURNOVER if type(turnover) is int else 0
        if turnover is not None and self._turnovers is None:
            self._turnovers = array("d", [nan]) * rows
        if self._turnovers is not None:
            self._turnovers.append(nan if turnover is None else turnover)
        if tick.is_bar and self._shape is None:
            self._shape = array("d", bytes(8 * rows)), array("d", bytes(8 * rows)), array("d", bytes(8 * rows))
        if self._shape is not None:
            flags |= self._append_shape(self._shape, tick)
        if is_label and self._labels is None:
            self._labels = [""] * rows
        if self._labels is not None:
            self._labels.append(str(tick.label) if is_label else "")
        self._flags.append(flags)

    def turnover(self, index: int) -> Number | None:
        """Return the turnover of a row; None if none was sent."""
        if self._turnovers is None:
            return None
        turnover = self._turnovers[index]
        if isnan(turnover):
            return None
        return int(turnover) if self._flags[index] & _WHOLE_TURNOVER else turnover

    def shape(self, index: int) -> tuple[Number, Number, Number]:
        """Return the open, low and high of a bar."""
        assert self._shape is not None, "the tail has no bars"
        flags = self._flags[index]
        opened, low, high = (column[index] for column in self._shape)
        return (
            int(opened) if flags & _WHOLE_OPEN else opened,
            int(low) if flags & _WHOLE_LOW else low,
            int(high) if flags & _WHOLE_HIGH else high,
        )

    def label(self, index: int) -> str:
        """Return the label that was kept for a row."""
        return "" if self._labels is None else self._labels[index]

    def move_last_to(self, place: int) -> None:
        """Move the last row before another one."""
        for column in (self._flags, self._turnovers, *(self._shape or ())):
            if column is not None:
                column.insert(place, column.pop())
        if self._labels is not None:
            self._labels.insert(place, self._labels.pop())

    def delete(self, start: int, end: int) -> None:
        """Remove rows."""
        for column in (self._flags, self._turnovers, *(self._shape or ()), self._labels):
            if column is not None:
                del column[start:end]

    def _append_shape(self, shape: tuple["array[float]", "array[float]", "array[float]"], tick: Tick) -> int:
        prices = (tick.open, tick.low, tick.high)
        flags = 0
        for column, price, flag in zip(shape, prices, (_WHOLE_OPEN, _WHOLE_LOW, _WHOLE_HIGH), strict=True):
            column.append(price)
            if type(price) is int:
                flags |= flag
        return flags


def whole(number: float) -> Number:
    """Return a number as an integer if it is one."""
    return int(number) if number.is_integer() else number
