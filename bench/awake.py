"""Keeps one core from going to sleep, at a priority that gives way to everything else.

A virtual core that has nothing to do is halted, and it takes tens of microseconds to wake it. On the load's core that
would be added to every latency, although no server has any part in it.

    python -m bench.awake CORE
"""

import os
import sys

LOOKS = 1_000_000


def main() -> None:
    """Spin on the core until the parent has ended."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    parent = os.getppid()
    while os.getppid() == parent:
        for _ in range(LOOKS):
            pass


if __name__ == "__main__":
    main()
