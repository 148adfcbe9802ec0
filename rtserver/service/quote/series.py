"""Series: the rows of one quote, a period and indicators. Pure.

It has one way to its rows: from some bar on, it takes the pieces of the quote again, makes bars of them and steps the
indicators. The first rows are made so, rows after a pause, and those that a late tick has changed: for these it goes
back to a checkpoint of the indicators. A tick in order takes a shorter way to the same numbers.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeAlias, cast

from rtserver.base.bridge.message import Row
from rtserver.base.limit.steps import Steps
from rtserver.market.book.tick import Tick
from rtserver.market.indicator.indicator_line import IndicatorLine
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number
from rtserver.service.quote.bar_maker import NEVER, BarMaker, BegunBar, Piece
from rtserver.service.quote.cell_maker import CellMaker, CellState, first_needed

PIECES_OF_A_STEP = 500
"""At 1 µs each."""
BARS_OF_A_STEP = 50
"""At some 2 µs for each indicator."""
CHECKPOINTS = 4
"""Checkpoints in the time by which ticks may be late."""

TimedRow: TypeAlias = tuple[Number, Row]
"""A row, and the time from which ticks belong to it."""


class Remade(NamedTuple):
    """The rows of a series from some time on, as they ``were`` and as they ``are``, ascending.

    ``Series.rows`` may have lost the first of these again.
    """

    were: Sequence[TimedRow]
    are: Sequence[TimedRow]


class Pieces(Protocol):
    """The ticks of a quote, or its base bars.

    ``are_ticks`` if bars are made of ticks alone: then a tick may be taken when the quote's book has later ones.
    They are ``is_cut`` if some before the first one are not at hand; it ``has_older`` ones
    if those can be read.
    """

    are_ticks: bool
    is_cut: bool
    has_older: bool

    @property
    def seq(self) -> int:
        """Number of the quote's ticks so far."""

    def new_bar(self) -> BarMaker:
        """Return a maker of bars."""

    def since(self, begin_ms: Number) -> Iterable[Piece] | None:
        """Return the pieces from a time on, as they are now, whatever comes meanwhile; None if some are gone."""

    def is_whole(self, first: Bar) -> bool:
        """Return True if the first bar lacks nothing, although the pieces are cut."""

    def begins_group(self, first: Bar) -> bool:
        """Return True if nothing that the group of the first bar has before it is missing."""

    def forget(self, begin_ms: Number) -> None:
        """Note that ``since`` will not be asked for pieces before a time."""

    def before(self, begin_ms: Number) -> Bar | None:
        """Return the sum of what the group of a bar has before it; None if that is not known."""


class Checkpoint(NamedTuple):
    """State of the indicators before the bar that begins at ``begin_ms``."""

    begin_ms: Number
    state: CellState


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
        self._checkpoints: deque[Checkpoint] = deque()
        self._keep_at: Number = NEVER  # the begin of the bar before which the next one is due
        self._is_cut = False

    @property
    def oldest_change(self) -> Number:
        """A time before which no later tick changes anything."""
        return self._maker.begin_ms - self._late_ms

    def step(self, tick: Tick) -> Row | None:
        """Take the quote's next tick, which came in order.

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

    def fill(self) -> Steps[None]:
        """Make the rows from the first piece on."""
        for line, state in zip(self._lines, self._blank, strict=True):
            line.restore(state)
        self.rows.clear()
        self.times.clear()
        self._clear_checkpoints()
        begun = yield from self._cut(self.pieces.since(NEVER) or ())
        is_cut = self.pieces.is_cut
        if is_cut and begun and not self.pieces.is_whole(begun[0].bar):
            begun.pop(0)
        first = first_needed(self._lines, [bar for _, bar in begun], self._most_rows)
        self.has_older = self.pieces.has_older or len(begun) > self._most_rows
        self.is_cut = is_cut and not self.pieces.has_older
        self._is_cut = is_cut or first > 0
        is_whole = self._begins_group([bar for _, bar in begun], first)
        self._cells = CellMaker(self._lines, is_cut=self._is_cut, is_group_cut=self._is_cut and not is_whole)
        yield from self._extend(begun[first:])
        if self._checkpoints:
            self.pieces.forget(self._checkpoints[0].begin_ms)

    def _begins_group(self, bars: Sequence[Bar], first: int) -> bool:
        """Return True if nothing that the group of a bar has before it is missing."""
        if first:
            return bars[first - 1].group != bars[first].group
        return bool(bars) and self.pieces.begins_group(bars[0])

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
        begins = [each.begin_ms for each in self._checkpoints if each.begin_ms <= changed]
        return begins[-1] if begins else None

    def _rewind(self, begin: Number) -> None:
        if begin == self._maker.begin_ms:
            return
        while self._checkpoints[-1].begin_ms > begin:
            self._checkpoints.pop()
        self._cells.restore(self._checkpoints[-1].state)
        self._keep_at = self._checkpoints[-1].begin_ms + self._late_ms / CHECKPOINTS

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
        kept_from = max((begin for begin, _ in begun if begin <= self.oldest_change), default=NEVER)
        for number, (begin, bar) in enumerate(begun[:-1], 1):
            self._begin_cells(begin, bar)
            if begin >= kept_from and begin >= self._keep_at:
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
        if begin >= self._keep_at:
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
                self._clear_checkpoints()  # they are of states without it

    def _keep(self, begin: Number) -> None:
        """Keep a checkpoint before a bar. The next one is due some time later."""
        kept = self._checkpoints
        is_first = not kept and not self.rows and not self._is_cut
        kept.append(Checkpoint(NEVER if is_first else begin, self._cells.snapshot()))
        self._keep_at = kept[-1].begin_ms + self._late_ms / CHECKPOINTS
        while len(kept) > 1 and kept[1].begin_ms <= begin - self._late_ms:
            kept.popleft()

    def _clear_checkpoints(self) -> None:
        self._checkpoints.clear()
        self._keep_at = NEVER
