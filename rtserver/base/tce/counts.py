"""What is counted of all TCE streams of a server, for its metrics."""


class TceCounts:
    """They only grow. ``messages`` are those of connections that are over; open ones count for themselves."""

    __slots__ = ("broken_streams", "failures", "messages", "refusals")

    def __init__(self) -> None:
        self.messages = 0
        self.failures = 0
        """Calls that were answered with an error."""
        self.refusals = 0
        """Strangers without a valid token."""
        self.broken_streams = 0
        """Streams that were closed because of bytes that are no packets."""
