"""DeadLetterWriter: the loop that writes dead letters to the queue, many at a time.

A flood of bad messages must not slow down the good ones, so the letters have a loop of their own.
"""

from rtserver.base.queue.port import QueuePort
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import Event

BURY_LIMIT = 500
"""Letters that one call writes at most."""


class DeadLetterWriter:
    """Writes the letters in ``dead_letters`` to ``queue``. ``awake`` is what the loop sleeps on."""

    def __init__(self, dead_letters: DeadLetters, queue: QueuePort, link: QueueLink, awake: Event) -> None:
        self._dead_letters = dead_letters
        self._queue = queue
        self._link = link
        self._awake = awake
        self._is_finishing = False
        dead_letters.wake = awake.set

    def run(self) -> None:
        """Write what waits, then sleep. Returns once ``finish`` was called and no letter is left."""
        while True:
            self._awake.clear()
            while letters := self._dead_letters.peek(BURY_LIMIT):
                self._link.call(self._queue.bury, letters)
                self._dead_letters.forget(len(letters))
            if self._is_finishing:
                return
            self._awake.wait()

    def finish(self) -> None:
        """Make ``run`` return once every letter is written. To be called when no more are added."""
        self._is_finishing = True
        self._awake.set()
