"""GatewayError: why a gateway cannot start."""

from tcelib.queue.error import QueueError

START_ERRORS = (OSError, ValueError, ImportError, QueueError)
"""Errors of endpoints: addresses, certificates and keys, and packages that are not installed."""


class GatewayError(Exception):
    """A gateway that cannot start. Its text is a sentence."""


def told(error: Exception) -> str:
    """Return the text of one of these errors: with the file that it is about, and without a number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
