"""Seconds for which a gevent hub stands while one of its greenlets works."""

import time
from collections.abc import Callable
from pathlib import Path

import gevent

STANDING_SECONDS = 0.05
"""Most that the hub of the service thread may stand, whatever becomes of Redis."""


def longest_standing(work: Callable[[], object]) -> float:
    """Return how many seconds at most this hub ran no other greenlet while one did the work.

    Time in which the thread was ready to run and other programs had the processors does not count.
    """
    working = gevent.spawn(work)
    longest, last = 0.0, _own_time()
    while not working.dead:
        gevent.sleep(0.001)
        now = _own_time()
        longest, last = max(longest, now - last), now
    working.get()
    return longest


def _own_time() -> float:
    """Return the time without what the thread has waited for a processor, which Linux counts in nanoseconds."""
    waited = Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]
    return time.perf_counter() - int(waited) / 1e9
