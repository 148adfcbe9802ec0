"""Refusals that end by themselves: the client may come again later. Pure, and without a word of any protocol.

    TryLaterError
    ├── TooMany            a limit was met
    └── UnavailableError   the server cannot answer at the moment

The HTTP side answers with a status and ``Retry-After``, the binary side with a close code and the same reason.
"""

from rtserver.base.limit.table import Limit


class TryLaterError(Exception):
    """A refusal with a ``reason`` for the client, who should stay away for ``retry_seconds``."""

    def __init__(self, reason: str, retry_seconds: float) -> None:
        super().__init__(reason, retry_seconds)
        self.reason = reason
        self.retry_seconds = retry_seconds

    def __str__(self) -> str:
        return self.reason


class TooMany(TryLaterError):  # noqa: N818 (the number is the error)
    """A client or a request beyond a ``limit``."""

    def __init__(self, limit: Limit, reason: str, retry_seconds: float) -> None:
        super().__init__(reason, retry_seconds)
        self.limit = limit


class UnavailableError(TryLaterError):
    """An answer that cannot be found at the moment, or a server that is going down."""
