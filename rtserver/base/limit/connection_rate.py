"""What one connection may send: so many messages, calls and bytes a second, ten seconds' worth of them at once.

Decides what becomes of the rest. A message that is over is refused; who goes on as if nothing had been said, and
sends as many again, is closed. Calls and bytes cannot be refused, as the stream would not be the same without them:
they are owed, and the connection is read more slowly. Pure: the time is passed in.
"""

from typing import NamedTuple

from rtserver.base.limit.token_bucket import Rate, TokenBucket, rate_of


class Rates(NamedTuple):
    """Of one connection."""

    messages: Rate
    bytes: Rate


def rates_of(messages: float, bytes_: float) -> Rates | None:
    """So many a second; 0 is no limit, and None is none of either."""
    return Rates(rate_of(messages), rate_of(bytes_)) if messages or bytes_ else None


class ConnectionRate:
    """Of one connection, full at first. Each question costs the same, however many messages it is about.

    ``handled`` and ``bytes`` are open for ``WebSocketConnection``, which asks them for every read: a call less each.
    """

    __slots__ = ("_refused", "bytes", "handled")

    def __init__(self, rates: Rates) -> None:
        self.handled = TokenBucket(rates.messages)
        self._refused = TokenBucket(rates.messages)
        self.bytes = TokenBucket(rates.bytes)

    def take(self, now: float, count: int) -> int:
        """How many of so many messages may be handled."""
        return self.handled.take_some(now, count) if count else 0

    def refuse(self, now: float, count: int) -> bool:
        """So many messages are refused; whether the connection may go on."""
        return self._refused.take(now, count)

    def owe_calls(self, now: float, count: int) -> float:
        """So many calls were taken; how many seconds nothing more should be read."""
        return self.handled.owe(now, count) if count else 0.0

    def owe_bytes(self, now: float, count: int) -> float:
        """So many bytes were read; how many seconds nothing more should be."""
        return self.bytes.owe(now, count)
