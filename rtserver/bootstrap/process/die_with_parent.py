"""Program that becomes another one, which the kernel ends with its parent, even if SIGKILL ends the parent.

    python -I -S die_with_parent.py PARENT_PID PROGRAM [ARGUMENT ...]

It is a program of its own because the child must ask for it, and between fork and exec of a process with threads
hardly anything may run. The request survives the exec, so nothing of Python stays behind. Linux only: elsewhere the
program starts without it. See prctl(2), PR_SET_PDEATHSIG. The parent's *thread* that started the child counts, so it
must be one that stays.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Ask for SIGTERM at the parent's end, then exec ``command``, whose first item is a path."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the parent was gone before it could be watched")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
