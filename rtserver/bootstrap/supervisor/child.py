"""Children of the supervisor: programs of ours that end with it, and of whom it learns how they have ended."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence

from rtserver.bootstrap.process import die_with_parent
from rtserver.bootstrap.process.child_process import ChildProcess

NOT_INHERITED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""The service manager speaks with the supervisor only."""


def start_child(arguments: Sequence[str], environ: Mapping[str, str], files: Iterable[int] = ()) -> ChildProcess:
    """Start ``python -m rtserver`` with these arguments, in a session of its own: Ctrl-C is for this process."""
    command = [sys.executable, "-m", "rtserver", *arguments]
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        pass_fds=tuple(files),
        env={name: value for name, value in environ.items() if name not in NOT_INHERITED},
        start_new_session=True,
    )
    process.returncode = 0  # a ``ChildProcess`` asks in its place
    return ChildProcess(process.pid)
