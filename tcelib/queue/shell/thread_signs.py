"""ThreadSigns: says on a thread of its own that a reader is alive, for programs of plain threads.

The program may compute, sleep or wait for a lock as long as it likes: its messages stay its own.
"""

import logging
import threading
from typing import Any

from tcelib.queue.error import QueueError
from tcelib.queue.reader import Reader

log = logging.getLogger(__name__)


class ThreadSigns:
    """Signs of life of one reader. The reader's queue must be fit for threads, as one on a Redis client is."""

    def __init__(self, reader: Reader[Any]) -> None:
        self._reader = reader
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"signs of {reader.name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over.wait(self._reader.rule.sign_seconds):
            try:
                self._reader.say_alive()
            except QueueError as error:
                log.warning("! no sign of life of %s: %s", self._reader.name, error)

    def close(self) -> None:
        """End the thread."""
        self._is_over.set()
        self._thread.join()
