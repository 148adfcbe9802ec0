"""HistoryWriter: saves the books of quotes, some seconds behind. One worker of all does it, the one with the lease.

    writer = HistoryWriter(states, books, lease, link.call, rule=WriteRule(), now=time.monotonic, pause=gevent.sleep)

    begins_behind   return writer.begin()         the entry of the bus behind which the worker begins
    flush           writer.touch(quotes)          quotes whose books have changed since the last flush
    on_done         writer.done(position)         the books contain everything up to there
    a greenlet      writer.run()

What has been saved at ``begin`` is loaded by the caller: ``states.load`` and ``states.ticks``, read with
``saved_state``. Each state has a stamp; entries up to it are in the state already.

A cycle saves all quotes that were touched before it began, some dozens in one round trip, and then moves the
position. The intake never trims what lies behind the position, so a crash loses nothing: until a quote is saved, the
bus has its ticks. So thousands of busy quotes are saved less often than a few, for a small share of the thread. All
books are saved whether or not anybody watches them. Once a day ``upkeep`` makes a chore, of which each cycle does
some steps.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from rtserver.base.queue.port import START, order_of
from rtserver.history.book_port import Books, SavedBook
from rtserver.history.group import label_of
from rtserver.history.port import QuoteStates, StateChange
from rtserver.history.saved_state import StateError, pack_state, pack_ticks, unpack_state
from rtserver.market.market_bar import Bar
from rtserver.market.period import Base

SLICE = 40
"""Quotes that are saved in one round trip: some milliseconds of this thread."""
LEAST_REST, MOST_REST = 2.0, 50.0
"""Bounds of the pause after a slice, as a multiple of the time it took: a third of the thread goes to history at
most, and a small part of it if all is saved within ``LONGEST_CYCLE``."""
LONGEST_CYCLE = 10.0
UPKEEP_SECONDS = 86_400.0
STEPS = 20
"""Steps of the chore in one cycle: a step is a quote, and some round trips."""
WAIT_SECONDS = 0.2
"""Longest wait for the writer: nobody may be the leader, Redis may refuse to write, and prices have to go on."""
LOOKS = 2
"""Looks of who waits."""
PLANS = 3
"""Tries to save a quote in one cycle: another writer may have saved it in between."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class WriteRule(NamedTuple):
    """``seconds`` lie between the begins of two cycles. At least the newest ``most_ticks`` ticks of a quote stay."""

    bases: tuple[Base, ...] = ("1m", "1d")
    most_ticks: int = 20_000
    seconds: float = 1.0


class Lease(Protocol):
    """The right to write."""

    def is_ours(self) -> bool:
        """Return whether this worker may write now. May ask the registry."""

    def leave(self) -> None:
        """Give the right to another worker."""


class Call(Protocol):
    """Calls the store until it answers, as ``QueueLink.call`` does."""

    def __call__(self, operation: Callable[..., T], /, *args: object) -> T:
        """Return ``operation(*args)``. Raises ``QueueError`` at the server's end only."""


class _Saved(NamedTuple):
    """Contents of the store for a quote: the number of ticks, and the last finished bar of each base period."""

    seq: int
    finished: dict[str, int]


_UNSAVED = _Saved(0, {})


