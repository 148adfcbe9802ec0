"""Redis for a task that is ended by cancelling it."""

from collections.abc import Iterable

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def cancellable_client(url: str) -> redis.asyncio.Redis:
    """A client that repeats nothing by itself, and waits for an answer for as long as the caller does.

    Bound a call with ``asyncio.timeout``. Never with the client's own ``socket_timeout``: it writes inside
    ``asyncio.wait_for``, and in Python 3.11 that swallows a cancellation which comes when the write has just ended.
    One in ten, in a loop of RPUSHes; the task then goes on, and whoever waits for its end waits for ever.
    """
    return redis.asyncio.Redis.from_url(
        url, protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=None, connection_class=_Connection
    )


class _Connection(redis.asyncio.Connection):
    """Its loss is an error of Redis, whenever it comes.

    From Python 3.12 on asyncio raises ``AttributeError`` where several pieces are written to a transport that was
    lost in the same moment: its socket is None by then.
    """

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Raises ``redis.ConnectionError`` where the connection is lost."""
        try:
            await super().send_packed_command(command, check_health)
        except AttributeError as error:
            raise redis.ConnectionError("the connection was lost while it was written to") from error
