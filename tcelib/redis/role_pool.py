"""RolePool: the connections of one role, each used by one caller at a time.

It decides which connection a caller gets, when its server is greeted again, and when it is closed. It is on the path
of every command, so it does without redis-py's own pool, which takes longer than Redis and the network together.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tcelib.fork import drop_descriptor
from tcelib.redis.pooled_connection import PooledConnection
from tcelib.redis.redis_address import Place
from tcelib.redis.redis_password import FilePassword

SOCKET_SECONDS = 5.0
GREETING_SECONDS = 5.0
"""So long a primary that has become a replica may go on answering a program that only reads."""


class NotOpenError(redis.RedisError):
    """There is no connection to send a command on, because of ``error``. Nothing was sent."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.error = error


class RolePool:
    """Connections of one role to the Redis at ``url``; ``kind`` is redis-py's class of connection.

    ``greet`` is called with a new connection, and again with one that was greeted a while ago; ``find`` says each
    time where it has to lead to. ``patience`` is how many seconds a socket waits, unless the URL says it. Connections
    that were taken before ``drop`` are closed when they come back. May be shared by greenlets, or by threads: the
    list of idle connections and the set of taken ones change by single operations only, which no other thread can
    divide.
    """

    def __init__(
        self,
        url: str,
        kind: type[Any],
        greet: Callable[[Any], object],
        credentials: FilePassword | None,
        *,
        find: Callable[[], Place | None],
        patience: float = SOCKET_SECONDS,
    ) -> None:
        self._greet = greet
        self._find = find
        self._maker = _maker_of(url, kind, greet, credentials, patience)
        self._drops = 0
        self._idle: list[PooledConnection] = []
        self._taken: set[PooledConnection] = set()

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of a connection that the URL gives, by redis-py's names."""
        options: Mapping[str, Any] = self._maker.connection_kwargs
        return options

    def take(self) -> PooledConnection:
        """Return an open connection, to be given back. May raise ``NotOpenError``."""
        drops = self._drops  # as they were before it was chosen
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = PooledConnection(self._maker.make_connection(), self._find)
        connection.drops = drops
        self._taken.add(connection)
        try:
            self._prepare(connection)
        except BaseException as error:
            connection.close()
            self.give_back(connection)
            if isinstance(error, redis.RedisError | OSError):
                raise NotOpenError(error) from error
            raise
        return connection

    def give_back(self, connection: PooledConnection) -> None:
        """Take back a connection."""
        self._taken.discard(connection)
        if connection.drops != self._drops:
            connection.close()
        self._idle.append(connection)

    def drop(self) -> None:
        """Close the idle connections now, the others when they come back."""
        self._drops += 1
        for connection in tuple(self._idle):
            connection.close()

    def disconnect(self) -> None:
        """Close all connections, those in use too."""
        for connection in (*self._idle, *self._taken):
            connection.close()

    def forget(self) -> None:
        """Let go of the parent's sockets: this process begins with no connection."""
        for connection in (*self._idle, *self._taken):
            drop_descriptor(connection.descriptor)
        self._idle.clear()
        self._taken.clear()
        self._maker.reset()

    def _prepare(self, connection: PooledConnection) -> None:
        now = time.monotonic()
        if not connection.is_good:
            connection.open()
        elif now - connection.greeted_at >= GREETING_SECONDS:
            if connection.leads_elsewhere():
                connection.open()
            else:
                connection.greet(self._greet)
        else:
            return
        connection.greeted_at = now


def _maker_of(
    url: str, kind: type[Any], greet: Callable[[Any], object], credentials: FilePassword | None, patience: float
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
        socket_timeout=patience,
        socket_connect_timeout=patience,
        decode_responses=False,
        redis_connect_func=partial(_begin, greet=greet),
        credential_provider=credentials,
    )


def _begin(connection: Any, greet: Callable[[Any], object]) -> None:
    connection.on_connect()
    greet(connection)
