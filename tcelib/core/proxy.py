# ruff: noqa: N802  the names that TCE's users know
"""Proxies: the calling side of an interface. Generated methods are one line each on top of these."""

from collections.abc import Callable
from typing import Any, Protocol, Self, TypeAlias, TypeVar

from tcelib.core import endpoint_table
from tcelib.core.connection import RpcConnection
from tcelib.core.operation import Operation
from tcelib.core.promise import RpcPromise
from tcelib.error import RpcException
from tcelib.wire.message import Extra

R = TypeVar("R")
P = TypeVar("P")
ResultCallback: TypeAlias = Callable[[R, P, Any], object]
VoidCallback: TypeAlias = Callable[[P, Any], object]
ErrorCallback: TypeAlias = Callable[[RpcException, P, Any], object]

AF_NONE, AF_READ, AF_WRITE = 0, 1, 2


class EndPoint(Protocol):
    """Address at which a connection can be opened: ``RpcEndPoint`` is one."""

    def open(self, af: int) -> RpcConnection:
        """The endpoint's connection, made when it is asked for first."""


class Proxy:
    """Base of generated proxies. ``conn`` is the connection they call over, which several proxies may share."""

    def __init__(self, conn: RpcConnection) -> None:
        self.conn = conn

    @classmethod
    def create(cls, ep: EndPoint, af: int = AF_WRITE | AF_READ) -> Self:
        """A proxy over the endpoint's connection."""
        return cls(ep.open(af))

    @classmethod
    def createWithEpName(cls, name: str) -> Self:
        """Return a proxy over the endpoint that the default communicator knows by ``name``.

        Raises ``KeyError`` for a name that was not added.
        """
        return cls(endpoint_table.DEFAULT.open(name))

    @classmethod
    def createWithProxy(cls, proxy: "Proxy") -> Self:
        """A proxy over another one's connection."""
        return cls(proxy.conn)

    @classmethod
    def of(cls, user_id: object, linger: float = 0.0) -> Self:
        """Return a proxy of a user, at whichever gateway he is when it is called. It is for one-way calls.

        Each call waits up to ``linger`` seconds for him to come, and is delivered if he comes within that time.
        Raises ``RpcException`` where it is called: CONNECT_UNREACHABLE if he is at no gateway then, CONNECT_FAILED or
        SENDFAILED if Redis cannot say or take it. That it was taken does not say that he has got it.
        """
        return cls(endpoint_table.DEFAULT.open_user(user_id, linger))

    def _call(
        self, operation: Operation[R], args: tuple[Any, ...], timeout: float | None = None, extra: Extra | None = None
    ) -> R:
        """Call and wait. Raises ``RpcException``: the error of the answer, TIMEOUT, SENDFAILED, CONNECTION_LOST,
        or DATADIRTY for arguments that do not fit."""
        return self.conn.call(operation, args, timeout, extra, at_once=True).get()

    def _call_async(
        self,
        operation: Operation[R],
        args: tuple[Any, ...],
        *,
        callback: Callable[..., object] | None = None,
        cookie: Any = None,
        extra: Extra | None = None,
        error: Callable[..., object] | None = None,
        timeout: float | None = None,
    ) -> RpcPromise[R]:
        """Call without waiting: ``callback(result, proxy, cookie)``, of a void operation ``callback(proxy, cookie)``;
        ``error(exception, proxy, cookie)``. Raises DATADIRTY; everything else reaches the promise."""
        promise = self.conn.call(operation, args, timeout, extra)
        promise.cookie = cookie
        if callback is not None or error is not None:

            def tell(answered: RpcPromise[R]) -> None:
                exception = answered.exception()
                if exception is None:
                    if callback is not None:
                        callback(*(() if operation.is_void else (answered.result(),)), self, cookie)
                elif error is not None:
                    error(exception, self, cookie)

            promise.add_done_callback(tell)
        return promise

    def _send(self, operation: Operation[Any], args: tuple[Any, ...], extra: Extra | None = None) -> None:
        """Call without an answer. Raises ``RpcException``: SENDFAILED or DATADIRTY."""
        self.conn.send(operation, args, extra)
