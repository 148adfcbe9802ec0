"""How long a gevent hub stands while one of its greenlets works."""

import time
from collections.abc import Callable

import gevent

BLOCKED_SECONDS = 0.25
"""Half of what the shortest wait on an ordinary socket takes in the tests: no wait on one is shorter."""


def longest_standing(work: Callable[[], object]) -> float:
    """Return how many seconds at most this hub ran no other greenlet while one did the work."""
    working = gevent.spawn(work)
    longest, last = 0.0, time.perf_counter()
    while not working.dead:
        gevent.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    working.get()
    return longest