class HistoryWriter:
    """Writer for one thread. ``now`` gives seconds; ``pause`` waits for seconds while the other loops go on.

    ``position`` is the entry up to which everything is stored, as far as this worker knows. ``rows`` counts the bars
    that it has written, ``saves`` the states, ``failures`` the states that could not be stored. ``rest`` is the pause
    of the writer's own loop, which ``on_hurry`` ends; ``pause`` if none is given.
    """

    def __init__(
        self,
        states: QuoteStates,
        books: Books,
        lease: Lease,
        call: Call,
        *,
        now: Callable[[], float],
        pause: Callable[[float], object],
        rest: Callable[[float], object] | None = None,
        rule: WriteRule = WriteRule(),  # noqa: B008 (a tuple)
        upkeep: Callable[[], Iterator[object]] = lambda: iter(()),
    ) -> None:
        self._states = states
        self._books = books
        self._lease = lease
        self._call = call
        self._now = now
        self._pause = pause
        self._rest = rest or pause
        self._rule = rule
        self._upkeep = upkeep
        self._upkeep_due = float("-inf")
        self._chore: Iterator[object] = iter(())
        self._touched: set[str] = set()
        self._saved: dict[str, _Saved] = {}
        self._done = self.position = START
        self.is_leading = self._is_leaving = self._is_hurried = False
        self.on_hurry: Callable[[], object] = lambda: None
        self.rows = self.saves = self.failures = 0

    @property
    def behind_seconds(self) -> float:
        """Seconds by which the position is older than what the books contain, by the times of their entries."""
        return max(0.0, (order_of(self._done)[0] - order_of(self.position)[0]) / 1000)

    def begin(self) -> str:
        """Return the entry behind which this worker begins to read the bus. Raises ``QueueError``."""
        self.position = self._done = self._states.begin()
        return self.position

    def touch(self, quotes: Collection[str]) -> None:
        """Note quotes whose books have changed."""
        self._touched.update(quotes)

    def done(self, position: str) -> None:
        """Note that the books contain everything on the bus up to ``position``."""
        self._done = position

    def wait(self, position: str) -> None:
        """Wait until everything up to ``position`` is stored, by whomever, for ``WAIT_SECONDS`` at most.

        Raises ``QueueError`` at the server's end. Called on another loop than ``run``.
        """
        for _ in range(LOOKS):
            if order_of(self.position) >= order_of(position):
                return
            self._pause(WAIT_SECONDS / LOOKS)
            self.position = max(self.position, self._call(self._states.stored_until), key=order_of)

    def hurry(self) -> None:
        """Begin the next cycle soon, and rest no more than must be: the bus waits for what is not stored."""
        if self.is_leading and not self._is_hurried and order_of(self.position) < order_of(self._done):
            self._is_hurried = True
            self.on_hurry()

    def run(self, is_over: Callable[[], bool]) -> None:
        """Save what is new until that is over, then leave. Raises ``QueueError`` at the server's end."""
        while not is_over():
            begun = self._now()
            self.write()
            was_hurried, self._is_hurried = self._is_hurried, False
            self._rest(0.0 if was_hurried else max(self._rule.seconds - (self._now() - begun), 0.0))
        self.leave()

    def write(self) -> None:
        """Do one cycle: save all that is new now, if it is this worker's turn."""
        if not self._lease.is_ours():
            self._follow()
            return
        if not self.is_leading:
            self._take_over()
        goal = self._done
        if self._save_touched():
            self._call(self._states.pass_on, goal)
            self.position = goal
            self._drop_unknown()
            self._do_chore()

    def leave(self) -> None:
        """Save what is new, and let another worker write. Called at the server's end, when no more ticks come."""
        self._is_leaving = True
        if self.is_leading:
            self.write()
            self._lease.leave()

    def _drop_unknown(self) -> None:
        """Drop what is known of the store for quotes that the books have given back, once these are most of all."""
        known = set(self._books.quotes())
        if len(self._saved) > 2 * len(known):
            self._saved = {quote: saved for quote, saved in self._saved.items() if quote in known}

    def _do_chore(self) -> None:
        if self._now() >= self._upkeep_due:
            self._upkeep_due = self._now() + UPKEEP_SECONDS
            self._chore = self._upkeep()
        for _ in range(STEPS):
            if self._call(next, self._chore, None) is None:
                break
            self._pause(0)

    def _follow(self) -> None:
        """Another worker writes: what is stored is what it has stored."""
        if self.is_leading:
            log.info("= another worker writes history from now on")
        self.is_leading = False
        self._saved.clear()
        quotes, self._touched = self._touched, set()
        for book in filter(None, map(self._books.book, quotes)):
            book.let_go()
        self.position = max(self.position, self._call(self._states.stored_until), key=order_of)

    def _take_over(self) -> None:
        """Go on from what is stored: all books may have changed since."""
        log.info("= this worker writes history")
        quotes = list(self._books.quotes())
        for begin in range(0, len(quotes), SLICE):
            for quote, state in self._call(self._states.load, quotes[begin : begin + SLICE]).items():
                try:
                    self._saved[quote] = _Saved(state.seq, unpack_state(state.state).finished)
                except StateError:
                    continue  # it is saved as a whole
            self._pause(0)
        self._touched.update(quotes)
        self.is_leading = True

    def _save_touched(self) -> bool:
        """Save the quotes that were touched until now. False if the lease ended, or the books are partial."""
        quotes, self._touched = list(self._touched), set()
        try:
            return self._save_all(quotes)
        except BaseException:
            self._touched.update(quotes)  # the position must not pass them
            raise

    def _save_all(self, quotes: Sequence[str]) -> bool:
        for begin in range(0, len(quotes), SLICE):
            if not self._lease.is_ours():
                self._follow()
                return False
            some = quotes[begin : begin + SLICE]
            part = len(some) / len(quotes)
            for _ in range(PLANS):
                # The loop of the books may wait in the middle of an entry.
                if self._books.is_partial:
                    self._touched.update(quotes)
                    return False
                some = self._save(some, part)
                if not some:
                    break
            self._fail(some)
        return True

    def _save(self, quotes: Collection[str], part: float) -> list[str]:
        """Save some quotes, a part of all. Return those of which the store has other ticks than was believed."""
        begun = self._now()
        changes = list(self._changes(quotes))
        spent = self._now() - begun
        stored = self._call(self._states.save, changes) if changes else []
        left = []
        for change, seq in zip(changes, stored, strict=True):
            if seq == change.seq:
                self.saves += 1
                self.rows += sum(map(len, change.bars.values()))
            elif seq < 0:
                self._fail([change.quote])
            else:
                self._saved[change.quote] = _Saved(seq, {})
                left.append(change.quote)
        self._recover(spent, part)
        return left

    def _recover(self, spent: float, part: float) -> None:
        if not self._is_leaving:
            most = 0.0 if self._is_hurried else min(spent * MOST_REST, part * LONGEST_CYCLE)
            self._rest(max(spent * LEAST_REST, most))

    def _changes(self, quotes: Collection[str]) -> Iterator[StateChange]:
        for quote in quotes:
            book = self._books.book(quote)
            if book is None:
                continue
            try:
                yield self._change(quote, book)
            except (ArithmeticError, TypeError, ValueError):  # one quote must not hold up all others
                log.exception("! the state of %s cannot be packed", quote)
                self._fail([quote])

    def _change(self, quote: str, book: SavedBook) -> StateChange:
        """Return what is new about a quote, and take it as saved."""
        saved = self._saved.get(quote, _UNSAVED)
        ticks = book.ticks_after(saved.seq)
        after = saved.seq if ticks is not None else 0
        kept = book.ticks_after(0) if ticks is None else ticks
        finished = dict(saved.finished)
        bars = {base: some for base in self._rule.bases if (some := _new_bars(book, base, finished))}
        self._saved[quote] = _Saved(book.seq, finished)
        state = pack_state(book.state(), finished)
        return StateChange(
            quote, self._books.stamp, book.seq, state, after, pack_ticks(kept or ()), self._rule.most_ticks, bars
        )

    def _fail(self, quotes: Collection[str]) -> None:
        self.failures += len(quotes)
        for quote in quotes:
            self._saved.pop(quote, None)


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
