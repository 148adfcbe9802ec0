"""Connections to the site's Redis: to the one of the URL, or to the primary that Sentinels name.

redis-py's own pool for Sentinels goes on with the former primary in two ways: it asks for what they note when a
failover has ended, and a connection that a command opens anew does not ask at all.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rtsite.redis_password import FilePassword

SENTINEL_SECONDS = 1.0
"""A Sentinel that takes longer counts as silent, and the next one is asked."""


class RedisPool:
    """Makes pools as Django's cache asks for them."""

    @classmethod
    def from_url(
        cls, url: str, *, sentinels: Sequence[str] = (), service: str = "", **options: Any
    ) -> redis.ConnectionPool:
        """Return a pool to the Redis at ``url``, or to the primary that ``sentinels``, URLs, name for ``service``.

        ``options`` are redis-py's. With Sentinels, host and port of ``url`` mean nothing.
        """
        if not sentinels:
            return redis.ConnectionPool.from_url(url, **options)
        guide = Guide([_sentinel(each) for each in sentinels], service)
        kind = LedSSLConnection if url.startswith("rediss:") else LedConnection
        guide.pool = redis.ConnectionPool.from_url(url, connection_class=kind, find=guide.find, **options)
        return guide.pool


class Guide:
    """Asks Sentinels where the primary is. Where that has changed, idle connections to the former one are closed."""

    def __init__(self, sentinels: Sequence[redis.Redis], service: str) -> None:
        self.pool: redis.ConnectionPool | None = None
        self._sentinels = sentinels
        self._service = service
        self._found: tuple[str, int] | None = None

    def find(self) -> tuple[str, int]:
        """Return the primary's host and port. Raises ``redis.ConnectionError``."""
        for sentinel in self._sentinels:
            with suppress(redis.RedisError):
                place = sentinel.sentinel_get_master_addr_by_name(self._service)
                if place is not None:
                    return self._noted(place)
        raise redis.ConnectionError(f"no Sentinel names a primary of {self._service!r}")

    def _noted(self, place: tuple[str, int]) -> tuple[str, int]:
        if self._found not in (None, place) and self.pool is not None:
            self.pool.disconnect(inuse_connections=False)
        self._found = place
        return place


class LedConnection(redis.Connection):
    """TCP. It leads to where ``find`` says when it is opened."""

    def __init__(self, *, find: Callable[[], tuple[str, int]], **options: Any) -> None:
        self._find = find
        super().__init__(**options)

    def _connect(self) -> Any:
        self.host, self.port = self._find()
        return super()._connect()


class LedSSLConnection(redis.SSLConnection):
    """The same with TLS."""

    def __init__(self, *, find: Callable[[], tuple[str, int]], **options: Any) -> None:
        self._find = find
        super().__init__(**options)

    def _connect(self) -> Any:
        self.host, self.port = self._find()
        return super()._connect()


def _sentinel(url: str) -> redis.Redis:
    """Return a client of one Sentinel. A ``password_file`` in its query is read for each connection."""
    options: dict[str, Any] = {}
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    path = query.pop("password_file", "")
    if path:
        options["credential_provider"] = FilePassword(Path(path), unquote(parts.username or ""))
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(query)))
    return redis.Redis.from_url(
        url,
        socket_timeout=SENTINEL_SECONDS,
        socket_connect_timeout=SENTINEL_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        **options,
    )
