"""DemoFeed: the process that plays the demo's quotes, once for all workers."""

import logging
import os
import signal
import time
from collections.abc import Sequence

from rtserver.bootstrap.supervisor.child import Child
from rtserver.bootstrap.supervisor.restart_policy import RestartPolicy

log = logging.getLogger(__name__)

END_SECONDS = 5.0
POLL_SECONDS = 0.02


class DemoFeed:
    """A child that is started anew when it dies. It holds nothing that an end in disorder could lose."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._policy = RestartPolicy()
        self._child: Child | None = None
        self._started = self._start_at = 0.0
        self._is_stopping = False

    def tick(self, now: float) -> None:
        """Start it if that is due."""
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return
            self._child = None
            self._start_at = self._policy.on_death(now, self._started)
            if not self._is_stopping:
                log.error("! the demo's feed ended with %d", code)
        if not self._is_stopping and now >= self._start_at:
            self._started = now
            self._child = Child.start(self._arguments, os.environ)

    def stop(self) -> None:
        """Ask it to end."""
        self._is_stopping = True
        if self._child is not None:
            self._child.send(signal.SIGTERM)

    def wait(self) -> None:
        """Wait for its end, for which there is not much to do."""
        deadline = time.monotonic() + END_SECONDS
        while self._child is not None:
            if time.monotonic() > deadline:
                self._child.send(signal.SIGKILL)
            self.tick(time.monotonic())
            time.sleep(POLL_SECONDS)
