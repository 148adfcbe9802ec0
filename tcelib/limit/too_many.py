"""Refusals that end by themselves: the client may come again later. Pure, and of no protocol.

    TryLaterError
    ├── TooMany            a limit was met
    └── UnavailableError   the server cannot answer at the moment

The HTTP side answers with a status and ``Retry-After``, the binary side with a close code and the same reason.
"""


class TryLaterError(Exception):
    """Refusal with a ``reason`` for the client, who should come again after ``retry_seconds``."""

    def __init__(self, reason: str, retry_seconds: float) -> None:
        super().__init__(reason, retry_seconds)
        self.reason = reason
        self.retry_seconds = retry_seconds

    def __str__(self) -> str:
        return self.reason


class TooMany(TryLaterError):  # noqa: N818 (the number is the error)
    """Refusal of a connection, a handshake or a request over a ``limit``."""

    def __init__(self, limit: str, reason: str, retry_seconds: float) -> None:
        super().__init__(reason, retry_seconds)
        self.limit = limit


class UnavailableError(TryLaterError):
    """Refusal because no answer can be found at the moment, or because the server is going down."""
