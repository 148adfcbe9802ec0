"""Reader: decides what a reader of a reliable queue gets next, and knows which messages it holds.

Every loop over such a queue is built on it. The order is: what is due for another try, what a silent reader has left,
what is new. A held message stays this reader's as long as ``say_alive`` is called often enough, however long the work
takes. It waits in the queue and in ``pause`` only, so it fits a thread and a gevent hub.
"""

import math
import time
from collections.abc import Callable, Collection
from operator import itemgetter
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from tcelib.queue.error import QueueAwayError
from tcelib.queue.message import Delivery
from tcelib.queue.port import ReliableQueue

LOOK_SECONDS = 1.0
"""A wait for something new; then the messages of silent readers are looked for."""
CLAIM_BOUNDS = (0.01, 86_400.0)
"""Seconds of silence: with shorter ones a reader would claim what is in its own hands; what is given back counts as
silent for a day.
"""
SIGNS_OF_LIFE = 4
"""Calls of ``say_alive`` within the time after which a reader counts as dead."""

L = TypeVar("L")
T = TypeVar("T")


class Call(Protocol):
    """Calls the queue, and may repeat what failed."""

    def __call__(self, operation: Callable[..., T], /, *args: object) -> T:
        """Return ``operation(*args)``."""


Claim: TypeAlias = Callable[[str, int, float], list[Delivery]]
"""Takes the reader's name, the most messages and the seconds of silence, as ``ReliableQueue.claim`` does."""


class ReaderRule(NamedTuple):
    """Most messages that a reader holds, and the seconds of silence after which it counts as dead.

    A reader raises ``ValueError`` for fewer than one message, or for seconds outside ``CLAIM_BOUNDS``.
    """

    most_held: int = 100
    claim_seconds: float = 30.0

    @property
    def sign_seconds(self) -> float:
        """Seconds between two signs of life."""
        return self.claim_seconds / SIGNS_OF_LIFE


def call_once(operation: Callable[..., T], /, *args: object) -> T:
    """See ``Call``. Repeats nothing."""
    return operation(*args)


