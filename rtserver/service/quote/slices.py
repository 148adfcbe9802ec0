"""Slices of a long message: its lane pauses in between, and other lanes and subscribers have their turn."""

import time
from collections.abc import Callable, Iterator

from rtserver.base.limit.cpu_quota import SLICE_SECONDS

ITEMS_OF_A_LOOK = 100
"""Items between two looks at the clock. A price takes some 2 µs, a bar of a day 35. Fewer items need no slices."""


def slices(
    count: int, pause: Callable[[float], object], *, worked: Callable[[], float] = time.thread_time
) -> Iterator[slice]:
    """Yield the parts of ``count`` items. Call ``pause(0)`` before the next one when the last ones took long.

    ``worked`` is the processor time of the thread.
    """
    begun = worked()
    for first in range(0, count, ITEMS_OF_A_LOOK):
        if first and worked() - begun >= SLICE_SECONDS:
            pause(0)
            begun = worked()
        yield slice(first, first + ITEMS_OF_A_LOOK)
