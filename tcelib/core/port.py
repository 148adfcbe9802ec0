"""The ports of a connection, which transports and applications fill.

A connection and all of its parts belong to one thread (an asyncio loop's, or a gevent hub's).
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from tcelib.core.promise import RpcPromise
from tcelib.core.servant import Finds
from tcelib.wire.message import Packet, RpcMessage

Done: TypeAlias = Callable[[Any, BaseException | None], None]
"""Takes a coroutine's result and None, or None and the exception it raised."""
OnTooLong: TypeAlias = Callable[[Packet, str], None]
"""Takes a received message that is too long, without its parameters, and a reason."""


class Transport(Protocol):
    """The shell around one connection: it owns the socket, the clock and the waiting."""

    may_compress: bool
    """True if compressed packets may be sent at all: on TCP only."""

    def is_mine(self) -> bool:
        """Return true in the thread of the connection."""

    def hand_over(self, work: Callable[[], object], /) -> None:
        """Call ``work`` in the connection's thread, soon and in order. Any thread may ask."""

    def call_soon(self, work: Callable[[], object], /) -> bool:
        """Call ``work`` when the loop has done what it is doing; return true. Only the connection's thread asks.

        Returns false, and calls nothing, if the program may block or end before.
        """

    def write(self, packets: Sequence[bytes], /) -> None:
        """Send whole packets in order; the list is yours. TCP joins them into one write, WebSocket makes one binary
        message of each and writes them together.

        A client's transport that is not connected connects first, or keeps the packets until it is. Raises
        ``RpcException`` (SENDFAILED, or one of CONNECT_*) if it is known that they will not arrive.
        """

    def make_room(self, timeout: float, /) -> None:
        """Wait, before a call is written, if the transport slows down callers that write faster than the peer reads.

        Raises ``RpcException`` (TIMEOUT) after ``timeout`` seconds.
        """

    def until_open(self, timeout: float, /) -> None:
        """Wait for a stream, after a one-way call that found none, so that failures can be raised: in gevent only.

        Raises ``RpcException``: CONNECT_*, TIMEOUT after ``timeout`` seconds. Elsewhere nothing waits.
        """

    def close(self) -> None:
        """Send what was written, then end the stream. The connection knows: ``lost`` need not be called."""

    def wait(self, promise: RpcPromise[Any], timeout: float | None, /) -> None:
        """Return when the promise is done or ``timeout`` seconds are over: a greenlet waits in gevent, a thread that
        is not the connection's own elsewhere. In the thread of an asyncio loop: ``RuntimeError`` that says ``await``.
        """

    def future(self, promise: RpcPromise[Any], /) -> Awaitable[object]:
        """Return the object that ``await promise`` waits for, which is done when the promise is.

        Raises ``RuntimeError`` outside of asyncio.
        """

    def is_stop(self, error: BaseException, /) -> bool:
        """Return true if ``error``, which is no ``Exception`` and escaped a servant, is meant for the program.

        That is its interruption, or the end of a greenlet that the transport itself kills. Anything else costs the
        servant's call alone.
        """

    def run(self, coroutine: Coroutine[Any, Any, Any], done: Done, /) -> None:
        """Drive the coroutine of an ``async def`` servant, and call ``done`` in the connection's thread."""

    def now(self) -> float:
        """Return the seconds of a clock that never goes back. Any thread may ask."""


class QueueTransport(Transport, Protocol):
    """The shell of a connection over message queues, whose bodies have no envelope. ``write`` puts each on the queue
    that is the connection's own."""

    def write_to(self, queue: str, body: bytes, /) -> None:
        """Put an answer on the queue that its call named. Raises ``RpcException`` (SENDFAILED)."""

    def drain(self, asker: object, /) -> None:
        """Take no more messages, and wait until those that were taken are done; ``asker`` is not waited for."""


C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)


class Listener(Protocol[C_contra]):
    """An application that watches its connections; ``RpcConnectionEventListener`` is one."""

    def onConnected(self, conn: C_contra, /) -> None:  # noqa: N802  the name that TCE's users know
        """Note that bytes can flow."""

    def onDisconnected(self, conn: C_contra, /) -> None:  # noqa: N802
        """Note that bytes cannot flow any more; pending calls have failed."""

    def onDataPacket(self, conn: C_contra, msg: RpcMessage, /) -> bool:  # noqa: N802
        """Return whether the connection may stay open and the message be served."""


class Adapter(Protocol[C]):
    """The servants of several connections, and the other connections of a user; ``RpcCommAdapter`` is one."""

    dropped_answers: int
    """Answers on its connections that answer no call that waits."""
    is_silent: bool
    """True if clients are sent no errors, because they take them for answers."""

    @property
    def routes(self) -> Finds:
        """The entry of each route that is served."""

    def enter(self, conn: C, /) -> None:
        """Add ``conn``, which is connected, or belongs here now, or has another user."""

    def leave(self, conn: C, /) -> None:
        """Remove ``conn``, which is lost, or belongs here no more, or will have another user."""

    def home_of(self, sequence: int, conn: C, /) -> C | None:
        """Return the user's other connection on which a call with this number waits."""
