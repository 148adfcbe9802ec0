"""TickExtra: what most ticks of a tail do not have, in columns that exist once some tick needs them.

They are turnovers (8 bytes a tick), the shapes of bars (12), and labels that must be kept as text.
"""

from array import array
from math import isnan, nan

import msgspec

from rtserver.market.book.bar_shape import BarShape, ShapeState
from rtserver.market.book.tick import Tick

LABEL_BYTES = 113
"""Bytes of a text of 64 characters, the longest label."""


class ExtraState(msgspec.Struct, frozen=True, array_like=True):
    """State of a ``TickExtra``, None for what does not exist. Arrays are bytes in the machine's order."""

    turnovers: bytes | None
    shape: ShapeState | None
    labels: list[str] | None


class TickExtra:
    """Columns of as many rows as the tail has."""

    __slots__ = ("_labels", "_shape", "_turnovers")

    def __init__(self) -> None:
        self._turnovers: array[float] | None = None
        self._shape: BarShape | None = None
        self._labels: list[str] | None = None

    @property
    def size(self) -> int:
        """Bytes of the columns, as they are allocated. All texts count as long ones."""
        shape = 0 if self._shape is None else self._shape.size
        texts = 0 if self._labels is None else len(self._labels) * LABEL_BYTES
        columns = (self._turnovers, self._labels)
        return shape + texts + sum(column.__sizeof__() for column in columns if column is not None)

    @property
    def state(self) -> ExtraState:
        """The state for ``restored``."""
        turnovers = None if self._turnovers is None else self._turnovers.tobytes()
        shape = None if self._shape is None else self._shape.state
        return ExtraState(turnovers, shape, None if self._labels is None else list(self._labels))

    @classmethod
    def restored(cls, state: ExtraState) -> "TickExtra":
        """Return the columns that a state is of."""
        extra = cls()
        extra._turnovers = None if state.turnovers is None else array("d", state.turnovers)
        extra._shape = None if state.shape is None else BarShape.restored(state.shape)
        extra._labels = None if state.labels is None else list(state.labels)
        return extra

    def append(self, tick: Tick, closes: "array[float]", *, has_label: bool) -> None:
        """Add the row of a tick; ``closes`` are those of the rows before it. ``has_label``: its label is kept."""
        rows = len(closes)
        turnover = tick.turnover
        if turnover is not None and self._turnovers is None:
            self._turnovers = array("d", [nan]) * rows
        if self._turnovers is not None:
            self._turnovers.append(nan if turnover is None else turnover)
        if tick.is_bar and self._shape is None:
            self._shape = BarShape(rows)
        if self._shape is not None:
            prices = (tick.open, tick.low, tick.high) if tick.is_bar else None
            self._shape.append(prices, tick.close, closes)
        if has_label and self._labels is None:
            self._labels = [""] * rows
        if self._labels is not None:
            self._labels.append(str(tick.label) if has_label else "")

    def turnover(self, index: int) -> float | None:
        """Return the turnover of a row; None if none was sent."""
        turnover = nan if self._turnovers is None else self._turnovers[index]
        return None if isnan(turnover) else turnover

    def shape(self, index: int, close: float) -> tuple[float, float, float]:
        """Return the open, low and high of a bar."""
        return (close, close, close) if self._shape is None else self._shape.prices(index, close)

    def label(self, index: int) -> str:
        """Return the label that was kept for a row."""
        return "" if self._labels is None else self._labels[index]

    def move_last_to(self, place: int) -> None:
        """Move the last row before another one."""
        if self._turnovers is not None:
            self._turnovers.insert(place, self._turnovers.pop())
        if self._shape is not None:
            self._shape.move_last_to(place)
        if self._labels is not None:
            self._labels.insert(place, self._labels.pop())

    def delete(self, start: int, end: int) -> None:
        """Remove rows."""
        if self._shape is not None:
            self._shape.delete(start, end)
        for column in (self._turnovers, self._labels):
            if column is not None:
                del column[start:end]
