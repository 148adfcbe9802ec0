"""LookUpRun: the connections to the site's databases, kept over batches of look-ups that follow one another.

    run = LookUpRun()
    with run.batch(): ...       a batch; the first of a run begins with connections as the site wants them
    run.end()                   nothing follows: connections go, or stay for as long as ``CONN_MAX_AGE`` says

All calls come from one thread, because Django's connections belong to a thread. To open and close a connection takes
longer than to look up forty sessions.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import close_old_connections, connections

LONGEST_SECONDS = 1.0
"""Time for which a run goes without a look at the age of its connections."""

log = logging.getLogger(__name__)


class LookUpRun:
    """See the module. ``now`` gives seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._renewed_at = float("-inf")

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Look something up. A connection that has failed, or was left in a transaction, is not used again."""
        now = self._now()
        if now - self._renewed_at >= LONGEST_SECONDS:
            self._renewed_at = now
            close_old_connections()
        else:
            for connection in connections.all(initialized_only=True):
                if connection.errors_occurred or not connection.autocommit:
                    connection.close_if_unusable_or_obsolete()
        yield

    def end(self) -> None:
        """Close the connections that the site does not keep. Never raises: nobody waits for this."""
        self._renewed_at = float("-inf")
        try:
            close_old_connections()
        except Exception:
            log.exception("! a connection of the site's database could not be closed")
