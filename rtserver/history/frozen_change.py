"""FrozenChange: what is new about a quote at one moment. Its ticks are made later, while the book goes on. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rtserver.history.book_port import SavedBook
from rtserver.history.group import label_of
from rtserver.history.port import StateChange
from rtserver.history.saved_state import pack_state
from rtserver.market.market_bar import Bar
from rtserver.market.period import Base


class Saved(NamedTuple):
    """Contents of the store for a quote: the number of ticks, and the last finished bar of each base period."""

    seq: int
    finished: dict[str, int]


UNSAVED = Saved(0, {})


class FrozenChange(NamedTuple):
    """A change without its ticks, and the ticks as plain data, to be taken once."""

    change: StateChange
    ticks: Iterable[object]


def freeze(
    quote: str, stamp: str, book: SavedBook, saved: Saved, *, bases: Sequence[Base], most_ticks: int
) -> tuple[FrozenChange, Saved]:
    """Return what is new behind ``saved``, and what the store has with it."""
    ticks = book.ticks_after(saved.seq)
    after = saved.seq if ticks is not None else 0
    kept = book.ticks_after(0) if ticks is None else ticks
    finished = dict(saved.finished)
    bars = {base: some for base in bases if (some := _new_bars(book, base, finished))}
    state = pack_state(book.state(), finished)
    change = StateChange(quote, stamp, book.seq, state, after, b"", most_ticks, bars)
    return FrozenChange(change, kept or ()), Saved(book.seq, finished)


def _new_bars(book: SavedBook, base: Base, finished: dict[str, int]) -> list[Bar]:
    """Return the finished bars that are not stored yet, or not as they are now, and note them in ``finished``."""
    corrected = book.take_corrected(base)
    if corrected is not None and base in finished:
        finished[base] = min(finished[base], corrected - 1)
    last = book.last_finished(base)
    if last is None or last <= finished.get(base, last - 1):
        return []
    begin = book.complete_from(base)
    assert begin is not None, "there is a finished bar"
    bars = list(book.finished(base, max(begin, finished.get(base, begin - 1) + 1), None))
    if bars:
        finished[base] = label_of(bars[-1])
    return bars
