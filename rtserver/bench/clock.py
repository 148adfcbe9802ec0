"""The clock that both sides of a measurement read, in nanoseconds."""

import time
from collections.abc import Callable


def clock(wall: bool) -> Callable[[], int]:
    """Return the wall clock or the monotonic clock.

    The monotonic clock is one for all processes of a machine and no other machine's. The wall clock is shared as well
    as the machines' clocks are kept.
    """
    return time.time_ns if wall else time.monotonic_ns
