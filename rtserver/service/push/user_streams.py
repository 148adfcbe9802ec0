"""UserStreams: the messages kept for each user and for everyone, and what each user has seen.

It decides which stream a message belongs to, and what a portion of two streams is. Everything kept here is derived
from the bus, so all workers may do it. One does, as a rule; who reads makes sure that somebody has.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from rtserver.base.queue.port import (
    START,
    Bound,
    Entry,
    Gone,
    Kept,
    KeptRange,
    KeptSpan,
    QueuePort,
    QueueRefusedError,
    just_before,
    number_of,
    order_of,
)
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import nothing

CURSOR = "pushuser"
EVERYONE = "user:*"
PORTION_COUNT = 100
PORTION_BYTES = 65_536
GAP_COUNT = 1_000
END = "999999999999999-0"

log = logging.getLogger(__name__)


class Portion(NamedTuple):
    """Consecutive entries, the last of which is ``after``. ``is_all`` is True if no more follow."""

    entries: list[Entry]
    after: str
    is_all: bool
    gone: Gone | None


class Unkept(NamedTuple):
    """Word that an answer has to wait: what the question is about has not been kept up to ``goal`` yet."""

    goal: str


class Question(NamedTuple):
    """A question for what is kept for a user; for None see ``message.Resume``."""

    user_id: str
    after: str | None
    until: str | None


class UserStreams:
    """Streams of all users. ``kept`` counts what this worker has kept; the handler that keeps sets ``begins_at``.

    Calls wait until the queue answers, as ``QueueLink`` does. Up to ``reached`` everything has been kept, as far as
    this worker knows. ``derive`` returns what is to be kept of some entries of the bus. ``on_stuck`` is called when
    nobody seems to keep.
    """

    def __init__(self, queue: QueuePort, link: QueueLink, bound: Bound) -> None:
        self._queue = queue
        self._link = link
        self._bound = bound
        self.begins_at = ""
        self.reached = START
        self.kept = 0
        self.derive: Callable[[Sequence[Entry]], Sequence[Kept]] = lambda entries: ()
        self.on_stuck: Callable[[], object] = nothing
        self._last_kept = START
        self._gap: str | None = None

    def begin(self) -> str:
        """Return where this worker begins: everything on the bus up to there has been kept. Raises ``QueueError``."""
        self.begins_at = self.reached = self._queue.begin_keeping(CURSOR)
        return self.begins_at

    def keep(self, until: str, entries: Sequence[Kept]) -> None:
        """Keep the entries, which are all that there are up to ``until``. Raises ``QueueError`` at the server's
        end only.
        """
        self.begin_keep(until, entries)()

    def begin_keep(self, until: str, entries: Sequence[Kept], direct: Sequence[int] = ()) -> Callable[[], None]:
        """Begin to ``keep``, and return a function that waits until they are kept, and raises as ``keep`` does.

        The workers with the leases ``direct`` are told; see ``QueuePort.keep``.
        """
        self._close_gap()
        return self._begin(until, entries, self._last_kept, direct)

    def must_have(self, offset: str) -> None:
        """Note that this worker keeps what lies behind ``offset``, and has left the keeping before that to others.

        It makes up for them, if need be, before it keeps anything: a stream takes entries in the order of the bus.
        """
        if self._gap is None or order_of(offset) > order_of(self._gap):
            self._gap = offset

    def look(self) -> str:
        """Return the entry up to which everything has been kept, by whomever."""
        self.reached = self._link.call(self._queue.kept_until, CURSOR)
        return self.reached

    def see(self, offsets: Mapping[str, str]) -> None:
        """Note up to which offset users have got everything."""
        self._link.call(self._queue.see, offsets, self._bound.seconds)

    def make_up(self, goal: str) -> None:
        """Keep what nobody has kept, up to ``goal``, and have this worker go on with it."""
        self.on_stuck()
        self.must_have(goal)
        self._close_gap()

    def read_together(self, questions: Sequence[Question]) -> list[Portion | Unkept | QueueRefusedError]:
        """Return the first portion for each question, in one trip to the queue; a refusal for those that it refuses.

        What has not been kept yet has to be asked for again later. Raises ``QueueError`` at the server's end.
        """
        return self._link.call(self._maybe_read, questions)

    def _maybe_read(self, questions: Sequence[Question]) -> list[Portion | Unkept | QueueRefusedError]:
        """Return a refusal as an answer: it may be about one user's key, and the other users need not wait for its
        end.
        """
        try:
            return [*self._portions(questions)]
        except QueueRefusedError as error:
            if len(questions) == 1:
                return [error]
        return [answer for question in questions for answer in self._maybe_read([question])]

    def _portions(self, questions: Sequence[Question]) -> Iterator[Portion | Unkept]:
        spans = [self._span(question) for question in questions]
        goals = self._goals(spans)
        ranges = iter(self._kept_in([span for span, goal in zip(spans, goals, strict=True) if goal == START]))
        for question, span, goal in zip(questions, spans, goals, strict=True):
            if goal != START:
                yield Unkept(goal)
                continue
            portion = portion_of(next(ranges), span.after)
            if portion.gone is Gone.UNKNOWN and order_of(span.after) > order_of(span.until):
                # An offset of a lost bus: everything that is kept may be new.
                [anew] = self._kept_in([span._replace(after=START)])
                portion = portion_of(anew, START)._replace(gone=Gone.UNKNOWN)
            # A user who never noted anything misses nothing.
            yield portion if question.after is not None else portion._replace(gone=None)

    def _span(self, question: Question) -> KeptSpan:
        user_id, after, until = question
        behind = self._queue.seen(user_id) if after is None else after
        return KeptSpan((stream_of(user_id), EVERYONE), behind, until or self.begins_at)

    def _goals(self, spans: Sequence[KeptSpan]) -> list[str]:
        """Return up to where somebody has yet to keep before a span can be read; ``START`` if all of it is kept.

        An offset beyond the bus is that of a lost one, and will not be reached.
        """
        reached = order_of(self.reached)
        goals = [max(span.after, span.until, key=order_of) for span in spans]
        if all(order_of(goal) <= reached for goal in goals):
            return [START] * len(spans)
        newest = order_of(self._queue.newest_id())
        return [
            max((each for each in span[1:] if reached < order_of(each) <= newest), key=order_of, default=START)
            for span in spans
        ]

    def _close_gap(self) -> None:
        """Keep what others have not, up to where this worker began. Entries that are missing there count as lost."""
        while self._gap is not None:
            goal, reached = self._gap, self.look()
            entries: Sequence[Entry] = ()
            if order_of(reached) < order_of(goal):
                entries = self._link.call(self._queue.range, reached, END, GAP_COUNT)
            if not entries:
                self._gap = None if self._gap == goal else self._gap
                continue
            before = just_before(entries[0].id)
            lost = before if number_of(before) > number_of(reached) else START
            if lost != START:
                log.error("! pushed messages up to %s left the bus before they were kept", lost)
            self._begin(entries[-1].id, self.derive(entries), lost)()

    def _begin(
        self, until: str, entries: Sequence[Kept], kept: str, direct: Sequence[int] = ()
    ) -> Callable[[], None]:
        begin = partial(self._queue.begin_keep, CURSOR, until, entries, self._bound, kept=kept, direct=direct)
        wait = self._link.begin(begin)

        def finish() -> None:
            self.kept += wait()
            self.reached = max(self.reached, until, key=order_of)
            if entries:
                self._last_kept = entries[-1].id

        return finish

    def _kept_in(self, spans: Sequence[KeptSpan]) -> list[list[KeptRange]]:
        return self._queue.kept_together(CURSOR, spans, PORTION_COUNT, size=PORTION_BYTES)


def stream_of(user_id: int | str) -> str:
    """Return the stream of what is for one user alone."""
    return f"user:{user_id}"


def portion_of(
    ranges: Sequence[KeptRange], after: str, count: int = PORTION_COUNT, size: int = PORTION_BYTES
) -> Portion:
    """Merge what was read of several streams behind ``after``, each up to ``count`` entries or ``size`` bytes, into
    one portion.

    It holds at most about ``size`` bytes, and at least one entry if there is any.
    """
    # If a stream was not read to its end, entries of others behind its last one may not be next.
    ends = [order_of(found.entries[-1].id) for found in ranges if _is_full(found, count, size)]
    entries = sorted((entry for found in ranges for entry in found.entries), key=lambda entry: order_of(entry.id))
    if ends:
        entries = [entry for entry in entries if order_of(entry.id) <= min(ends)]
    first = list(_first_of(entries, size))
    gone = next((found.gone for found in ranges if found.gone is not None), None)
    return Portion(first, first[-1].id if first else after, not ends and len(first) == len(entries), gone)


def _is_full(found: KeptRange, count: int, size: int) -> bool:
    """Return True if a stream may hold more than was read."""
    return len(found.entries) >= count or sum(len(entry.raw) for entry in found.entries) >= size


def _first_of(entries: Iterable[Entry], size: int) -> Iterable[Entry]:
    for entry in entries:
        yield entry
        size -= len(entry.raw)
        if size <= 0:
            return
