"""UserStreams: the messages kept for each user and for everyone, and what each user has seen.

It decides which stream a message belongs to, and what a portion of two streams is. Everything kept here is derived
from the bus, so all workers may do it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    order_of,
)
from rtserver.service.queue_link import QueueLink

CURSOR = "pushuser"
EVERYONE = "user:*"
PORTION_COUNT = 100
PORTION_BYTES = 65_536


class Portion(NamedTuple):
    """Consecutive entries, the last of which is ``after``. ``is_all`` is True if no more follow."""

    entries: list[Entry]
    after: str
    is_all: bool
    gone: Gone | None


class Question(NamedTuple):
    """A question for what is kept for a user; for None see ``message.Resume``."""

    user_id: str
    after: str | None
    until: str | None


class UserStreams:
    """Streams of all users. ``kept`` counts what this worker has kept; the handler that keeps sets ``begins_at``.

    Calls wait until the queue answers, as ``QueueLink`` does.
    """

    def __init__(self, queue: QueuePort, link: QueueLink, bound: Bound) -> None:
        self._queue = queue
        self._link = link
        self._bound = bound
        self.begins_at = ""
        self.kept = 0
        self._last_kept = START

    def begin(self) -> str:
        """Return where this worker begins: everything on the bus up to there has been kept. Raises ``QueueError``."""
        self.begins_at = self._queue.begin_keeping(CURSOR)
        return self.begins_at

    def keep(self, until: str, entries: Sequence[Kept]) -> None:
        """Keep the entries, which are all that there are up to ``until``. Raises ``QueueError`` at the server's
        end only.
        """
        keep = partial(self._queue.keep, CURSOR, until, entries, self._bound, kept=self._last_kept)
        self.kept += self._link.call(keep)
        if entries:
            self._last_kept = entries[-1].id

    def see(self, offsets: Mapping[str, str]) -> None:
        """Note up to which offset users have got everything."""
        self._link.call(self._queue.see, offsets, self._bound.seconds)

    def read_together(self, questions: Sequence[Question]) -> list[Portion | QueueRefusedError]:
        """Return the first portion for each question, in one trip to the queue; a refusal for those that it refuses.

        Raises ``QueueError`` at the server's end.
        """
        return self._link.call(self._maybe_read, questions)

    def _maybe_read(self, questions: Sequence[Question]) -> list[Portion | QueueRefusedError]:
        """Return a refusal as an answer: it may be about one user's key, and the other users need not wait for its
        end.
        """
        try:
            return [*self._portions(questions)]
        except QueueRefusedError as error:
            if len(questions) == 1:
                return [error]
        return [answer for question in questions for answer in self._maybe_read([question])]

    def _portions(self, questions: Sequence[Question]) -> Iterator[Portion]:
        spans = [self._span(question) for question in questions]
        for question, span, found in zip(questions, spans, self._kept_in(spans), strict=True):
            portion = portion_of(found, span.after)
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
