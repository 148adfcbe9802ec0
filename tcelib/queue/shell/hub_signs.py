"""HubSigns: says on a greenlet of its own that a reader is alive, for the programs of a gevent hub.

While a handler waits, the hub goes on, and so do the signs. A handler that computes for longer than the reader may be
silent stops the whole hub; then another reader may claim its message.
"""

import logging
from typing import Any

import gevent

from tcelib.queue.error import QueueError
from tcelib.queue.reader import Reader

log = logging.getLogger(__name__)


class HubSigns:
    """Signs of life of one reader. The reader's queue must be on gevent's sockets."""

    def __init__(self, reader: Reader[Any]) -> None:
        self._reader = reader
        self._greenlet = gevent.spawn(self._run)

    def _run(self) -> None:
        while True:
            gevent.sleep(self._reader.rule.sign_seconds)
            try:
                self._reader.say_alive()
            except QueueError as error:
                log.warning("! no sign of life of %s: %s", self._reader.name, error)

    def close(self) -> None:
        """End the greenlet."""
        self._greenlet.kill()

    def forget(self) -> None:
        """End the greenlet of a parent process, in its child."""
        self._greenlet.kill(block=False)
