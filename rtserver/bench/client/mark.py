"""Mark that a producer of load leaves in a message, from which a client reads the message's age.

A mark is a JSON string: ``"~~~~`` and the nanoseconds at which its message was due. Counting marks counts deliveries,
however many of them a server has put into one frame.
"""

import re

# No frame header looks like this, though a length byte can be a "~" too; and the longer a needle of rare characters,
# the fewer bytes a search has to look at: twice the speed of a needle of two.
MARK = b'"~~~~'
MAX_AGE_NS = 3600 * 10**9
STAMP = re.compile(MARK + rb"(\d+)")


def label(stamp_ns: int) -> str:
    """The text of a mark; fit for the label of a quote's point."""
    return f"~~~~{stamp_ns}"


def count(payload: bytes) -> int:
    """Return the number of marks in a message."""
    return payload.count(MARK)


def stamps(payload: bytes) -> list[int]:
    """Return when each of a message's marks was due."""
    return [int(text) for text in STAMP.findall(payload)]


def is_plausible(age_ns: int) -> bool:
    """Return whether an age was taken from one clock: two machines' monotonic clocks may be anything apart."""
    return 0 <= age_ns < MAX_AGE_NS
