"""OnceWorker: does the work of a handler with ``delivery = "once"``, a piece at a time, until it is done or dead.

It decides what is done next, when a failed piece is tried again, and when it is dead. The queue makes sure that one
of several workers has a piece.

A failed piece is held and tried again after a growing pause, while others go on. So the order is kept only as long as
nothing fails. Its reader (``tcelib.queue.reader``) decides what comes next and extends what is held. Pieces of a
silent worker are claimed and count as tried once: a message that kills its process does so a few times only.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import Mark, Suspect
from rtserver.base.queue.port import DeadLetter, Entry, QueueError
from rtserver.service.message import Reason, Rejected, decode
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.handler_call import HandlerCall
from rtserver.service.pipeline.isolation import LOOK_SECONDS, Isolation
from rtserver.service.pipeline.suspects import Suspects, is_poison
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import HOLD_SECONDS
from tcelib.queue.message import Delivery
from tcelib.queue.port import ReliableQueue
from tcelib.queue.reader import Reader, ReaderRule

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
FORGET_SECONDS = 3600.0
MOST_HELD = 100  # with so many failed pieces no more are taken: something that the handler needs must be away


class OnceRule(NamedTuple):
    """Number of tries of a message, and the seconds of silence after which its worker counts as dead."""

    tries: int = 5
    claim_seconds: float = 30.0


class OnceWorker:
    """Worker of one handler. ``name`` is this worker's, never used before. ``pause`` waits for seconds.

    No work begins while ``must_hold()`` is true. ``handled`` counts messages that this worker did.
    """

    def __init__(
        self,
        handler: ServiceMsgHandler,
        work: ReliableQueue[DeadLetter],
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
        self.handled = 0
        self.running: str | None = None
        self._handler_call = HandlerCall(handler, lambda: link.is_ending, dead_letters)
        reader_rule = ReaderRule(MOST_HELD, rule.claim_seconds)
        self._reader = Reader(work, name, rule=reader_rule, call=link.call, pause=pause, now=now)
        self._sign_seconds = reader_rule.sign_seconds
        self._dead_letters = dead_letters
        self._tries = rule.tries
        self._must_hold = must_hold
        self._pause = pause
        self._is_finishing = False

    @property
    def retried(self) -> int:
        """Number of messages that were begun once more."""
        return self._reader.retried

    @property
    def claimed(self) -> int:
        """Number of messages that were taken from dead workers."""
        return self._reader.claimed

    @property
    def waiting(self) -> int:
        """Number of messages that no worker had done a moment ago."""
        return self._reader.length

    @property
    def at_work(self) -> str | None:
        """Id of the message that is with the handler; None for none."""
        return self.running

    def run(self) -> None:
        """Work until ``finish``."""
        self._reader.tidy(FORGET_SECONDS)
        while not self._is_finishing:
            if self._must_hold():
                self._pause(HOLD_SECONDS)
                continue
            work = self.next()
            if work is not None:
                self.do(work)

    def run_signs_of_life(self) -> None:
        """Extend what is held, for ever, beside ``run``: a message stays this worker's, however long its handler
        takes.
        """
        while True:
            self._pause(self._sign_seconds)
            self.say_alive()

    def begin_anew(self) -> None:
        """Continue after ``run`` died: what this worker holds and does not do is tried again."""
        self._reader.begin_anew()
        self._handler_call.forget()

    def finish(self) -> None:
        """Take no more work. ``run`` returns after the message that is being handled."""
        self._is_finishing = True

    def next(self) -> Delivery | None:
        """Return work that is due again, else what a dead worker left, else new work; wait a moment for that."""
        found = self._reader.receive()
        return found[0] if found else None

    def do(self, work: Delivery) -> None:
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

    def _do(self, work: Delivery, suspect: Suspect | None) -> None:
        self.running, self._next_up = work.id, None
        try:
            self._handle(work, suspect)
        except Rejected as rejected:
            self._on_rejected(work, rejected)
        else:
            self.handled += self._reader.acknowledge([work.id])
        finally:
            self.running = None

    def say_alive(self) -> None:
        """Extend what is held, and forget what another worker has claimed."""
        self._reader.say_alive()

    def release(self) -> None:
        """Give up, at the end, what waits to be tried again: other workers may claim it at once."""
        with suppress(QueueError):  # other workers claim it later
            self._reader.give_back([self._next_up] if self._next_up is not None else [])

    def _handle(self, work: Delivery, suspect: Suspect | None) -> None:
        """Have a piece handled, unless it is poison.

        The mark knows deaths on this machine; those of other workers show in the number of tries.
        """
        if suspect is not None and is_poison(suspect):
            raise Rejected(Reason.POISON, f"{suspect.deaths} processes have died while it was with its handler")
        if work.tries > self._tries:
            raise Rejected(Reason.POISON, f"its worker died at the last of {self._tries} tries")
        message = decode(work.body)  # its signature was checked before it was kept
        self._mark.set(work.id, 0 if suspect is None else suspect.deaths)
        try:
            self._handler_call.run(Entry(work.id, work.body), message)
            self._handler_call.flush(message.src)
        except Rejected:
            self._handler_call.forget()
            self._suspects.clear(work.id)
            raise
        finally:
            self._mark.clear()
        self._suspects.clear(work.id)

    def _on_rejected(self, work: Delivery, rejected: Rejected) -> None:
        if rejected.reason is Reason.HANDLER_FAILED and work.tries < self._tries:
            self._dead_letters.tell_retry(rejected, self.msg_type)
            self._reader.retry(work.id, delay_after(work.tries))
            return
        letter = self._dead_letters.letter(Entry(work.id, work.body), rejected)
        if self._reader.bury(work.id, letter):
            self._dead_letters.count(rejected, self.msg_type)


def delay_after(tries: int) -> float:
    """Return the seconds until the next try, after ``tries`` of them."""
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** (tries - 1)))
