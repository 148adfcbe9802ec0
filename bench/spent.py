"""Processor time that a server spends on what it does."""

import time
from collections.abc import Callable

from bench.comparison import Numbers
from bench.process import cpu_seconds


def measured(pid: int, measure: Callable[[], Numbers]) -> Numbers:
    """Measure a rate, ``per_second``, and what the server of that ``pid`` spends meanwhile.

    ``server_busy`` is its share of a core; where that is far below 1, something else was the limit. ``per_core`` is
    the rate for a second of processor time, ``cpu_us`` the microseconds of it for one.
    """
    begun, spent = time.perf_counter(), cpu_seconds(pid)
    numbers = measure()
    spent = cpu_seconds(pid) - spent
    took = time.perf_counter() - begun
    count = numbers["per_second"] * took
    numbers["server_busy"] = round(spent / took, 2)
    if spent and count:
        numbers |= {"per_core": round(count / spent), "cpu_us": round(1e6 * spent / count, 3)}
    return numbers
