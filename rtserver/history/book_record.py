"""BookRecord: the book of one quote as history sees it, and a book made again from what was stored.

record = BookRecord(book)
record.note(tick)                 after each tick that the book has taken
record = restored_record(book, state, states.ticks(quote))     into a book that has taken nothing yet
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from rtserver.history.group import label_of
from rtserver.history.port import QuoteState
from rtserver.history.saved_state import StateError, unpack_state, unpack_ticks
from rtserver.market.book.quote_book import BookState, QuoteBook
from rtserver.market.book.tick import Price, Tick, tick_of
from rtserver.market.book.tick_tail import TickTail
from rtserver.market.market_bar import Bar
from rtserver.market.period import Base

MOST_NOTED = 10_000
"""Ticks that wait for the next save. Of more, all that the book keeps are saved: that costs little more."""


class RecordState(msgspec.Struct, frozen=True, array_like=True):
    """State of a book. ``is_cut``: its tail has dropped ticks."""

    book: BookState
    is_cut: bool


class BookRecord:
    """See ``SavedBook``."""

    __slots__ = ("_noted", "_noted_from", "book")

    def __init__(self, book: QuoteBook) -> None:
        self.book = book
        self._noted: list[Price | Tick] = []
        self._noted_from = book.seq

    @property
    def seq(self) -> int:
        """The number of ticks."""
        return self.book.seq

    def note(self, tick: Price | Tick) -> None:
        """Note a tick that the book has just taken."""
        self._noted.append(tick)
        if len(self._noted) > MOST_NOTED:
            self.let_go()

    def complete_from(self, base: Base) -> int | None:
        """See ``LiveBars``."""
        bars = self.book.bars
        first = bars.finished(base).first_label
        if first is None and (growing := bars.growing(base)):
            first = label_of(growing[0])
        return first

    def finished(self, base: Base, start_ms: int, end_ms: int | None, limit: int | None = None) -> Sequence[Bar]:
        """See ``LiveBars``."""
        return self.book.bars.finished(base).run(start_ms, end_ms, limit)

    def state(self) -> object:
        """See ``SavedBook``."""
        return RecordState(self.book.state, self.book.tail.is_cut)

    def ticks_after(self, seq: int) -> Iterable[object] | None:
        """See ``SavedBook``."""
        if seq == 0:
            ticks: Iterable[Price | Tick] = self.book.tail.copy().ticks()
        elif seq == self._noted_from:
            ticks = self._noted
        else:
            return None
        self.let_go()
        return map(tick_row, ticks)

    def last_finished(self, base: Base) -> int | None:
        """See ``SavedBook``."""
        return self.book.bars.finished(base).last_label

    def take_corrected(self, base: Base) -> int | None:
        """See ``SavedBook``."""
        series = self.book.bars.finished(base)
        label, series.taken_from = series.taken_from, None
        return label

    def let_go(self) -> None:
        """See ``SavedBook``."""
        self._noted = []
        self._noted_from = self.book.seq


def restored_record(book: QuoteBook, stored: QuoteState, portions: Iterable[bytes], most_ticks: int) -> BookRecord:
    """Return the record of a book that has taken nothing yet, and goes on from what is stored.

    ``portions`` are its ticks, of which the last ``most_ticks`` are kept. Raises ``StateError``.
    """
    saved = unpack_state(stored.state)
    tail = TickTail(most_ticks, book.clock)
    try:
        state = msgspec.convert(saved.book, RecordState)
        ticks = [_tick_of(row) for row in unpack_ticks(portions)]
        for tick in ticks:
            tail.add(tick)
    except (msgspec.ValidationError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise StateError(str(error)) from error
    # A writer before the last one may have kept fewer ticks: what the last one says of its own tail is not enough.
    tail.is_cut = state.is_cut or tail.is_cut or len(ticks) >= most_ticks or len(ticks) < stored.seq
    book.restore(state.book, tail.state, (), (), is_cut=bool(saved.finished))
    return BookRecord(book)


def tick_row(tick: Price | Tick) -> tuple[object, ...]:
    """Return a tick as a row of plain data, a short one for a price at a number."""
    if isinstance(tick, tuple):
        return tick
    if tick.is_bar or tick.is_clock or tick.turnover is not None or tick.fields is not None:
        return msgspec.structs.astuple(tick)
    if isinstance(tick.label, str) or tick.decimals is not None or tick.id is not None:
        return msgspec.structs.astuple(tick)
    return (tick.label, tick.close, tick.volume)


def _tick_of(row: Any) -> Tick:
    if len(row) != 3:
        return Tick(*row)
    return tick_of(row)
