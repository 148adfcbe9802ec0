"""Child processes: programs that end with this process, and of whom it learns how they have ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from rtserver.bootstrap.process import die_with_parent

NOT_INHERITED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""The service manager speaks with the supervisor only."""


class Child:
    """A running child, whether this program has started it or the one before it in the same process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @classmethod
    def start(cls, arguments: Sequence[str], environ: Mapping[str, str], files: Iterable[int] = ()) -> "Child":
        """Start ``python -m rtserver`` with these arguments, in a session of its own: Ctrl-C is for this process."""
        command = [sys.executable, "-m", "rtserver", *arguments]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            pass_fds=tuple(files),
            env={name: value for name, value in environ.items() if name not in NOT_INHERITED},
            start_new_session=True,
        )
        process.returncode = 0  # ``poll`` asks in its place
        return cls(process.pid)

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, the first time that it is known; None while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
