"""Counts of all TCE streams of a server, for its metrics."""


class TceCounts:
    """Counters that only grow. ``messages`` are those of connections that are over; open ones count their own."""

    __slots__ = ("broken_streams", "failures", "messages", "refusals")

    def __init__(self) -> None:
        self.messages = 0
        self.failures = 0
        """Number of calls that were answered with an error."""
        self.refusals = 0
        """Number of clients without a valid token."""
        self.broken_streams = 0
        """Number of streams that were closed because their bytes are no packets."""

    def on_failure(self) -> None:
        """Count a call that was answered with an error."""
        self.failures += 1
