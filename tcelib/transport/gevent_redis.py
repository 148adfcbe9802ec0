"""redis-py in a gevent hub, without monkey patching: only how it opens its socket is replaced."""

from typing import Any

import gevent.socket
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

SOCKET_SECONDS = 5.0


class GeventConnection(redis.Connection):
    """redis-py's TCP connection, on a socket that lets other greenlets go on."""

    def _connect(self) -> Any:
        sock = gevent.socket.create_connection((self.host, self.port), timeout=self.socket_connect_timeout)
        sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        sock.settimeout(self.socket_timeout)
        return sock


def gevent_client(url: str) -> redis.Redis:
    """A client for one hub. ``url`` begins with redis://.

    Commands are not repeated by themselves: an RPUSH whose answer was lost may have been done.
    """
    pool = redis.ConnectionPool.from_url(
        url,
        connection_class=GeventConnection,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
    )
    return redis.Redis.from_pool(pool)
