"""DemoFeed: the process that plays the demo's quotes, once for all workers."""

import logging
import os
import time
from collections.abc import Sequence

from rtserver.bootstrap.process.child_process import ChildProcess
from rtserver.bootstrap.supervisor.child import start_child
from rtserver.bootstrap.supervisor.restart_policy import RestartPolicy

log = logging.getLogger(__name__)

END_SECONDS = 5.0
POLL_SECONDS = 0.02


class DemoFeed:
    """A child that is started anew when it dies. It holds nothing that an end in disorder could lose.

    ``pid`` is the process of one that runs already.
    """

    def __init__(self, arguments: Sequence[str], pid: int | None = None) -> None:
        self._arguments = arguments
        self._policy = RestartPolicy()
        self._child = None if pid is None else ChildProcess(pid)
        self._started = self._start_at = 0.0
        self._is_stopping = False

    @property
    def pid(self) -> int | None:
        """The process; None while there is none."""
        return None if self._child is None else self._child.pid

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
            self._child = start_child(self._arguments, os.environ)

    def stop(self) -> None:
        """Ask it to end."""
        self._is_stopping = True
        if self._child is not None:
            self._child.terminate()

    def wait(self) -> None:
        """Wait for its end, for which there is not much to do."""
        deadline = time.monotonic() + END_SECONDS
        while self._child is not None:
            if time.monotonic() > deadline:
                self._child.kill()
            self.tick(time.monotonic())
            time.sleep(POLL_SECONDS)
