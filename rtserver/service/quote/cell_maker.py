"""CellMaker: the cells of a feed's indicators, bar by bar. Pure."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from rtserver.base.bridge.message import Cell
from rtserver.market.indicator.indicator_line import WHOLE_GROUP, IndicatorLine
from rtserver.market.market_bar import Bar
from rtserver.service.quote.bar_maker import BegunBar

CellState: TypeAlias = tuple[int, list[Any]]


class CellMaker:
    """The indicator lines of one feed, and the decision which of their cells are shown.

    A series that ``is_cut`` had bars before its first that are not at hand. A cell that depends on one of them is
    None: until ``reach`` bars are there, or, for a cumulative indicator whose group has begun before the first bar
    (``is_group_cut``), until the next group begins.
    """

    __slots__ = (
        "_bars",
        "_begun",
        "_cut_group",
        "_hides",
        "_is_cut",
        "_is_group_cut",
        "_lines",
        "_merging",
        "_reaches",
    )

    def __init__(self, lines: Sequence[IndicatorLine], *, is_cut: bool, is_group_cut: bool) -> None:
        self._lines = tuple(lines)
        self._is_cut = is_cut
        self._hides = is_cut and bool(lines)  # some cells may not be shown
        self._is_group_cut = is_group_cut
        self._bars = 0
        self._cut_group: int | None = None
        self._reaches = tuple(line.reach for line in lines)
        self._begun: set[int] = set()
        self._merging = tuple(
            (place, line.snapshot()) for place, line in enumerate(self._lines) if is_group_cut and line.merges
        )

    def lacks_start(self, bar: Bar) -> bool:
        """Return True if a bar, the next one, belongs to the group that is cut, and ``begin_with`` would help."""
        if not self._merging:
            return False
        if self._cut_group is None:
            self._cut_group = bar.group
        elif bar.group != self._cut_group:
            self._merging = ()
        return bool(self._merging)

    def begin_with(self, before: Bar) -> None:
        """Take one bar that stands for all that the next one's group has before it, for the lines that merge bars."""
        for place, state in self._merging:
            self._lines[place].restore(state)
            self._lines[place].step(before)
            self._begun.add(place)
        self._merging = ()

    def step(self, bar: Bar) -> list[Cell]:
        """Take a finished bar and return its cells."""
        cells: list[Cell]
        if self._hides:
            cells = self._shown(bar, [line.step(bar) for line in self._lines])
            self._bars += 1
            self._hides = not all(self._is_shown(place, bar) for place in range(len(self._lines)))
            return cells
        cells = []
        for line in self._lines:
            cells += line.step(bar)
        self._bars += 1
        return cells

    def peek(self, bar: Bar) -> list[Cell]:
        """Return the cells of a bar that grows behind the finished ones."""
        if self._hides:
            return self._shown(bar, [line.peek(bar) for line in self._lines])
        cells: list[Cell] = []
        for line in self._lines:
            cells += line.peek(bar)
        return cells

    def snapshot(self) -> CellState:
        """Return the state behind the last finished bar."""
        return self._bars, [line.snapshot() for line in self._lines]

    def restore(self, state: CellState) -> None:
        """Go back to a state that ``snapshot`` returned."""
        self._bars, states = state
        self._hides = self._is_cut and bool(self._lines)
        for line, its in zip(self._lines, states, strict=True):
            line.restore(its)

    def _shown(self, bar: Bar, parts: Sequence[Sequence[Cell]]) -> list[Cell]:
        if self._cut_group is None:
            self._cut_group = bar.group
        cells: list[Cell] = []
        for place, part in enumerate(parts):
            cells += part if self._is_shown(place, bar) else (None,) * len(part)
        return cells

    def _is_shown(self, place: int, bar: Bar) -> bool:
        reach = self._reaches[place]
        if reach is None:
            return False
        if reach == WHOLE_GROUP:
            return not self._is_group_cut or bar.group != self._cut_group or place in self._begun
        return self._bars + 1 >= reach


def first_needed(lines: Sequence[IndicatorLine], bars: Sequence[BegunBar], wanted: int) -> int:
    """Return the index of the first bar that a cell of the last ``wanted`` bars depends on."""
    first_wanted = max(0, len(bars) - wanted)
    first = first_wanted
    for reach in {line.reach for line in lines}:
        if reach is None:
            return 0
        if reach == WHOLE_GROUP:
            first = min(first, _first_of_group(bars, first_wanted))
        else:
            first = min(first, first_wanted - reach + 1)
    return max(0, first)


def _first_of_group(bars: Sequence[BegunBar], index: int) -> int:
    while index and bars[index - 1].bar.group == bars[index].bar.group:
        index -= 1
    return index
