"""All open connections of a server, of every kind, and what they share: one flusher, one timer wheel, one adapter.

Decides how a connection begins and how all of them end. Which ones there are, is for the doors they come in by.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypedDict

from rtserver.base.bridge.ownership import ThreadBound
from rtserver.base.connection.flusher import Flusher
from rtserver.base.connection.owner import ConnectionOwner, Refusals
from rtserver.base.connection.packet import PacketConnection
from rtserver.base.connection.timer_wheel import Callback, TimerWheel
from rtserver.base.limit.admission import Admission
from rtserver.base.limit.connection_rate import Rates
from rtserver.base.limit.pending import PendingConnections
from rtserver.base.limit.table import Limit
from rtserver.base.limit.too_many import TooMany
from rtserver.base.tce.counts import TceCounts
from rtserver.base.wire.close_code import CloseCode
from tcelib.core.adapter import RpcCommAdapter
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES

log = logging.getLogger(__name__)


class Limits(TypedDict, total=False):
    """The keyword arguments of ``ConnectionHome``."""

    heartbeat_seconds: float
    max_message_bytes: int
    outbox_bytes: int
    outbox_hard_bytes: int
    slow_seconds: float
    unsent_bytes: int
    flush_window: float
    max_packet_bytes: int
    login_seconds: float
    adapter: RpcCommAdapter
    admission: Admission
    rates: Rates | None
    refusals: Refusals | None


class ConnectionHome(ThreadBound):
    """Built on the event loop's thread.

    ``max_packet_bytes`` bounds a TCE packet, ``login_seconds`` is what a stranger has to show a token; ``adapter``
    has the servants that serve the calls of all connections. A connection that is started has taken a place at the
    ``admission``, which is given back when it ends; without one everybody may come in. ``rates`` are how fast each
    connection may send; None for any. ``refusals`` say for the log why somebody was not let in.
    """

    def __init__(
        self,
        owner: ConnectionOwner,
        *,
        heartbeat_seconds: float = 25.0,
        max_message_bytes: int = 65_536,
        outbox_bytes: int = 262_144,
        outbox_hard_bytes: int = 2_097_152,
        slow_seconds: float = 10.0,
        unsent_bytes: int = 131_072,
        flush_window: float = 0.002,
        max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES,
        login_seconds: float = 10.0,
        adapter: RpcCommAdapter | None = None,
        admission: Admission | None = None,
        rates: Rates | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self._connections: set[PacketConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._emptied = asyncio.Event()
        self._turning: asyncio.TimerHandle | None = None
        self.owner = owner
        self.heartbeat_seconds = heartbeat_seconds
        self.max_message_bytes = max_message_bytes
        self.outbox_bytes = outbox_bytes
        self.outbox_hard_bytes = outbox_hard_bytes
        self.slow_seconds = slow_seconds
        self.unsent_bytes = unsent_bytes
        self.max_packet_bytes = max_packet_bytes
        self.login_seconds = login_seconds
        self.adapter = adapter or RpcCommAdapter("rtserver")
        self.tce_counts = TceCounts()
        self.rates = rates
        self.refusals = refusals
        self.admission = Admission() if admission is None else admission
        self.strangers: PendingConnections[PacketConnection] = PendingConnections(self.admission)
        self.flusher = Flusher(self.loop, flush_window)
        self.wheel = TimerWheel(self.now())
        self.accepted = 0
        self.too_slow = 0
        """How many connections were given up because too much waited for them."""
        self.too_large = 0
        """How many frames were left out because no client could take them."""
        self._conflated = 0
        self._turn()

    def __len__(self) -> int:
        return len(self._connections)

    @property
    def kinds(self) -> Counter[str]:
        """How many connections there are of each kind."""
        return Counter(connection.kind for connection in self._connections)

    @property
    def lagging(self) -> int:
        """How many clients were told that they get less than everything."""
        return sum(connection.is_lagging for connection in self._connections)

    @property
    def waiting_bytes(self) -> int:
        """What waits to be sent to all of them. A frame that waits for many counts for each of them."""
        return sum(connection.outbox.size for connection in self._connections)

    @property
    def conflated(self) -> int:
        """How many frames were replaced by a newer one before they were sent."""
        return self._conflated + sum(connection.outbox.conflated for connection in self._connections)

    @property
    def packets(self) -> int:
        """How many TCE messages have come."""
        return self.tce_counts.messages + sum(rpc.getRecvedMessageCount() for rpc in self.adapter.connections)

    def now(self) -> float:
        """The event loop's time, which every deadline here is told in."""
        return self.loop.time()

    def start(self, connection: PacketConnection, identity: Any, first: bytes = b"") -> None:
        """Let the connection of a user live until it ends by itself."""
        self._add(connection)
        try:
            connection.accept(self.owner.on_open(connection, identity))
        except BaseException:  # an owner's handlers may raise anything
            log.exception("! %s: the opening failed", connection.remote_ip)
            connection.abort()
        else:
            connection.start(first)

    def start_stranger(self, connection: PacketConnection, first: bytes = b"") -> None:
        """The same for one of whom nobody knows yet whose it is: a token is expected."""
        self._add(connection)
        connection.expect_token()
        try:
            displaced = self.strangers.enter(connection, connection.remote_ip)
        except TooMany as error:
            connection.close(CloseCode.TOO_MANY, error.reason)
        else:
            if displaced is not None:
                displaced.close(CloseCode.TOO_MANY, "too many connections have not shown a token yet")
        connection.start(first)

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run what a connection, or one to be, has to wait for. It must not raise, and is cancelled at the end."""
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self, connection: PacketConnection) -> None:
        """The connection's socket is closed."""
        if connection in self._connections:
            self._connections.remove(connection)
            self.admission.leave(connection.remote_ip)
            self._conflated += connection.outbox.conflated
        if not self._connections:
            self._emptied.set()

    def shed(self, size: int) -> int:
        """Give up clients until ``size`` bytes wait no more; how many there were.

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
        """Until no connection is left."""
        while self._connections:
            self._emptied.clear()
            await self._emptied.wait()

    async def wait_closed(self, seconds: float) -> None:
        """Give the connections, whose close has begun, that long to end; then end them, and the timers with them.

        Strangers are closed here. Whoever is being looked up still is, and its owner tells it that it comes too late.
        """
        for connection in tuple(self._connections):
            if connection.session is None:
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

    async def _wait_idle(self) -> None:
        while self._connections or self._tasks:
            if self._tasks:
                await asyncio.wait(self._tasks)
            await self.wait_empty()

    def _add(self, connection: PacketConnection) -> None:
        self.check_thread()
        self._connections.add(connection)
        self.accepted += 1

    def _turn(self) -> None:
        try:
            for callback in self.wheel.advance(self.now()):
                self._fire(callback)
        except Exception as error:  # noqa: BLE001 (it is told to whoever decides about the process)
            message = "the timers of all connections have stopped"
            self.loop.call_exception_handler({"message": message, "exception": error, "is_vital": True})
        else:
            self._turning = self.loop.call_later(self.wheel.tick, self._turn)

    def _fire(self, callback: Callback) -> None:
        # What an owner makes of one connection's end must not cost the others their heartbeats and deadlines.
        try:
            callback()
        except BaseException:
            log.exception("! a timer failed")
