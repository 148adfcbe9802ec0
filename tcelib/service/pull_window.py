"""PullWindow: how many calls a reader takes at once. Pure.

A servant that blocks its whole thread holds up every call that was taken with its own, while other services may be
idle. So a reader begins with one, takes twice as many as long as what it took is begun within ``QUICK_SECONDS``, and
half of that where it was not.
"""

QUICK_SECONDS = 0.02


class PullWindow:
    """Window of one reader; ``size`` is between 1 and ``most``."""

    def __init__(self, most: int) -> None:
        self.size = 1
        self._most = most

    def begun(self, seconds: float) -> None:
        """Note that it took ``seconds`` until everything that was taken had been begun."""
        self.size = max(1, self.size // 2) if seconds > QUICK_SECONDS else min(self._most, self.size * 2)
