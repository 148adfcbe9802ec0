"""Schedule of a steady rate.

What is late keeps the moment at which it was due, and latency counts from that moment: a server that stalls is
charged with all that should have been sent meanwhile, and not only with the one request that was under way.
"""

NS = 1_000_000_000


class Schedule:
    """``rate`` things a second from ``begun_ns`` on, in nanoseconds of any clock. ``rate`` is above 0."""

    def __init__(self, rate: float, begun_ns: int) -> None:
        self._rate = rate
        self._begun_ns = begun_ns
        self._number = 0

    @property
    def next_ns(self) -> int:
        """Moment at which the next one is due."""
        return self._begun_ns + int(self._number * NS / self._rate)

    def take(self, now_ns: int) -> int | None:
        """Take the next one if it is due by now; return when it was due, or None."""
        due = self.next_ns
        if due > now_ns:
            return None
        self._number += 1
        return due
