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
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from rtserver.base.queue.port import START, order_of
from rtserver.history.book_port import Books
from rtserver.history.frozen_change import UNSAVED, FrozenChange, Saved, freeze
from rtserver.history.port import QuoteStates, StateChange
from rtserver.history.saved_state import StateError, pack_ticks, unpack_state
from rtserver.market.period import Base

SLICE = 40
"""Quotes that are saved in one round trip: some milliseconds of this thread."""
SLICE_TICKS = 5_000
"""Their new ticks, unless one quote has more."""
PIECE = 500
"""Ticks that are packed without a pause: a millisecond of this thread, for which prices wait."""
LEAST_REST, MOST_REST = 2.0, 50.0
"""Bounds of the pauses within and after a slice, as a multiple of the time it took: a third of the thread goes to
history at most, and a small part of it if all is saved within ``LONGEST_CYCLE``."""
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
        self._saved: dict[str, Saved] = {}
        self._unstored: set[str] = set()
        self._room = PIECE  # ticks until the next pause
        self._began = 0.0
        self._spent = 0.0  # on this slice, up to the last pause
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
        self._books.scatter()
        self._saved.clear()
        quotes, self._touched = self._touched, set()
        for book in filter(None, map(self._books.book, quotes)):
            book.let_go()
        self.position = max(self.position, self._call(self._states.stored_until), key=order_of)

    def _take_over(self) -> None:
        """Go on from what is stored: all books may have changed since, and some may lack ticks."""
        log.info("= this worker writes history")
        self._books.gather()
        quotes = list(self._books.quotes())
        for begin in range(0, len(quotes), SLICE):
            for quote, state in self._call(self._states.load, quotes[begin : begin + SLICE]).items():
                try:
                    self._saved[quote] = Saved(state.seq, unpack_state(state.state).finished)
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
        for some in self._slices(quotes):
            if not self._lease.is_ours():
                self._follow()
                return False
            part, left = len(some) / len(quotes), some
            for _ in range(PLANS):
                # The loop of the books may wait in the middle of an entry.
                if self._books.is_partial:
                    self._touched.update(quotes)
                    return False
                left = self._save(left, part)
                if not left:
                    break
            self._fail(left)
        return True

    def _slices(self, quotes: Sequence[str]) -> Iterator[list[str]]:
        """Yield quotes for a round trip each. The next ones are chosen when the last ones are saved."""
        some: list[str] = []
        ticks = 0
        for quote in quotes:
            new = self._new_ticks(quote)
            if some and (len(some) == SLICE or ticks + new > SLICE_TICKS):
                yield some
                some, ticks = [], 0
            some.append(quote)
            ticks += new
        if some:
            yield some

    def _new_ticks(self, quote: str) -> int:
        book = self._books.book(quote)
        return 0 if book is None else book.seq - self._saved.get(quote, UNSAVED).seq

    def _save(self, quotes: Collection[str], part: float) -> list[str]:
        """Save some quotes, a part of all. Return those of which the store has other ticks than was believed."""
        self._began, self._spent, self._room = self._now(), 0.0, PIECE
        frozen = list(self._frozen(quotes))
        changes = [change for each in frozen if (change := self._packed(each)) is not None]
        worked = self._now() - self._began
        stored = self._call(self._states.save, changes) if changes else []
        left = []
        for change, seq in zip(changes, stored, strict=True):
            if seq == change.seq:
                self.saves += 1
                self._unstored.discard(change.quote)
                self.rows += sum(map(len, change.bars.values()))
            elif seq < 0:
                self._fail([change.quote])
            else:
                self._saved[change.quote] = Saved(seq, {})
                left.append(change.quote)
        self._recover(worked, part)
        return left

    def _recover(self, worked: float, part: float) -> None:
        """Rest for the work since the last pause, and for the whole slice as long as that is not too long."""
        if not self._is_leaving:
            spent = self._spent + worked
            rested = self._spent * LEAST_REST
            most = 0.0 if self._is_hurried else min(spent * MOST_REST, part * LONGEST_CYCLE)
            self._rest(max(worked * LEAST_REST, most - rested))

    def _breathe(self) -> None:
        """Let the other loops go on in the middle of a slice."""
        self._room = PIECE
        if not self._is_leaving:
            worked = self._now() - self._began
            self._spent += worked
            self._pause(worked * LEAST_REST)
            self._began = self._now()

    def _frozen(self, quotes: Collection[str]) -> Iterator[FrozenChange]:
        """Yield what is new, and take it as saved. Nothing waits meanwhile: all books stand at one entry."""
        for quote in quotes:
            book = self._books.book(quote)
            if book is None:
                continue
            saved = self._saved.get(quote, UNSAVED)
            try:
                change, self._saved[quote] = freeze(
                    quote, self._books.stamp, book, saved, bases=self._rule.bases, most_ticks=self._rule.most_ticks
                )
            except (ArithmeticError, TypeError, ValueError):
                self._refuse(quote)
            else:
                yield change

    def _packed(self, frozen: FrozenChange) -> StateChange | None:
        """Return a change with its ticks, None if they cannot be packed."""
        try:
            return msgspec.structs.replace(frozen.change, ticks=pack_ticks(self._taken(frozen.ticks)))
        except (ArithmeticError, TypeError, ValueError):
            self._refuse(frozen.change.quote)
            return None

    def _taken(self, ticks: Iterable[object]) -> list[object]:
        """Return the ticks, which are made as they are taken, with a pause after each piece."""
        rows: list[object] = []
        iterator = iter(ticks)
        while some := list(islice(iterator, self._room)):
            rows += some
            self._room -= len(some)
            if not self._room:
                self._breathe()
        return rows

    def _refuse(self, quote: str) -> None:
        """Log the exception at hand: one quote must not hold up all others."""
        if quote not in self._unstored:
            log.exception("! the state of %s cannot be packed", quote)
        self._fail([quote])

    def _fail(self, quotes: Collection[str]) -> None:
        self.failures += len(quotes)
        for quote in quotes:
            self._saved.pop(quote, None)
            if quote not in self._unstored:
                log.error("! %s cannot be stored: others show what is stored, this server alone what is new", quote)
                self._unstored.add(quote)  # told once, until it is stored
