"""Traffic: what has become of the calls of each operation. Pure, and bounded in memory.

No call is remembered for it. The table of the calls that wait has one number for each, its ticket: the moment at
which its time is over, in microseconds << 16, and its operation, which answers do not name. How long a call took is
what was allowed, less what is left.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

OPERATION = 0xFFFF
"""Low bits of a ticket and of a route: the operation. The last one stands for all those without room of their own."""
SHIFT = 16
MICROSECONDS = 1e6
MOST_OPERATIONS = 256
"""A client may name 65,536 operations of an interface. So many are told apart, of all interfaces together."""
MOST_CODES = 32
"""Errcodes that are told apart of one operation: services choose them."""
OTHER_CODE = -1
BOUNDS = (*(digit * 10**power for power in range(1, 7) for digit in (10, 15, 20, 30, 50, 70)), 10**8, 15 * 10**7)
"""Upper bounds of the classes of durations, in microseconds: 100 µs to 150 s. One more class is above them."""


def deadline_of(ticket: int) -> float:
    """Return the moment at which the time of a call is over, in seconds; not later than the ticket was given for."""
    return (ticket >> SHIFT) / MICROSECONDS


class Traffic:
    """Counts of one operation. ``allowed`` is the timeout of its route, in microseconds.

    ``calls`` counts two-way calls, ``one_way`` the others. ``classes`` has the number of answers by their duration
    (see ``BOUNDS``), ``total`` the sum of these in microseconds; ``untimed`` counts answers that came without the
    time. ``ended`` counts the calls that had no answer: refused, given up, or of a client that left. ``errors``
    counts the failed ones by errcode.
    """

    __slots__ = ("allowed", "calls", "classes", "ended", "errors", "one_way", "total", "untimed")

    def __init__(self, timeout: float) -> None:
        self.allowed = int(timeout * MICROSECONDS)
        self.calls = self.one_way = self.ended = self.total = self.untimed = 0
        self.classes = [0] * (len(BOUNDS) + 1)
        self.errors: Counter[int] = Counter()

    @property
    def answers(self) -> int:
        """Number of calls that a service has answered in time."""
        return sum(self.classes) + self.untimed

    @property
    def in_flight(self) -> int:
        """Number of calls that wait for their answers."""
        return self.calls - self.answers - self.ended

    def answer(self, ticket: int, errcode: int, now_us: int) -> None:
        """Count the answer of a call; ``now_us`` is 0 where nobody knows it."""
        if now_us:
            took = self.allowed - (ticket >> SHIFT) + now_us
            self.classes[bisect_left(BOUNDS, took)] += 1
            self.total += took
        else:
            self.untimed += 1
        if errcode:
            self.fail(errcode)

    def end(self, errcode: int = 0) -> None:
        """Count the end of a call without an answer of a service: with an error, or because its client left."""
        self.ended += 1
        if errcode:
            self.fail(errcode)

    def fail(self, errcode: int) -> None:
        """Count an error."""
        is_told = errcode in self.errors or len(self.errors) < MOST_CODES
        self.errors[errcode if is_told else OTHER_CODE] += 1


class Traffics(dict[int, Traffic]):
    """Counts by route: interface << 16 | operation. Each is made when it is first asked for.

    ``timeouts`` are those of the routes by interface, in seconds.
    """

    def __init__(self, timeouts: Mapping[int, float]) -> None:
        super().__init__()
        self._timeouts = timeouts

    def __missing__(self, route: int) -> Traffic:
        if len(self) >= MOST_OPERATIONS:
            route |= OPERATION
        found = self.get(route)
        if found is None:
            found = self[route] = Traffic(self._timeouts.get(route >> SHIFT, 0.0))
        return found

    def of_call(self, key: int, ticket: int) -> Traffic:
        """Return the counts of a call that waits, of its number (``head.parts_of``) and its ticket."""
        return self[key >> 48 << SHIFT | ticket & OPERATION]
