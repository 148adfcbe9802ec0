"""RestartPolicy: how long a loop that died waits before it begins anew, and when it counts as failing.

Pure: the time is passed in, in seconds of any clock that never runs back.
"""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 30.0
CALM_SECONDS = 60.0
"""A loop without a death for this long begins with the first pause again."""
FAILING_DEATHS = 3
"""Deaths without calm in between after which a loop counts as failing."""


class RestartPolicy:
    """Deaths of one loop. ``restarts`` counts how often it began anew."""

    def __init__(self) -> None:
        self.restarts = 0
        self.is_down = False
        self._deaths = 0  # since the last calm
        self._last_death = float("-inf")

    def on_death(self, now: float) -> float:
        """Return the seconds to wait before ``on_restart``: each pause is twice the last one, up to a limit."""
        self._deaths = 1 if now - self._last_death > CALM_SECONDS else self._deaths + 1
        self._last_death = now
        self.is_down = True
        return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._deaths - 1, 16)))

    def on_restart(self) -> None:
        """Note that the loop runs again."""
        self.is_down = False
        self.restarts += 1

    def is_failing(self, now: float) -> bool:
        """Return True if the loop is down, or has died so often lately that it cannot be relied on."""
        keeps_dying = self._deaths >= FAILING_DEATHS and now - self._last_death <= CALM_SECONDS
        return self.is_down or keeps_dying
