"""Processor time that a server spends on what it does."""

import time
from collections.abc import Callable

from bench.comparison import Numbers
from bench.process import cpu_seconds


def measured(pid: int, measure: Callable[[], Numbers], seconds_of: Callable[[int], float] = cpu_seconds) -> Numbers:
    """Measure a rate, ``per_second``, and what the server of that ``pid`` spends meanwhile.

    ``server_busy`` is its share of a core; where that is far below 1, something else was the limit. ``per_core`` is
    the rate for a second of processor time, ``cpu_us`` the microseconds of it for one.
    ``seconds_of`` a process is its processor time so far.
    """
    begun, spent = time.perf_counter(), seconds_of(pid)
    numbers = measure()
    spent = seconds_of(pid) - spent
    took = time.perf_counter() - begun
    count = numbers["per_second"] * took
    numbers["server_busy"] = round(spent / took, 2)
    if spent and count:
        numbers |= {"per_core": round(count / spent), "cpu_us": round(1e6 * spent / count, 3)}
    return numbers
