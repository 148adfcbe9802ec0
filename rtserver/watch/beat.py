"""Whether a thread turns: it beats while it does, and whoever wants to know looks at its last beat.

Pure: the time is passed in. A beat belongs to one thread and may be read from any.
"""

BEATS_PER_STALL = 2.5  # a turn that takes three fifths of a stall may be taken for one, and none is missed
REST_SECONDS = 0.5


class Beat:
    """The beats of one thread. It beats each ``interval`` seconds; ``limit`` without a beat is a stall, 0 for never.

    ``stalls`` counts those that are over, ``longest`` is how long the longest of them was and ``latest`` the latest.
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
        """The thread begins to turn: what was before is no stall."""
        self.last = now

    def beat(self, now: float) -> None:
        """The thread turns."""
        gap = now - self.last
        self.last = now
        if gap > self.limit > 0:
            self.stalls += 1
            self.latest = gap
            self.longest = max(self.longest, gap)
