"""Series: the rows of one quote, a period and indicators. Pure.

It has one way to its rows: from some bar on, it takes the pieces of the quote again, makes bars of them and steps the
indicators. The first rows are made so, rows after a pause, and those that a late tick has changed: for these it goes
back to a checkpoint of the indicators. A tick in order takes a shorter way to the same numbers.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias, cast

from rtserver.base.bridge.message import Row
from rtserver.base.limit.steps import Steps
from rtserver.market.book.tick import Tick
from rtserver.market.indicator.indicator_line import IndicatorLine
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number
from rtserver.service.quote.bar_maker import NEVER, BegunBar, Piece
from rtserver.service.quote.cell_maker import CellMaker, first_needed
from rtserver.service.quote.checkpoints import Checkpoints
from rtserver.service.quote.pieces import Pieces

PIECES_OF_A_STEP = 500
"""At 1 µs each."""
BARS_OF_A_STEP = 50
"""At some 2 µs for each indicator."""

TimedRow: TypeAlias = tuple[Number, Row]
"""A row, and the time from which ticks belong to it."""


class Remade(NamedTuple):
    """The rows of a series from some time on, as they ``were`` and as they ``are``, ascending.

    ``Series.rows`` may have lost the first of these again.
    """

    were: Sequence[TimedRow]
    are: Sequence[TimedRow]


class Series:
    """The last ``most_rows`` rows, and in ``times`` the times from which ticks belong to them.

    A tick may be ``late_ms`` older than the newest one. A series ``is_empty`` before the first piece, and
    ``has_older`` rows if one before the first could be made. It ``is_cut`` if those are gone.
    """

    def __init__(self, pieces: Pieces, lines: Sequence[IndicatorLine], *, most_rows: int, late_ms: int) -> None:
        self.pieces = pieces
        self.rows: deque[Row] = deque(maxlen=most_rows)
        self.times: deque[Number] = deque(maxlen=most_rows)
        self.has_older = False
        self.is_empty = True
        self.is_cut = False
        self._most_rows = most_rows
        self._lines = lines
        self._blank = [line.snapshot() for line in lines]
        self._late_ms = late_ms
        self._maker = pieces.new_bar()
        self._cells = CellMaker(lines, is_cut=False, is_group_cut=False)
        self._checkpoints = Checkpoints(late_ms)
        self._is_cut = False

    @property
    def oldest_change(self) -> Number:
        """A time before which no later tick changes anything."""
        return self._maker.begin_ms - self._late_ms

    def step(self, tick: Tick) -> Row | None:
        """Take the quote's next tick, which came in order, or one that the series ``absorbs``.

        Return the newest row; None if it may lack ticks, as the first one of a cut series, and is not shown.
        """
        maker = self._maker
        ended = maker.add(tick)
        if ended is not None:
            if self.rows and self._lines:
                self._cells.step(ended)
            return self._begin_row()
        if not self.rows:
            return None
        row = self.rows[-1] = self._newest_row() if self._lines else maker.row
        return row

    def absorbs(self, tick: Tick) -> bool:
        """Return True if ``step`` takes a tick that came late: into the newest bar, whose first ticks may be gone."""
        return self.pieces.are_ticks and self._maker.absorbs(tick)

    def fill(self) -> Steps[None]:
        """Make the rows from the first piece on: of the base bars as they are at this call, or the ticks at a step.

        The book may drop bars before the first step. Ticks would have to be copied, and many may wait.
        """
        return self._fill(None if self.pieces.are_ticks else self.pieces.since(NEVER))

    def _fill(self, pieces: Iterable[Piece] | None) -> Steps[None]:
        for line, state in zip(self._lines, self._blank, strict=True):
            line.restore(state)
        self.rows.clear()
        self.times.clear()
        self._checkpoints.clear()
        begun = yield from self._cut((self.pieces.since(NEVER) if pieces is None else pieces) or ())
        is_cut = self.pieces.is_cut
        if is_cut and begun and not self.pieces.is_whole(begun[0].bar):
            begun.pop(0)
        first = first_needed(self._lines, begun, self._most_rows)
        self.has_older = self.pieces.has_older or len(begun) > self._most_rows
        self.is_cut = is_cut and not self.pieces.has_older
        self._is_cut = is_cut or first > 0
        is_whole = self._begins_group(begun, first)
        self._cells = CellMaker(self._lines, is_cut=self._is_cut, is_group_cut=self._is_cut and not is_whole)
        yield from self._extend(begun[first:])
        if self._checkpoints:
            self.pieces.forget(self._checkpoints.first_ms)

    def _begins_group(self, begun: Sequence[BegunBar], first: int) -> bool:
        """Return True if nothing that the group of a bar has before it is missing."""
        if first:
            return begun[first - 1].bar.group != begun[first].bar.group
        return bool(begun) and self.pieces.begins_group(begun[0].bar)

    def replay(self, changed: Number) -> Steps[Remade]:
        """Make the rows anew whose ticks may have changed from a time on, and those behind them."""
        begin = self._begin_of(changed)
        pieces = None if begin is None else self.pieces.since(begin)
        if begin is None or pieces is None:
            were = list(zip(self.times, self.rows, strict=True))
            yield from self.fill()
            return Remade(were, list(zip(self.times, self.rows, strict=True)))
        self._rewind(begin)
        were = self._pop_rows(begin)
        are = yield from self._extend((yield from self._cut(pieces)))
        return Remade(were, are)

    def _begin_of(self, changed: Number) -> Number | None:
        """Return the time from which to read again, None for from the first piece on."""
        if not self._checkpoints or self.is_empty:
            return None
        if changed >= self._maker.begin_ms:
            return self._maker.begin_ms
        return self._checkpoints.begin_before(changed)

    def _rewind(self, begin: Number) -> None:
        if begin == self._maker.begin_ms:
            return
        self._cells.restore(self._checkpoints.back_to(begin))

    def _pop_rows(self, begin: Number) -> list[TimedRow]:
        old: list[TimedRow] = []
        while self.times and self.times[-1] >= begin:
            old.append((self.times.pop(), self.rows.pop()))
        return old[::-1]

    def _cut(self, pieces: Iterable[Piece]) -> Steps[list[BegunBar]]:
        """Make bars of pieces, up to the growing one."""
        maker = self._maker = self.pieces.new_bar()
        begun: list[BegunBar] = []
        rest = iter(pieces)
        while some := list(islice(rest, PIECES_OF_A_STEP)):
            begun += maker.add_all(some)
            if len(some) == PIECES_OF_A_STEP:
                yield
        if maker.bar is not None:
            begun.append(BegunBar(maker.begin_ms, maker.bar))
            self.is_empty = False
        return begun

    def _extend(self, begun: Sequence[BegunBar]) -> Steps[list[TimedRow]]:
        """Append the rows of bars, the last of which still grows. Return them."""
        added: list[TimedRow] = []
        self.has_older = self.has_older or len(self.rows) + len(begun) > self._most_rows
        # Only the last checkpoint before all that may still change is needed, and those behind it.
        kept_from = next((begin for begin, _ in reversed(begun) if begin <= self.oldest_change), NEVER)
        for number, (begin, bar) in enumerate(begun[:-1], 1):
            self._begin_cells(begin, bar)
            if begin >= kept_from and self._checkpoints.is_due(begin):
                self._keep(begin)
            row = (*bar.row, *self._cells.step(bar))
            self.times.append(begin)
            self.rows.append(row)
            added.append((begin, row))
            if number % BARS_OF_A_STEP == 0:
                yield
        if begun:
            added.append((self._maker.begin_ms, self._begin_row()))
        return added

    def _begin_row(self) -> Row:
        """Append the row of the growing bar."""
        maker = self._maker
        begin = maker.begin_ms
        if self._lines:
            self._begin_cells(begin, cast(Bar, maker.bar))
        if self._checkpoints.is_due(begin):
            self._keep(begin)
        row = self._newest_row() if self._lines else maker.row
        self.has_older = self.has_older or len(self.rows) == self._most_rows
        self.times.append(begin)
        self.rows.append(row)
        return row

    def _newest_row(self) -> Row:
        """Return the row of the growing bar with its cells."""
        bar = self._maker.bar
        assert bar is not None, "a piece has come"
        return (bar.label, bar.open, bar.close, bar.low, bar.high, bar.volume, *self._cells.peek(bar))

    def _begin_cells(self, begin: Number, bar: Bar) -> None:
        """Give the indicators what the group of a cut series has before a bar, once that is known."""
        if self._cells.lacks_start(bar):
            before = self.pieces.before(begin)
            if before is not None:
                self._cells.begin_with(before)
                self._checkpoints.clear()  # they are of states without it

    def _keep(self, begin: Number) -> None:
        """Keep a checkpoint before a bar."""
        is_first = not self._checkpoints and not self.rows and not self._is_cut
        self._checkpoints.keep(begin, self._cells.snapshot(), is_first=is_first)
