"""What a connection needs from the program it lives in: the ports that transports and applications fill.

A connection and everything that hangs on it belong to one thread (an asyncio loop's, or a gevent hub's).
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from tcelib.core.connection import RpcConnection
    from tcelib.core.promise import RpcPromise
    from tcelib.wire.message import RpcMessage

Done: TypeAlias = Callable[[Any, BaseException | None], None]
"""Takes a coroutine's result and None, or None and what it raised."""


class Transport(Protocol):
    """The shell around one connection: it owns the socket, the clock and the waiting."""

    may_compress: bool
    """Whether compressed packets may be sent at all: on TCP only."""

    def is_mine(self) -> bool:
        """Whether the caller is in the thread that the connection lives in."""

    def hand_over(self, work: Callable[[], object], /) -> None:
        """Call ``work`` where the connection lives, soon and in order. Any thread may ask."""

    def write(self, packets: Sequence[bytes], /) -> None:
        """Send whole packets in order; the list is yours. TCP joins them into one write, WebSocket makes one binary
        message of each and writes them together.

        A client's transport that is not connected connects first, or keeps the packets until it is. Raises
        ``RpcException`` (SENDFAILED, or one of CONNECT_*) if it is known that they will not arrive.
        """

    def make_room(self, deadline: float, /) -> None:
        """Called before a call is written to a stream: wait, if that is how the transport slows down whoever writes
        faster than the peer reads. Raises ``RpcException`` (TIMEOUT) at ``deadline``."""

    def until_open(self, deadline: float, /) -> None:
        """Called behind a one-way call that found no stream: wait for one, in gevent, so that failures can be raised.

        Raises ``RpcException``: CONNECT_*, TIMEOUT at ``deadline``. Elsewhere nothing waits.
        """

    def close(self) -> None:
        """Send what was written, then end the stream. The connection knows: ``lost`` need not be called."""

    def wait(self, promise: "RpcPromise[Any]", timeout: float | None, /) -> None:
        """Return when the promise is done or ``timeout`` seconds are over: a greenlet waits in gevent, a thread that
        is not the connection's own elsewhere. In the thread of an asyncio loop: ``RuntimeError`` that says ``await``.
        """

    def future(self, promise: "RpcPromise[Any]", /) -> Awaitable[object]:
        """What ``await promise`` waits for: done when the promise is. Not in asyncio: ``RuntimeError``."""

    def is_stop(self, error: BaseException, /) -> bool:
        """Whether ``error``, which is no ``Exception`` and escaped a servant, is meant for the program.

        That is its interruption, or the end of a greenlet that the transport itself kills. Anything else costs the
        servant's call alone.
        """

    def run(self, coroutine: Coroutine[Any, Any, Any], done: Done, /) -> None:
        """Drive what an ``async def`` servant gave, and call ``done`` where the connection lives."""

    def now(self) -> float:
        """Seconds of a clock that never goes back. Any thread may ask."""


class QueueTransport(Transport, Protocol):
    """The shell of a connection over message queues, whose bodies have no envelope. ``write`` puts each on the queue
    that is the connection's own."""

    def write_to(self, queue: str, body: bytes, /) -> None:
        """Put an answer on the queue that its call named. Raises ``RpcException`` (SENDFAILED)."""


class RpcConnectionEventListener:
    """An application's eyes on its connections; each method may be overridden."""

    def onConnected(self, conn: "RpcConnection") -> None:  # noqa: N802  the name that TCE's users know
        """Bytes can flow."""

    def onDisconnected(self, conn: "RpcConnection") -> None:  # noqa: N802
        """They cannot any more; pending calls have failed."""

    def onDataPacket(self, conn: "RpcConnection", msg: "RpcMessage") -> bool:  # noqa: N802
        """A message has come and been counted: False closes the connection, and the message is not looked at.

        The place to log a peer in: ``conn.getRecvedMessageCount() == 1`` and ``__token__`` in ``msg.extra.props``.
        """
        return True
