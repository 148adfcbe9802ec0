"""Resolver: says where the server is that connections should lead to, and hears when that was wrong."""

from typing import Protocol

from tcelib.redis.redis_address import Place


class Resolver(Protocol):
    """Knows the address of one server, which may become another one at any time.

    Greenlets or threads share it. It waits the way that the client's own sockets wait, and only in ``find``.
    """

    def find(self) -> Place | None:
        """Return where to connect to now; None for what the URL says.

        Raises ``redis.RedisError`` and ``OSError`` if nobody knows.
        """

    def doubt(self) -> None:
        """Take note that this address was wrong, or that nobody answered there: the next ``find`` asks anew."""

    def close(self) -> None:
        """Close its connections. A later call opens new ones."""

    def forget(self) -> None:
        """See ``tcelib.fork``: let go of the parent's sockets."""


class Fixed:
    """See ``Resolver``. The URL's own address; by a name or a proxy it may still lead to another server."""

    def find(self) -> Place | None:
        """See ``Resolver``."""
        return None

    def doubt(self) -> None:
        """See ``Resolver``."""

    def close(self) -> None:
        """See ``Resolver``."""

    def forget(self) -> None:
        """See ``Resolver``."""
