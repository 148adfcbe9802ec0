"""Rates of one connection: messages, calls and bytes a second, with ten seconds' worth of them at once.

Decides what happens to the excess. Messages over the rate are refused; a client that then sends as many again is
closed. Calls and bytes cannot be refused, because the stream would not be the same without them: they are owed, and
the connection is read more slowly. Pure: the time is passed in.
"""

from typing import NamedTuple

from tcelib.limit.token_bucket import Rate, TokenBucket, rate_of


class Rates(NamedTuple):
    """Rates of one connection. Calls count as messages."""

    messages: Rate
    bytes: Rate


def rates_of(messages: float, bytes_: float) -> Rates | None:
    """Return the rates for so many a second; 0 is no limit. None if neither is limited."""
    return Rates(rate_of(messages), rate_of(bytes_)) if messages or bytes_ else None


class ConnectionRate:
    """Buckets of one connection, full at first. A call costs the same for any number of messages.

    ``handled`` and ``bytes`` are public to spare a call for every read.
    """

    __slots__ = ("_refused", "bytes", "handled")

    def __init__(self, rates: Rates) -> None:
        self.handled = TokenBucket(rates.messages)
        self._refused = TokenBucket(rates.messages)
        self.bytes = TokenBucket(rates.bytes)

    def take(self, now: float, count: int) -> int:
        """Return how many of ``count`` messages may be handled."""
        return self.handled.take_some(now, count) if count else 0

    def refuse(self, now: float, count: int) -> bool:
        """Note ``count`` refused messages. Return False if the connection has to be closed."""
        return self._refused.take(now, count)

    def owe_calls(self, now: float, count: int) -> float:
        """Note ``count`` calls. Return the seconds for which nothing more should be read."""
        return self.handled.owe(now, count) if count else 0.0

    def owe_bytes(self, now: float, count: int) -> float:
        """Note ``count`` bytes that were read. Return the seconds for which nothing more should be read."""
        return self.bytes.owe(now, count)
