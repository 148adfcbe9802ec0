"""KeptLoop: a loop of the service thread that begins anew when it dies, with growing pauses.

It decides what counts as a death. The caller passes in how it pauses.
"""

import logging
from collections.abc import Callable

from rtserver.base.failure.containment import is_stop
from rtserver.base.queue.port import QueueError
from rtserver.service.thread.restart_policy import RestartPolicy
from rtserver.service.wait import nothing

log = logging.getLogger(__name__)


class KeptLoop:
    """One loop. ``begin_anew`` prepares the next ``run`` after a death.

    ``is_ending()`` is true while the thread goes down: then a loop that dies is over. ``pause`` waits for seconds, or
    until the end begins. ``policy`` holds the counts; ``has_returned`` is True once the loop came to its end by
    itself. Both may be read from any thread.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[], None],
        begin_anew: Callable[[], None] = nothing,
        *,
        pause: Callable[[float], object],
        is_ending: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self.name = name
        self.policy = RestartPolicy()
        self.has_returned = False
        self._run = run
        self._begin_anew = begin_anew
        self._pause = pause
        self._is_ending = is_ending
        self._now = now

    def run(self) -> None:
        """Run the loop until it returns. Raises ``StopRequest`` alone."""
        while not self._is_finished():
            if self._is_ending():
                return
            self._wait(self._now() + self.policy.on_death(self._now()))

    def _is_finished(self) -> bool:
        """Run the loop once. Return True if it came to its end, False if it died."""
        try:
            if self.policy.is_down:
                self._begin_anew()
                self.policy.on_restart()
            self._run()
        except BaseException as error:
            if is_stop(error):
                raise
            if isinstance(error, QueueError) and self._is_ending():
                log.error("! %s ended because the queue is away: %s", self.name, error)
            else:
                log.critical("! the loop of %s died; it begins anew", self.name, exc_info=error)
            return False
        self.has_returned = True
        return True

    def _wait(self, due: float) -> None:
        while not self._is_ending() and (left := due - self._now()) > 0:
            try:
                self._pause(left)
            except BaseException as error:
                # A timeout that a handler left behind is raised in whatever its greenlet does next.
                if is_stop(error):
                    raise
                log.error("! %s: in the pause after its death", self.name, exc_info=error)
