"""Watchdog: a native thread that logs the stack of a thread which does not turn.

While a thread holds the interpreter's lock the watchdog stands as well, but it finds that thread where it was, as
soon as the lock is free. It sleeps until the earliest moment of a stall, and so costs next to nothing.
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
    """Watch on threads by their beats; the keys are the threads' idents.

    ``on_failure`` is called on the watchdog's own thread if it dies, because no stall would be logged any more.
    Threads whose beats have no limit are not watched.
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
        """Start the watchdog's thread."""
        if self._judges:
            self._thread.start()

    def stop(self) -> None:
        """Stop the watchdog's thread, and wait for its end."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """Look at all threads once."""
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
