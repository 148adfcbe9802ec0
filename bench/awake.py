"""Keeps one core from going to sleep, at a priority that gives way to everything else.

A virtual core that has nothing to do is halted, and it takes tens of microseconds to wake it. On the load's core that
would be added to every latency, although no server has any part in it.

    python -m bench.awake CORE
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

LOOKS = 1_000_000


def main() -> None:
    """Spin on the core until the parent has ended."""
    parent = os.getppid()
    os.sched_setaffinity(0, {int(sys.argv[1])})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    give_way_to_sessions()
    while os.getppid() == parent:
        for _ in range(LOOKS):
            pass


def give_way_to_sessions() -> None:
    """Take a session of its own, and for it the smallest share.

    Linux may divide the time among sessions first (``sched_autogroup_enabled``). Then a priority counts within a
    session only, and the servers under measurement have their own.
    """
    os.setsid()
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")


if __name__ == "__main__":
    main()