class Reader(Generic[L]):
    """One reader. ``name`` is its own, never used before. ``pause`` waits for seconds. May raise ``QueueError``.

    ``claimed`` and ``retried`` count messages that it took from silent readers and that it began once more.
    ``length`` is that of the queue, a moment ago. ``claim`` takes the place of the queue's. ``say_alive`` may be
    called from another greenlet or thread.
    """

    def __init__(
        self,
        queue: ReliableQueue[L],
        name: str,
        *,
        rule: ReaderRule = ReaderRule(),  # noqa: B008 (a tuple)
        call: Call = call_once,
        pause: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.monotonic,
        claim: Claim | None = None,
    ) -> None:
        if rule.most_held < 1:
            raise ValueError(f"most_held: {rule.most_held}; a reader holds at least one message")
        least, most = CLAIM_BOUNDS
        if not least <= rule.claim_seconds <= most:
            raise ValueError(f"claim_seconds: {rule.claim_seconds}; allowed are {least} to {most}")
        self.name = name
        self.claimed = self.retried = self.length = 0
        self.rule = rule
        self._queue = queue
        self._claim_from = claim
        self._call = call
        self._pause = pause
        self._now = now
        self._due: dict[str, float] = {}  # when each failed message is tried again
        self._in_hand: dict[str, None] = {}
        self._look_at = now()  # when the messages of silent readers are looked for
        self._is_unsure = False  # a delivery may have been lost with a connection
        self._is_draining = False

    @property
    def held(self) -> int:
        """Number of messages that the reader holds: in hand, or waiting for another try."""
        return len(self._due) + len(self._in_hand)

    def receive(self, count: int = 1, timeout: float = LOOK_SECONDS) -> list[Delivery]:
        """Return the next messages, at most ``count`` and no more than the reader may hold.

        Waits up to ``timeout`` seconds, or less: an empty list does not say that the queue is empty.
        """
        if self._is_draining:
            return []
        if self._is_unsure:
            self._ask_what_is_held()
        now = self._now()
        # A copy: ``say_alive`` may forget a message at any moment.
        next_id, due_at = min(self._due.copy().items(), key=itemgetter(1), default=("", math.inf))
        if due_at <= now:
            return self._again(next_id)
        room = min(count, self.rule.most_held - self.held)
        if now >= self._look_at:
            return self._claim(now, room)
        wait = min(timeout, self._look_at - now, due_at - now)
        if room <= 0:
            self._pause(wait)
            return []
        return self._in_hands(self._deliver(self._queue.take, self.name, room, wait))

    def wait_for(self, count: int, timeout: float) -> list[Delivery]:
        """Return the next messages like ``receive``, but wait all of ``timeout`` seconds for a first one."""
        deadline = self._now() + timeout
        while not (found := self.receive(count, max(0.0, deadline - self._now()))):
            if self._is_draining or not self._now() < deadline:
                break
        return found

    def acknowledge(self, message_ids: Collection[str]) -> int:
        """Remove messages that are done. Return how many no other reader had removed."""
        count = self._call(self._queue.acknowledge, message_ids)
        self._let_go(message_ids)
        return count

    def retry(self, message_id: str, delay: float) -> None:
        """Keep a message, and try it again after ``delay`` seconds."""
        self._in_hand.pop(message_id, None)
        self._due[message_id] = self._now() + max(0.0, delay)

    def bury(self, message_id: str, letter: L) -> bool:
        """Make a message a dead letter. False if another reader has removed it."""
        is_buried = self._call(self._queue.bury, message_id, letter)
        self._let_go([message_id])
        return is_buried

    def give_back(self, message_ids: Collection[str] = ()) -> None:
        """Release what waits for another try, and these messages: others may claim them at once."""
        released = [*self._due, *message_ids]
        self._call(self._queue.release, self.name, released)
        self._let_go(released)

    def drain(self) -> None:
        """Take no more. What waits for another try is given back; what is in hand may still be acknowledged."""
        self._is_draining = True
        self.give_back()

    def leave(self) -> None:
        """Take no more, and give back all that is held."""
        self._is_draining = True
        self.give_back([*self._in_hand])

    def say_alive(self) -> None:
        """Extend what is held, and forget what another reader has claimed."""
        held = [*self._due, *self._in_hand]
        self._let_go(set(held) - self._call(self._queue.extend, self.name, held))

    def begin_anew(self) -> None:
        """Continue after the loop around the reader died: what it had in hand is tried again."""
        self._in_hand.clear()
        self._is_unsure = True

    def tidy(self, silence: float) -> None:
        """Forget readers that hold nothing and have been silent for ``silence`` seconds."""
        self._call(self._queue.tidy, silence)

    def _again(self, message_id: str) -> list[Delivery]:
        self._due.pop(message_id, None)
        found = self._deliver(self._queue.again, self.name, message_id)
        self.retried += found is not None
        return self._in_hands([] if found is None else [found])

    def _claim(self, now: float, room: int) -> list[Delivery]:
        self.length = self._call(self._queue.length)  # first: it may fail, and what is claimed must come to hand
        claim = self._claim_from or self._queue.claim
        claimed = self._deliver(claim, self.name, room, self.rule.claim_seconds) if room > 0 else []
        if not claimed:  # otherwise there may be more
            self._look_at = now + min(LOOK_SECONDS, self.rule.claim_seconds)
        self.claimed += len(claimed)
        return self._in_hands(claimed)

    def _deliver(self, operation: Callable[..., T], *args: object) -> T:
        """Call the queue. If a connection breaks meanwhile, a delivery may be lost with it."""

        def noted(*args: object) -> T:
            try:
                return operation(*args)
            except QueueAwayError:
                self._is_unsure = True
                raise

        return self._call(noted, *args)

    def _ask_what_is_held(self) -> None:
        """Find messages whose delivery was lost with a connection: they are ours, and only we can know."""
        for message_id in self._call(self._queue.held, self.name, self.rule.most_held):
            if message_id not in self._in_hand:
                self._due.setdefault(message_id, self._now())
        self._is_unsure = False

    def _in_hands(self, deliveries: list[Delivery]) -> list[Delivery]:
        self._in_hand.update((delivery.id, None) for delivery in deliveries)
        return deliveries

    def _let_go(self, message_ids: Collection[str]) -> None:
        for message_id in message_ids:
            self._due.pop(message_id, None)
            self._in_hand.pop(message_id, None)
