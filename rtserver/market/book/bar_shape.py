"""BarShape: the open, low and high of the bars of a tail, as whole steps from their closes where that loses nothing.

A step is a power of ten: prices with two decimals differ by hundredths. A bar takes twelve bytes. When a price does
not fit, all become doubles, and a bar takes twenty-four.
"""

from array import array
from typing import TypeAlias

import msgspec

from rtserver.market.number import Number

MOST_DECIMALS = 9
_MOST_STEPS = 2**31 - 1

Prices: TypeAlias = tuple[Number, Number, Number]


class ShapeState(msgspec.Struct, frozen=True, array_like=True):
    """State of a ``BarShape``: its columns as bytes in the machine's order; ``decimals`` is None for doubles."""

    decimals: int | None
    columns: list[bytes]


class BarShape:
    """Rows of three prices, each beside a close that the caller keeps. The first ``rows`` are of no bar."""

    __slots__ = ("_columns", "_decimals")

    def __init__(self, rows: int) -> None:
        self._decimals: int | None = 0
        self._columns: list[array[int] | array[float]] = [array("i", bytes(4 * rows)) for _ in range(3)]

    @property
    def size(self) -> int:
        """Bytes of the columns, as they are allocated."""
        return sum(column.__sizeof__() for column in self._columns)

    @property
    def state(self) -> ShapeState:
        """The state for ``restored``."""
        return ShapeState(self._decimals, [column.tobytes() for column in self._columns])

    @classmethod
    def restored(cls, state: ShapeState) -> "BarShape":
        """Return the shape that a state is of."""
        shape = cls(0)
        shape._decimals = state.decimals
        code = "d" if state.decimals is None else "i"
        shape._columns = [array(code, data) for data in state.columns]
        return shape

    def append(self, prices: Prices | None, close: float, closes: "array[float]") -> None:
        """Add a row; None for a tick that is no bar. ``closes`` are those of the rows before it."""
        if prices is None:
            for column in self._columns:
                column.append(0)
            return
        steps = self._steps_of(prices, close)
        if steps is None and self._decimals is not None:
            self._widen(prices, close, closes)
            steps = self._steps_of(prices, close)
        for column, value in zip(self._columns, prices if steps is None else steps, strict=True):
            column.append(value)  # type: ignore[arg-type]  # whole numbers for steps

    def prices(self, index: int, close: float) -> tuple[float, float, float]:
        """Return the open, low and high of a row as they were, as floats."""
        opened, low, high = (column[index] for column in self._columns)
        if self._decimals is None:
            return float(opened), float(low), float(high)
        scale = 10**self._decimals
        base = round(close * scale)
        return (base + opened) / scale, (base + low) / scale, (base + high) / scale

    def move_last_to(self, place: int) -> None:
        """Move the last row before another one."""
        for column in self._columns:
            column.insert(place, column.pop())  # type: ignore[arg-type]  # of one kind

    def delete(self, start: int, end: int) -> None:
        """Remove rows."""
        for column in self._columns:
            del column[start:end]

    def _steps_of(self, prices: Prices, close: float) -> list[int] | None:
        """Return three prices as steps; None if these would lose something."""
        return None if self._decimals is None else _steps_of(prices, close, self._decimals)

    def _widen(self, prices: Prices, close: float, closes: "array[float]") -> None:
        """Take shorter steps, so short that a row fits, or doubles."""
        old = [self.prices(index, closes[index]) for index in range(len(self._columns[0]))]
        for decimals in range((self._decimals or 0) + 1, MOST_DECIMALS + 1):
            if _steps_of(prices, close, decimals) is None:
                continue
            steps = [_steps_of(row, its_close, decimals) for row, its_close in zip(old, closes, strict=False)]
            if None not in steps:
                self._decimals = decimals
                self._columns = [array("i", [row[place] for row in steps if row]) for place in range(3)]
                return
        self._decimals = None
        self._columns = [array("d", [row[place] for row in old]) for place in range(3)]


def _steps_of(prices: Prices, close: float, decimals: int) -> list[int] | None:
    scale = 10**decimals
    base = round(close * scale)
    steps = [round(price * scale) - base for price in prices]
    is_same = all((base + step) / scale == price for step, price in zip(steps, prices, strict=True))
    return steps if is_same and max(map(abs, steps)) <= _MOST_STEPS else None
