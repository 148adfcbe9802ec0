"""Becomes another program that the kernel ends with its parent, even if the parent is killed with SIGKILL.

    python -I -S die_with_parent.py PARENT_PID PROGRAM [ARGUMENT ...]

It is a program of its own because the wish has to be made in the child, and between fork and exec of a process with
threads hardly anything may run. The wish survives the exec, so nothing of Python stays behind. Linux only: elsewhere
the program is started without it (prctl(2), PR_SET_PDEATHSIG; it counts the parent's *thread* that started the child,
so that has to be one that stays).
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
