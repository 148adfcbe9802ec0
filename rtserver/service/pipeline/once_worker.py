"""OnceWorker: does the work of a handler with ``delivery = "once"``, a piece at a time, until it is done or dead.

It decides what is done next, when a failed piece is tried again, and when it is dead. The queue makes sure that one
of several workers has a piece.

A failed piece is held and tried again after a growing pause, while others go on. So the order is kept only as long as
nothing fails. The worker renews what it holds. Pieces of a silent worker are claimed and count as tried once: a
message that kills its process does so a few times only.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import Mark, Suspect
from rtserver.base.queue.port import Entry, QueueError
from rtserver.base.queue.work_port import Work, WorkPort
from rtserver.service.message import Reason, Rejected, decode
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.handler_call import HandlerCall
from rtserver.service.pipeline.isolation import LOOK_SECONDS, Isolation
from rtserver.service.pipeline.suspects import Suspects, is_poison
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import HOLD_SECONDS

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
TAKE_SECONDS = 1.0  # a wait for work; then the work of silent workers is looked for
FORGET_SECONDS = 3600.0
MOST_HELD = 100  # with so many failed pieces no more are taken: something that the handler needs must be away
SIGNS_OF_LIFE = 4  # renewals within the time after which a worker counts as dead


class OnceRule(NamedTuple):
    """Number of tries of a message, and the seconds of silence after which its worker counts as dead."""

    tries: int = 5
    claim_seconds: float = 30.0


class OnceWorker:
    """Worker of one handler. ``name`` is this worker's, never used before. ``pause`` waits for seconds.

    No work begins while ``must_hold()`` is true. ``handled``, ``retried`` and ``claimed`` count messages that this
    worker did, began once more, and took from dead workers. ``waiting`` is the number that no worker had done a
    moment ago.
    """

    def __init__(
        self,
        handler: ServiceMsgHandler,
        work: WorkPort,
        link: QueueLink,
        dead_letters: DeadLetters,
        name: str,
        *,
        rule: OnceRule,
        must_hold: Callable[[], bool],
        pause: Callable[[float], object],
        now: Callable[[], float] = time.monotonic,
        mark: Mark | None = None,
        isolation: Isolation | None = None,
    ) -> None:
        self._mark = mark or MemoryMarks().mark(name)
        self._suspects = Suspects(self._mark)
        self._isolation = isolation or Isolation(lambda owner: True, pause=pause, now=now)
        self._next_up: str | None = None  # taken, waiting for its turn
        self.msg_type = handler.msg_type
        self.handled = self.retried = self.claimed = self.waiting = 0
        self.running: str | None = None
        self._handler_call = HandlerCall(handler, lambda: link.is_ending)
        self._work = work
        self._link = link
        self._dead_letters = dead_letters
        self._name = name
        self._rule = rule
        self._must_hold = must_hold
        self._pause = pause
        self._now = now
        self._due: dict[str, float] = {}  # when each failed piece is tried again
        self._look_at = now()  # when the work of silent workers is looked for
        self._outages = link.outages
        self._is_finishing = False

    @property
    def at_work(self) -> str | None:
        """Id of the message that is with the handler; None for none."""
        return self.running

    def run(self) -> None:
        """Work until ``finish``."""
        self._link.call(self._work.tidy, FORGET_SECONDS)
        while not self._is_finishing:
            if self._must_hold():
                self._pause(HOLD_SECONDS)
                continue
            work = self.next()
            if work is not None:
                self.do(work)

    def run_signs_of_life(self) -> None:
        """Renew what is held, for ever, beside ``run``: a message stays this worker's, however long its handler
        takes.
        """
        while True:
            self._pause(self._rule.claim_seconds / SIGNS_OF_LIFE)
            self.say_alive()

    def begin_anew(self) -> None:
        """Continue after ``run`` died: what this worker holds and does not do is tried again."""
        self._outages = -1
        self._handler_call.forget()

    def finish(self) -> None:
        """Take no more work. ``run`` returns after the message that is being handled."""
        self._is_finishing = True

    def next(self) -> Work | None:
        """Return work that is due again, else what a dead worker left, else new work; wait a moment for that."""
        if self._link.outages != self._outages:
            self._ask_what_was_given()
        now = self._now()
        first = min(self._due, key=self._due.__getitem__, default=None)
        if first is not None and self._due[first] <= now:
            return self._again(first)
        if now >= self._look_at:
            return self._claim(now)
        wait = min(TAKE_SECONDS, self._look_at - now, *([self._due[first] - now] if first is not None else []))
        if len(self._due) >= MOST_HELD:
            self._pause(wait)
            return None
        return self._link.call(self._work.take, self._name, wait)

    def do(self, work: Work) -> None:
        """Have one piece handled, and report the result. A suspect is handed over alone."""
        self._next_up = work.id
        suspect = self._suspects.find(work.id)
        if suspect is None or is_poison(suspect):
            while self._isolation.holds_up(self):
                self._pause(LOOK_SECONDS)
            self._do(work, suspect)
        else:
            with self._isolation.alone(self):
                self._do(work, suspect)

    def _do(self, work: Work, suspect: Suspect | None) -> None:
        self.running, self._next_up = work.id, None
        try:
            self._handle(work, suspect)
        except Rejected as rejected:
            self._on_rejected(work, rejected)
        else:
            self.handled += self._link.call(self._work.finish, work.id)
        finally:
            self.running = None

    def say_alive(self) -> None:
        """Renew what is held, and forget what another worker has claimed."""
        held = [*self._due, *(work_id for work_id in (self.running, self._next_up) if work_id is not None)]
        still_mine = self._link.call(self._work.renew, self._name, held)
        for work_id in set(held) - still_mine:
            self._due.pop(work_id, None)

    def release(self) -> None:
        """Give up, at the end, what waits to be tried again: other workers may claim it at once."""
        with suppress(QueueError):  # other workers claim it later
            waiting = [*self._due, *([self._next_up] if self._next_up is not None else [])]
            self._link.call(self._work.release, self._name, waiting)

    def _ask_what_was_given(self) -> None:
        """Find pieces whose delivery was lost with a connection: they are ours, and only we can know."""
        self._outages = self._link.outages
        for work_id in self._link.call(self._work.held, self._name, MOST_HELD):
            self._due.setdefault(work_id, self._now())

    def _again(self, work_id: str) -> Work | None:
        del self._due[work_id]
        work = self._link.call(self._work.again, self._name, work_id)
        self.retried += work is not None
        return work

    def _claim(self, now: float) -> Work | None:
        work = self._link.call(self._work.claim, self._name, self._rule.claim_seconds)
        self.waiting = self._link.call(self._work.waiting)
        if work is None:  # otherwise there may be more
            self._look_at = now + min(TAKE_SECONDS, self._rule.claim_seconds)
        else:
            self.claimed += 1
        return work

    def _handle(self, work: Work, suspect: Suspect | None) -> None:
        """Have a piece handled, unless it is poison.

        The mark knows deaths on this machine; those of other workers show in the number of tries.
        """
        if suspect is not None and is_poison(suspect):
            raise Rejected(Reason.POISON, f"{suspect.deaths} processes have died while it was with its handler")
        if work.tries > self._rule.tries:
            raise Rejected(Reason.POISON, f"its worker died at the last of {self._rule.tries} tries")
        message = decode(work.raw)  # its signature was checked before it was kept
        self._mark.set(work.id, 0 if suspect is None else suspect.deaths)
        try:
            self._handler_call.run(Entry(work.id, work.raw), message)
            self._handler_call.flush(message.src)
        except Rejected:
            self._handler_call.forget()
            self._suspects.clear(work.id)
            raise
        finally:
            self._mark.clear()
        self._suspects.clear(work.id)

    def _on_rejected(self, work: Work, rejected: Rejected) -> None:
        if rejected.reason is Reason.HANDLER_FAILED and work.tries < self._rule.tries:
            self._dead_letters.tell_retry(rejected, self.msg_type)
            self._due[work.id] = self._now() + delay_after(work.tries)
            return
        letter = self._dead_letters.letter(Entry(work.id, work.raw), rejected)
        if self._link.call(self._work.bury, work.id, letter):
            self._dead_letters.count(rejected, self.msg_type)


def delay_after(tries: int) -> float:
    """Return the seconds until the next try, after ``tries`` of them."""
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** (tries - 1)))
