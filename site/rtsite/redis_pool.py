"""Connections to the site's Redis: to the one of the URL, or to the primary that Sentinels or a Cluster name.

redis-py's own pool for Sentinels goes on with the former primary in two ways: it asks for what they note when a
failover has ended, and a connection that a command opens anew does not ask at all. In a Cluster, all that a pool is
for lies in one slot.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

from rtsite.redis_password import FilePassword

GUIDE_SECONDS = 1.0
"""A Sentinel or node that takes longer counts as silent, and the next one is asked."""


class RedisPool:
    """Makes pools as Django's cache asks for them."""

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        sentinels: Sequence[str] = (),
        service: str = "",
        nodes: Sequence[str] = (),
        key: str = "",
        **options: Any,
    ) -> redis.ConnectionPool:
        """Return a pool to the Redis at ``url``, or to the primary that others name.

        ``sentinels``, URLs, name it for ``service``. ``nodes``, URLs, are those of a Cluster, whose slot is that of
        ``key``. Then host and port of ``url`` mean nothing. ``options`` are redis-py's.
        """
        if not (sentinels or nodes):
            return redis.ConnectionPool.from_url(url, **options)
        ask = partial(_ask_node, slot=key_slot(key.encode())) if nodes else partial(_ask_sentinel, service=service)
        guide = Guide([_client(each) for each in sentinels or nodes], ask)
        kind = LedSSLConnection if url.startswith("rediss:") else LedConnection
        guide.pool = redis.ConnectionPool.from_url(url, connection_class=kind, find=guide.find, **options)
        return guide.pool


class Guide:
    """Asks where the primary is. Where that has changed, idle connections to the former one are closed.

    ``ask`` asks one of those who know, and returns None if it does not.
    """

    def __init__(self, knowing: Sequence[redis.Redis], ask: Callable[[redis.Redis], tuple[str, int] | None]) -> None:
        self.pool: redis.ConnectionPool | None = None
        self._knowing = knowing
        self._ask = ask
        self._found: tuple[str, int] | None = None

    def find(self) -> tuple[str, int]:
        """Return the primary's host and port. Raises ``redis.ConnectionError``."""
        for one in self._knowing:
            with suppress(redis.RedisError):
                place = self._ask(one)
                if place is not None:
                    return self._noted(place)
        raise redis.ConnectionError("no Sentinel, or node of the Cluster, names a primary")

    def _noted(self, place: tuple[str, int]) -> tuple[str, int]:
        if self._found not in (None, place) and self.pool is not None:
            self.pool.disconnect(inuse_connections=False)
        self._found = place
        return place


class _Led:
    """Part of a connection that leads to where ``find`` says when it is opened."""

    def __init__(self, *, find: Callable[[], tuple[str, int]], **options: Any) -> None:
        self._find = find
        super().__init__(**options)

    def _connect(self) -> Any:
        self.host, self.port = self._find()
        return super()._connect()  # type: ignore[misc]  # redis-py's


class LedConnection(_Led, redis.Connection):
    """TCP."""


class LedSSLConnection(_Led, redis.SSLConnection):
    """TCP with TLS."""


def _ask_sentinel(sentinel: redis.Redis, service: str) -> tuple[str, int] | None:
    place: tuple[str, int] | None = sentinel.sentinel_get_master_addr_by_name(service)
    return place


def _ask_node(node: redis.Redis, slot: int) -> tuple[str, int] | None:
    """Ask a node that says that the Cluster is up: one that was cut off knows what was."""
    if node.execute_command("CLUSTER INFO").get("cluster_state") == "ok":
        for first, last, (host, port, *_), *_ in node.execute_command("CLUSTER SLOTS"):
            if first <= slot <= last:
                return host or node.get_connection_kwargs()["host"], port
    return None


def _client(url: str) -> redis.Redis:
    """Return a client of one Sentinel or node. A ``password_file`` in its query is read for each connection."""
    options: dict[str, Any] = {}
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    path = query.pop("password_file", "")
    if path:
        options["credential_provider"] = FilePassword(Path(path), unquote(parts.username or ""))
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(query)))
    return redis.Redis.from_url(
        url,
        socket_timeout=GUIDE_SECONDS,
        socket_connect_timeout=GUIDE_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        **options,
    )
