"""Reexec: the supervisor's program gives its place to the one that is installed now, in the same process (execve).

The process keeps its id, children, sockets and pipes. A program that does not start would take all of them down, so
a child tries first whether it is there and accepts the configuration.
"""

import logging
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence

from rtserver.bootstrap.process.child_process import ChildProcess
from rtserver.bootstrap.supervisor.child import start_child
from rtserver.bootstrap.supervisor.handover import VARIABLE, Handover

log = logging.getLogger(__name__)

REHEARSAL = "_RTSERVER_REHEARSAL"


def is_rehearsal(environ: Mapping[str, str]) -> bool:
    """Return whether this process is to find out only whether it could start."""
    return REHEARSAL in environ


class Reexec:
    """The wish to be replaced by the program that is installed now, with the options ``given``."""

    def __init__(self, given: Sequence[str]) -> None:
        self._given = given
        self._rehearsal: ChildProcess | None = None
        self._is_rehearsed = False
        self.renews = False

    def ask(self, *, renews: bool) -> None:
        """Wish for it. With ``renews`` the workers are replaced afterwards."""
        self.renews |= renews
        if self._rehearsal is None and not self._is_rehearsed:
            self._rehearsal = start_child(["serve", *self._given], {**os.environ, REHEARSAL: "1"})

    def is_due(self) -> bool:
        """Return whether it was wished for, and would work."""
        if self._rehearsal is not None:
            code = self._rehearsal.poll()
            if code is None:
                return False
            self._rehearsal = None
            self._is_rehearsed = code == 0
            if code:
                self.renews = False
                log.error("! the supervisor stays what it is: the program that is installed now does not start")
        return self._is_rehearsed

    def run(self, handover: Handover, signals: Iterable[signal.Signals]) -> None:
        """Do it. Does not return. ``signals`` wait until the new program handles them."""
        log.info("= the supervisor gives its place to the program that is installed now")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        for number in handover.files():
            os.set_inheritable(number, True)
        command = [sys.executable, "-m", "rtserver", "serve", *self._given]
        os.execve(sys.executable, command, {**os.environ, VARIABLE: handover.as_text()})
