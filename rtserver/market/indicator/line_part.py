"""LinePart: the parts that the state of a line consists of, and ComposedLine, a line made of such parts.

Each part has a method ``next(value, keep=...)`` that returns a result with ``value`` as the newest one. Unless
``keep`` is true, the part stays as it is. Thus one formula serves for ``step`` and for ``peek``.
"""

from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Generic, TypeVar

from rtserver.market.indicator.indicator_line import Cells, IndicatorLine
from rtserver.market.market_bar import Bar

T = TypeVar("T")


class LinePart(ABC):
    """A part of a line's state. A snapshot of it is plain data that no later step changes."""

    __slots__ = ()

    @abstractmethod
    def snapshot(self) -> Any:
        """Return the state."""

    @abstractmethod
    def restore(self, state: Any) -> None:
        """Go back to a state that ``snapshot`` returned."""


class Kept(LinePart, Generic[T]):
    """The value of the last kept bar: any plain data that is replaced, not changed."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def next(self, value: T, *, keep: bool) -> T:
        """Return the value before ``value``."""
        before = self.value
        if keep:
            self.value = value
        return before

    def snapshot(self) -> T:
        return self.value

    def restore(self, state: T) -> None:
        self.value = state


class Lag(LinePart, Generic[T]):
    """The value of some bars ago."""

    __slots__ = ("_values",)

    def __init__(self, bars: int) -> None:
        self._values: deque[T] = deque(maxlen=bars)

    def next(self, value: T, *, keep: bool) -> T | None:
        """Return the value that came the given number of bars before ``value``; None if there was none."""
        values = self._values
        before = values[0] if len(values) == values.maxlen else None
        if keep:
            values.append(value)
        return before

    def snapshot(self) -> tuple[T, ...]:
        return tuple(self._values)

    def restore(self, state: tuple[T, ...]) -> None:
        self._values = deque(state, self._values.maxlen)


class PartGroup(LinePart):
    """A part that consists of others."""

    __slots__ = ("_parts",)

    def __init__(self, *parts: LinePart) -> None:
        self._parts = parts

    def snapshot(self) -> tuple[Any, ...]:
        return tuple(part.snapshot() for part in self._parts)

    def restore(self, state: tuple[Any, ...]) -> None:
        for part, part_state in zip(self._parts, state, strict=True):
            part.restore(part_state)


class ComposedLine(IndicatorLine):
    """Line whose state is all in ``parts``, so that ``peek`` costs no snapshot."""

    def __init__(self, *parts: LinePart) -> None:
        super().__init__()
        self._parts = PartGroup(*parts)

    @abstractmethod
    def next(self, bar: Bar, *, keep: bool) -> Cells:
        """Return the cells of ``bar``. It becomes a part of the state if ``keep`` is true."""

    def step(self, bar: Bar) -> Cells:
        return self.next(bar, keep=True)

    def peek(self, bar: Bar) -> Cells:
        return self.next(bar, keep=False)

    def snapshot(self) -> tuple[Any, ...]:
        return self._parts.snapshot()

    def restore(self, state: tuple[Any, ...]) -> None:
        self._parts.restore(state)
