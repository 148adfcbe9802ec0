"""All open connections of a server, of every kind, and the state that they share.

Decides how a connection begins and how all of them end. The listeners decide which kinds exist.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress

from rtserver.base.bridge.ownership import ThreadBound
from rtserver.base.connection.carrier import Carrier
from rtserver.base.connection.connection import Connection
from rtserver.base.connection.flusher import Flusher
from rtserver.base.connection.handler import ConnectionHandler, Identity
from rtserver.base.connection.read_set import ReadSet
from rtserver.base.connection.shared import ConnectionBounds
from rtserver.base.connection.timer_wheel import Callback, TimerWheel
from rtserver.base.limit.table import Limit
from rtserver.base.send.plain import PLAIN
from rtserver.base.send.port import Sender
from rtserver.base.wire.close_code import CloseCode
from tcelib.limit.admission import Admission
from tcelib.limit.connection_rate import Rates
from tcelib.limit.table import LimitCounts

log = logging.getLogger(__name__)

DEFAULT_BOUNDS = ConnectionBounds()


class ConnectionSet(ThreadBound):
    """Open connections of one server, and what they share (``Shared``). Built on the event loop's thread.

    ``admission`` has counted a connection before it is started, and counts it until it ends; the default admits all.
    Each connection may send at ``rates``; None is any rate. ``sender`` makes the writes of a flush.
    """

    def __init__(
        self,
        handler: ConnectionHandler,
        bounds: ConnectionBounds = DEFAULT_BOUNDS,
        *,
        admission: Admission | None = None,
        rates: Rates | None = None,
        sender: Sender = PLAIN,
    ) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.now: Callable[[], float] = self.loop.time
        self.handler = handler
        self.bounds = bounds
        self.admission = Admission() if admission is None else admission
        self.rates = rates
        self.sender = sender
        self.flusher = Flusher(self.loop, bounds.flush_window, sender)
        self.readers = ReadSet(self.loop)
        self.wheel = TimerWheel(self.now())
        self.accepted = 0
        self.too_slow = 0
        self.too_large = 0
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._emptied = asyncio.Event()
        self._turning: asyncio.TimerHandle | None = None
        self._conflated = 0
        self._turn()

    def __len__(self) -> int:
        return len(self._connections)

    @property
    def kinds(self) -> Counter[str]:
        """Number of connections of each kind, by its name."""
        return Counter(connection.kind.name for connection in self._connections)

    @property
    def lagging(self) -> int:
        """Number of clients that were told that they get less than everything."""
        return sum(connection.is_lagging for connection in self._connections)

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait to be sent to all clients. A frame that waits for many counts for each of them."""
        return sum(connection.outbox.size for connection in self._connections)

    @property
    def conflated(self) -> int:
        """Number of frames that were replaced by a newer one before they were sent."""
        return self._conflated + sum(connection.outbox.conflated for connection in self._connections)

    @property
    def limited(self) -> LimitCounts:
        """Counts of the limits that were met."""
        return self.admission.counted

    def start(self, connection: Connection, identity: Identity, first: bytes = b"") -> None:
        """Let the connection of a user live until it ends by itself. ``first`` is what came with the handshake."""
        self._add(connection)
        try:
            connection.admit(identity)
        except BaseException:  # a handler may raise anything
            log.exception("! %s: the opening failed", connection.remote_ip)
            connection.flush()  # the answer to its handshake
            connection.abort()
        else:
            connection.start(first)

    def start_pending(
        self, connection: Connection, expect_token: Callable[[Carrier], object], first: bytes = b""
    ) -> None:
        """Let a connection live whose user is not known yet. ``expect_token`` gives it a peer that reads a token."""
        self._add(connection)
        expect_token(connection)
        connection.start(first)

    def run(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run a coroutine that a connection waits for, or a handshake. It must not raise. Cancelled at the end."""
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self, connection: Connection) -> None:
        """Drop a connection whose socket is closed."""
        if connection in self._connections:
            self._connections.remove(connection)
            self.admission.leave(connection.remote_ip)
            self._conflated += connection.outbox.conflated
        if not self._connections:
            self._emptied.set()

    def shed(self, size: int) -> int:
        """Give up clients until ``size`` bytes wait no more. Return their number.

        First those whose sockets take nothing, then those for whom most waits. What the sockets take at this moment
        need not be given up.
        """
        waiting = [connection for connection in self._connections if connection.outbox.size]
        before = sum(connection.outbox.size for connection in waiting)
        for connection in waiting:
            connection.relieve()
        size -= before - sum(connection.outbox.size for connection in waiting)
        waiting.sort(key=lambda connection: (connection.is_stuck, connection.outbox.size), reverse=True)
        closed = 0
        for connection in waiting:
            waits = connection.outbox.size
            if size <= 0 or not waits:
                break
            if connection.is_open:
                connection.give_up()
                closed += 1
            size -= waits
        self.admission.counted.note(Limit.OUTBOXES, closed)
        return closed

    async def wait_empty(self) -> None:
        """Wait until no connection is left."""
        while self._connections:
            self._emptied.clear()
            await self._emptied.wait()

    async def wait_closed(self, seconds: float) -> None:
        """Give the connections, whose close has begun, that long to end; then end them, and the timers with them.

        Clients that have shown no token are closed here. A look-up that is under way goes on, and the handler then
        tells the client that it comes too late.
        """
        for connection in tuple(self._connections):
            if connection.agent is None:
                connection.close(CloseCode.DRAINING, "the server is going down")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wait_idle()
        for connection in tuple(self._connections):
            connection.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._turning is not None:
            self._turning.cancel()
        self.readers.close()

    async def _wait_idle(self) -> None:
        while self._connections or self._tasks:
            if self._tasks:
                await asyncio.wait(self._tasks)
            await self.wait_empty()

    def _add(self, connection: Connection) -> None:
        self.check_thread()
        self._connections.add(connection)
        self.accepted += 1

    def _turn(self) -> None:
        try:
            for callback in self.wheel.advance(self.now()):
                self._fire(callback)
        except Exception as error:  # noqa: BLE001 (told to the loop guard, which decides about the process)
            message = "the timers of all connections have stopped"
            self.loop.call_exception_handler({"message": message, "exception": error, "is_vital": True})
        else:
            self._turning = self.loop.call_later(self.wheel.tick, self._turn)

    def _fire(self, callback: Callback) -> None:
        # What a handler makes of one connection's end must not cost the others their heartbeats and deadlines.
        try:
            callback()
        except BaseException:
            log.exception("! a timer failed")
