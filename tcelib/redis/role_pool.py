"""RolePool: the connections of one role, each used by one caller at a time.

redis-py makes a connection, opens it and says the first words on it. This file decides which connection a caller
gets, whether it is still good, and when it is greeted again or closed. It is on the path of every command, so it does
without redis-py's own pool, which takes longer than Redis and the network together.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tcelib.fork import drop_descriptor
from tcelib.redis.redis_password import FilePassword

SOCKET_SECONDS = 5.0
GREETING_SECONDS = 5.0
"""So long a primary that has become a replica may go on answering a program that only reads."""


class RolePool:
    """Connections of one role to the Redis at ``url``; ``kind`` is redis-py's class of connection.

    ``greet`` is called with a new connection, and again with one that was greeted a while ago. Connections that were
    taken before ``drop`` are closed when they come back. May be shared by greenlets, or by threads: the list of idle
    connections and the dict of taken ones change by single operations only, which no other thread can divide.
    """

    def __init__(
        self, url: str, kind: type[Any], greet: Callable[[Any], object], credentials: FilePassword | None
    ) -> None:
        self._greet = greet
        self._maker = _maker_of(url, kind, greet, credentials)
        self._drops = 0
        self._idle: list[Any] = []
        self._taken: dict[Any, int] = {}
        self._greeted_at: dict[Any, float] = {}

    @property
    def options(self) -> Mapping[str, Any]:
        """What the URL says of a connection, by redis-py's names."""
        options: Mapping[str, Any] = self._maker.connection_kwargs
        return options

    def take(self) -> Any:
        """Return an open connection, to be given back. May raise ``redis.RedisError`` and ``OSError``."""
        drops = self._drops  # as they were before it was chosen
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._maker.make_connection()
        self._taken[connection] = drops
        try:
            self._prepare(connection)
        except BaseException:
            connection.disconnect()
            self.give_back(connection)
            raise
        return connection

    def give_back(self, connection: Any) -> None:
        """Take back a connection, which was closed if its replies were not all read."""
        if self._taken.pop(connection, self._drops) != self._drops:
            connection.disconnect()
        self._idle.append(connection)

    def drop(self) -> None:
        """Close the idle connections now, the others when they come back."""
        self._drops += 1
        for connection in tuple(self._idle):
            connection.disconnect()

    def disconnect(self) -> None:
        """Close all connections, those in use too."""
        for connection in (*self._idle, *self._taken):
            connection.disconnect()

    def forget(self) -> None:
        """Let go of the parent's sockets: this process begins with no connection."""
        for connection in (*self._idle, *self._taken):
            if connection._sock is not None:
                drop_descriptor(connection._sock.fileno())
        self._idle.clear()
        self._taken.clear()
        self._greeted_at.clear()
        self._maker.reset()

    def _prepare(self, connection: Any) -> None:
        """Open it if it is closed, or if its server has closed it or has said something unasked."""
        now = time.monotonic()
        if not _is_good(connection):
            connection.disconnect()
            connection.connect()
            self._greeted_at[connection] = now
        elif now - self._greeted_at[connection] >= GREETING_SECONDS:
            self._greet(connection)
            self._greeted_at[connection] = now


def _is_good(connection: Any) -> bool:
    if connection._sock is None:
        return False
    try:
        return not connection.can_read()
    except (redis.RedisError, OSError):
        return False


def _maker_of(
    url: str, kind: type[Any], greet: Callable[[Any], object], credentials: FilePassword | None
) -> redis.ConnectionPool:
    """Return what makes connections to a URL.

    redis-py must not repeat a command by itself: after a broken connection an RPUSH may have been done already, and
    its pauses would stop a whole gevent hub. RESP2: what is read of streams is read in its shape.
    """
    return redis.ConnectionPool.from_url(
        url,
        connection_class=kind,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        decode_responses=False,
        redis_connect_func=partial(_begin, greet=greet),
        credential_provider=credentials,
    )


def _begin(connection: Any, greet: Callable[[Any], object]) -> None:
    connection.on_connect()
    greet(connection)
