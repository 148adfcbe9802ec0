"""Redis for a task that is ended by cancelling it."""

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def cancellable_client(url: str) -> redis.asyncio.Redis:
    """A client that repeats nothing by itself, and waits for an answer for as long as the caller does.

    Bound a call with ``asyncio.timeout``. Never with the client's own ``socket_timeout``: it writes inside
    ``asyncio.wait_for``, and in Python 3.11 that swallows a cancellation which comes when the write has just ended.
    One in ten, in a loop of RPUSHes; the task then goes on, and whoever waits for its end waits for ever.
    """
    return redis.asyncio.Redis.from_url(url, protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=None)
