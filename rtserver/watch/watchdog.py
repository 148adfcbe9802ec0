"""A native thread that sees when another one does not turn, and logs what it is doing instead.

It cannot see what holds the interpreter's lock, for then it stands as well; but the one who held it is found where it
was, as soon as it lets go. It sleeps until the moment from which on a stall would be one, and costs next to nothing.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping

from rtserver.watch.beat import Beat
from rtserver.watch.stack_log import log_stack
from rtserver.watch.stall import StallChange, StallJudge

log = logging.getLogger(__name__)

NAME = "rtserver-watchdog"


class Watchdog:
    """Watches threads by the beats that they give; the keys are their idents.

    ``on_failure`` is called on its thread if it dies: without it nobody would hear of a stall. Where nobody's beats
    have a limit there is nothing to do.
    """

    def __init__(
        self,
        beats: Mapping[int, Beat],
        on_failure: Callable[[BaseException], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._judges = {ident: StallJudge(beat) for ident, beat in beats.items() if beat.limit}
        self._on_failure = on_failure
        self._now = now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        if self._judges:
            self._thread.start()

    def stop(self) -> None:
        """Watch no more. Returns when the thread has ended."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """One look at all of them."""
        for ident, judge in self._judges.items():
            match judge.look(self._now()):
                case StallChange.STANDS:
                    self._tell_where(ident, judge.beat)
                case StallChange.GOES_ON:
                    log.warning("= the %s thread turns again, after %.2f s", judge.beat.name, judge.beat.latest)

    def _next_look(self) -> float:
        now = self._now()
        return min(judge.next_look(now) for judge in self._judges.values())

    def _tell_where(self, ident: int, beat: Beat) -> None:
        frame = sys._current_frames().get(ident)
        if frame is None:
            return  # it has ended
        text = f"! the {beat.name} thread has not turned for {self._now() - beat.last:.2f} s; it is here:"
        log_stack(log, logging.WARNING, text, frame)

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._next_look()):
                self.look()
        except BaseException as error:
            log.critical("! the watchdog died", exc_info=True)
            self._on_failure(error)
