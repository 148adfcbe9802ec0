"""The endpoints that a program's proxies know by name.

The default communicator enters itself here when it is made. So a proxy finds it, and needs no runtime.
"""

from collections.abc import Iterable
from typing import Protocol

from tcelib.core.connection import RpcConnection
from tcelib.error import RPCERROR_CONNECT_FAILED, RpcException


class Opener(Protocol):
    """The owner of endpoints; ``RpcCommunicator`` is one."""

    def openEndPoint(self, name: str, /) -> RpcConnection:  # noqa: N802  the name that TCE's users know
        """Return the connection to an endpoint. Raises ``KeyError`` for a name that was not added."""

    def openUser(self, user_id: object, linger: float, /) -> RpcConnection:  # noqa: N802
        """Return a connection to a user, wherever he is."""


class EndPointTable:
    """Name -> connection, by way of ``opener``; None until there is a default communicator."""

    def __init__(self) -> None:
        self.opener: Opener | None = None

    def open(self, name: str) -> RpcConnection:
        """Return the connection to an endpoint. Raises ``KeyError`` for a name that was not added."""
        if self.opener is None:
            raise unknown_endpoint(name, ())
        return self.opener.openEndPoint(name)

    def open_user(self, user_id: object, linger: float) -> RpcConnection:
        """Return a connection to a user, wherever he is. Raises ``RpcException`` without a default communicator."""
        if self.opener is None:
            raise RpcException(RPCERROR_CONNECT_FAILED, "there is no communicator that could find a user")
        return self.opener.openUser(user_id, linger)


def unknown_endpoint(name: str, known: Iterable[str]) -> KeyError:
    """Return the error for a name that was not added."""
    return KeyError(f"no endpoint is called {name!r}; those added are: {', '.join(sorted(known)) or 'none'}")


DEFAULT = EndPointTable()
