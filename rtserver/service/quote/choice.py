"""Choice: which quotes of an entry a worker takes, while another one writes history.

Pure. It takes those that somebody watches here. The others it leaves ``aside``, and with them what it would have to
say about their ticks: the worker that writes finds the same faults.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from rtserver.base.queue.port import Entry, order_of
from rtserver.market.book.tick import Price, Tick
from rtserver.service.message import BadData, Reason
from rtserver.service.msg_handler import RejectedPart
from rtserver.service.quote.aside import Aside
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.tick import QuoteItem
from rtserver.service.selective import RejectPart

Ticks = list[Price | Tick]

MOST_PARTS = 10_000
"""Messages with impossible times that are kept: a worker with more says itself what is wrong with the next ones."""


class BadTimes(NamedTuple):
    """The items of a message whose times are impossible, as plain data, and what is wrong with the first of them."""

    detail: str
    items: list[Any]

    @property
    def rejected(self) -> RejectedPart:
        """The part of the message to reject."""
        return RejectedPart(Reason.BAD_TIME, self.detail, self.items)


class _Kept(NamedTuple):
    entry: Entry
    src: str
    part: BadTimes


class Choice:
    """The choice of one worker. It chooses from ``begin`` to ``end``; a writer takes all."""

    def __init__(self, books: QuoteBooks) -> None:
        self.aside = Aside()
        self._books = books
        self._known = books.by_key
        self._may_choose = False
        self._parts: dict[str, _Kept] = {}

    @property
    def may_choose(self) -> bool:
        """True if entries may be left aside."""
        return self._may_choose and not self.aside.is_full and len(self._parts) < MOST_PARTS

    def begin(self) -> None:
        """Allow entries to be left aside."""
        self._may_choose = True

    def end(self) -> None:
        """Leave no more aside."""
        self._may_choose = False

    def wants(self, to: bytes) -> bool:
        """Return whether somebody watches one of the quotes that a route names. What is watched is whole."""
        if b" " in to:
            return any(map(self._is_watched, quotes_of(to)))
        return self._is_watched(to.decode(errors="replace"))

    def leave_aside(self, entry: Entry, data: Sequence[QuoteItem], ticks: Ticks) -> tuple[Sequence[QuoteItem], Ticks]:
        """Leave an entry aside as far as nobody watches its quotes. Return the rest of its data, with its ticks."""
        unwatched = {quote for quote in {item.quote for item in data} if not self._is_watched(quote)}
        if not unwatched:
            return data, ticks
        self.aside.add(entry, unwatched)
        rest = [place for place, item in enumerate(data) if item.quote not in unwatched]
        return [data[place] for place in rest], [ticks[place] for place in rest]

    def keep_part(self, entry: Entry, src: str, part: "BadTimes") -> None:
        """Keep what is to be rejected of an entry, in case that no writer does it."""
        kept = self._parts.get(entry.id)
        items = part.items if kept is None else [*kept.part.items, *part.items]
        self._parts[entry.id] = _Kept(entry, src, BadTimes(part.detail, items))

    def settle(self, stored: tuple[int, int], reject: RejectPart | None) -> None:
        """Forget what was left aside up to an entry, which is stored; a quote that lacks it must be loaded anew.

        A worker that writes rejects what was kept to be rejected.
        """
        for quote in list(self.aside.by_quote):
            known = self._books.get(quote)
            if known is not None and known.last <= stored and not self.aside.is_held(quote):
                self._books.forget(known)
                self._books.given_back += 1
        self.aside.settle(stored)
        if self._parts and not self._may_choose and reject is not None:
            for kept in self._parts.values():
                reject(kept.entry, kept.src, kept.part.rejected)
            self._parts.clear()
        elif self._parts:
            self._parts = {key: kept for key, kept in self._parts.items() if order_of(key) > stored}

    def _is_watched(self, quote: str) -> bool:
        known = self._known.get(quote)
        return known is not None and bool(known.feeds)


def quotes_of(to: bytes) -> Collection[str]:
    """Return the quotes that a route names."""
    return to.decode(errors="replace").split(" ")


def check_route(to: bytes, data: Sequence[QuoteItem]) -> None:
    """Raise ``BadData`` if a message has a quote that its route does not name: who goes by that would miss it.

    An empty route is none.
    """
    if not to or (len(data) == 1 and data[0].quote.encode() == to):
        return
    names = set(quotes_of(to))
    for item in data:
        if item.quote not in names:
            raise BadData(f"to does not name {item.quote}")


def bad_times(data: Sequence[QuoteItem], impossible: Mapping[int, str]) -> BadTimes:
    """Return the items of a message whose times are impossible, given what is wrong with each."""
    number, text = next(iter(impossible.items()))
    return BadTimes(f"item {number}: {text}", [msgspec.to_builtins(data[each]) for each in impossible])
