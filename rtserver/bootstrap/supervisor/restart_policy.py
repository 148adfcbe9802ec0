"""RestartPolicy: how long to wait before a worker that died is started anew. Pure: the time is passed in."""

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
STEADY_SECONDS = 30.0
"""A worker that was ready for so long has shown that it can live: the next wait is the first one again."""
MOST_EARLY_DEATHS = 3


class RestartPolicy:
    """Memory of one position: 1, 2, 4 … 30 s between a death and the next start.

    ``early_deaths`` counts the deaths in a row before a worker was ready.
    """

    def __init__(self) -> None:
        self.early_deaths = 0
        self._delay = FIRST_SECONDS

    @property
    def is_hopeless(self) -> bool:
        """True after as many early deaths in a row as are borne."""
        return self.early_deaths >= MOST_EARLY_DEATHS

    def on_ready(self) -> None:
        """Note that a worker is ready."""
        self.early_deaths = 0

    def on_death(self, now: float, ready_since: float | None) -> float:
        """Note a death, of a worker that was ready since then or never. Return the time of the next start."""
        if ready_since is None:
            self.early_deaths += 1
        elif now - ready_since >= STEADY_SECONDS:
            self._delay = FIRST_SECONDS
        start_at = now + self._delay
        self._delay = min(2 * self._delay, LONGEST_SECONDS)
        return start_at
