"""QueueLink: retries calls to a queue that is away or refuses, and logs each outage once.

All loops of the service thread call the queue through one link, so that an outage is one outage, however many
greenlets meet it.
"""

import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from rtserver.base.queue.port import QueueAwayError, QueueError
from rtserver.service.backoff import full_jitter

FIRST_DELAY = 0.1
LONGEST_DELAY = 2.0  # five seconds after Redis is back, every loop has found it
LOG_SECONDS = 60.0
REFUSING_SECONDS = 2 * LONGEST_DELAY  # refused calls are repeated sooner than that

T = TypeVar("T")
log = logging.getLogger(__name__)


class QueueLink:
    """Link for all calls to one queue. ``pause`` waits for seconds while the other loops go on.

    ``is_connected`` tells whether the last call got an answer, ``since`` when that began (seconds of ``now``).
    ``outages`` counts up. All three, ``is_refusing`` and ``refusal`` may be read from any thread.
    """

    def __init__(
        self,
        pause: Callable[[float], object],
        *,
        now: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._pause = pause
        self._now = now
        self._jitter = jitter
        self._is_told = False
        self._last_refusal = self._last_refusal_told = float("-inf")
        self._refusal = ""
        self.is_connected = False
        self.is_ending = False
        self.since = now()
        self.outages = 0

    @property
    def is_refusing(self) -> bool:
        """True if the queue has lately answered a call here with an error, such as a key of the wrong kind."""
        return self._now() - self._last_refusal < REFUSING_SECONDS

    @property
    def refusal(self) -> str:
        """Text of the last refusal; empty unless it ``is_refusing``."""
        return self._refusal if self.is_refusing else ""

    def call(self, operation: Callable[..., T], *args: object, is_proof: bool = True) -> T:
        """Return ``operation(*args)``, repeated until the queue does it. Raises ``QueueError`` only while
        ``is_ending``.

        An answer that may be another server's is no proof that the queue is back.
        """
        attempt = 0
        while True:
            try:
                result = operation(*args)
            except QueueError as error:
                self._on_error(error)
                if self.is_ending:
                    raise
                self._pause(full_jitter(attempt, FIRST_DELAY, LONGEST_DELAY, self._jitter))
                attempt += 1
            else:
                if is_proof and not self.is_connected:
                    self._on_answer()
                return result

    def begin(self, start: Callable[[], Callable[[], T]]) -> Callable[[], T]:
        """Start an operation, and return a function that waits for its result as ``call`` does.

        ``start`` returns a function that waits. Whatever fails, in either half, is started anew in the second one.
        """
        started: list[Callable[[], T]] = []
        with suppress(QueueError):  # the second half meets it again, or it is over by then
            started.append(start())

        def end() -> T:
            wait = started.pop() if started else start()
            return wait()

        return partial(self.call, end)

    def _on_answer(self) -> None:
        if self._is_told:
            log.info("= %.1f s later: the queue answers again", self._now() - self.since)
        self._is_told = False
        self.is_connected = True
        self.since = self._now()

    def _on_error(self, error: QueueError) -> None:
        if not isinstance(error, QueueAwayError):
            self._on_refusal(error)
            return
        if self.is_connected:
            self.is_connected = False
            self.since = self._now()
            self.outages += 1
        if not self._is_told and not self.is_ending:
            self._is_told = True
            log.error("! no queue at %s; trying until it answers", error)

    def _on_refusal(self, error: QueueError) -> None:
        """Log once a minute that the queue answers and cannot do it: an operator must act."""
        self._last_refusal = now = self._now()
        self._refusal = str(error)
        if now - self._last_refusal_told >= LOG_SECONDS:
            self._last_refusal_told = now
            log.error("! the queue refuses: %s; trying again", error)
