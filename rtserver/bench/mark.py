"""The mark that a producer of load leaves in a message, and how its age is read again.

A mark is a JSON string: ``"~`` and the nanoseconds at which its message was due. Counting marks counts deliveries,
however many of them a server has put into one frame.
"""

import re
import time
from collections.abc import Callable

MARK = b'"~'
MAX_AGE_NS = 3600 * 10**9
_STAMP = re.compile(rb'"~(\d+)"')


def label(stamp_ns: int) -> str:
    """The text of a mark; fit for the label of a quote's point."""
    return f"~{stamp_ns}"


def count(payload: bytes) -> int:
    """How many marks are in a message."""
    return payload.count(MARK)


def stamps(payload: bytes) -> list[int]:
    """When each of them was due."""
    return [int(text) for text in _STAMP.findall(payload)]


def is_plausible(age_ns: int) -> bool:
    """Whether an age was taken from one clock: two machines' monotonic clocks may be anything apart."""
    return 0 <= age_ns < MAX_AGE_NS


def clock(wall: bool) -> Callable[[], int]:
    """The clock that both sides of a measurement read, in nanoseconds.

    The monotonic clock is one for all processes of a machine and no other machine's. The wall clock is shared as well
    as the machines' clocks are kept.
    """
    return time.time_ns if wall else time.monotonic_ns
