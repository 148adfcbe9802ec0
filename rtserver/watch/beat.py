"""Beats of a thread, which show that it turns. A watch looks at the last one.

Pure: the time is passed in. A beat belongs to one thread and may be read from any.
"""

BEATS_PER_STALL = 2.5  # no stall is missed; a turn of three fifths of one may be taken for a stall
REST_SECONDS = 0.5


class Beat:
    """Beats of one thread, which beats each ``interval`` seconds.

    A time of ``limit`` seconds without a beat is a stall; 0 is no limit. ``stalls`` counts those that are over;
    ``longest`` and ``latest`` are the durations of two of them.
    """

    def __init__(self, name: str, now: float, limit: float = 0.0) -> None:
        self.name = name
        self.limit = limit
        self.interval = min(REST_SECONDS, limit / BEATS_PER_STALL) if limit else REST_SECONDS
        self.last = now
        self.stalls = 0
        self.longest = 0.0
        self.latest = 0.0

    def start(self, now: float) -> None:
        """Begin to count: the time before is no stall."""
        self.last = now

    def beat(self, now: float) -> None:
        """Note that the thread turns."""
        gap = now - self.last
        self.last = now
        if gap > self.limit > 0:
            self.stalls += 1
            self.latest = gap
            self.longest = max(self.longest, gap)
