"""Turns in which the calls of one connection are served.

Decides when the connection must stop reading: while there are calls to serve that came with what was read, while a
user message is being handled, and while a call that is passed on finds no room. So a handler of user messages must
not wait for an answer of the same client, which would not be read. While too many servants wait for something, which
may be answers of this client, answers are taken and calls are kept, up to a bound. Calls are refused if all of those
servants wait for answers and none ends.
The event loop's thread only.
"""

import asyncio
import logging
from collections.abc import Awaitable
from functools import partial

from rtserver.base.connection.carrier import Carrier
from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.limit.table import Limit
from tcelib.core.connection import RpcConnection
from tcelib.limit.connection_rate import ConnectionRate

log = logging.getLogger(__name__)

MAX_RUNNING = 1_000  # servants of one connection that wait for something
KEPT_BYTES = 1024 * 1024  # of calls that are kept; above it nothing is read
STUCK_SECONDS = 2.0  # without the end of a servant while all wait for answers: then they wait for one another


class ServingTurns:
    """Gives received bytes to ``rpc``, and serves the calls in them when it is their turn.

    ``is_framed`` says that each message was counted as a call when it came.
    """

    __slots__ = (
        "_carrier",
        "_charged",
        "_delay",
        "_ended",
        "_inflated",
        "_is_framed",
        "_pause",
        "_rpc",
        "_running",
        "_server",
        "_waking",
        "_watcher",
        "is_full",
        "is_held",
    )

    def __init__(self, rpc: RpcConnection, carrier: Carrier, *, is_framed: bool) -> None:
        self._rpc = rpc
        self._carrier = carrier
        self._server = carrier.shared
        self._is_framed = is_framed
        self._running = 0
        self._ended = 0  # servants that have waited
        self._charged = 0  # messages that the rate has been told of
        self._inflated = 0  # bytes, likewise
        self._delay = 0.0
        self._watcher: Timer | None = None
        self._waking: asyncio.Future[None] | None = None
        self._pause: asyncio.Future[None] | None = None  # until nothing is being worked off, if anything is
        self.is_held = False
        """True while a user message is being handled: no call is served before its end. ``release`` resets it."""
        self.is_full = False
        """True while a call that is passed on finds no room: nothing is read. ``make_room`` resets it."""

    def receive(self, data: bytes) -> Awaitable[object] | None:
        """See ``BinaryPeer``. While an awaitable that is returned is pending, nothing more may be given."""
        is_waiting = self._pause is not None or self._running > MAX_RUNNING
        has_more = self._rpc.receive(data, serve=not is_waiting)
        if self._carrier.rate is not None:
            self._charge(self._carrier.rate, int(self._is_framed))
        if self._pause is not None:
            return self._pause if self._delay or self._rpc.kept_bytes > KEPT_BYTES else None
        return self._work_off(has_more) if has_more or self.is_held or self.is_full or self._delay else None

    def begin_servant(self) -> None:
        """Count a servant that waits for something."""
        self._running += 1

    def end_servant(self) -> None:
        """Count a servant that waited and has ended. Calls that were kept may be served."""
        self._running -= 1
        self._ended += 1
        self._wake()

    def release(self) -> None:
        """Serve again: the user message has been handled."""
        self.is_held = False
        self._wake()

    def make_room(self) -> None:
        """Read on: calls find room again."""
        self.is_full = False
        self._wake()

    def end(self) -> None:
        """Watch no servants any more: the connection is over."""
        if self._watcher is not None:
            self._watcher.cancel()

    @property
    def _is_crowded(self) -> bool:
        return self._running > MAX_RUNNING

    def _work_off(self, has_more: bool) -> Awaitable[object]:
        self._pause = self._server.loop.create_future()
        return self._go_on(self._pause, has_more)

    async def _go_on(self, pause: asyncio.Future[None], has_more: bool) -> None:
        """Serve the rest in turns, and wait for all that must end before the next bytes are read.

        Ends with calls unserved while too many servants wait: then answers are read, and ``_wake`` begins anew.
        """
        try:
            while has_more or self.is_held or self.is_full or self._delay:
                if self._delay:
                    delay, self._delay = self._delay, 0.0
                    await asyncio.sleep(delay)
                elif self.is_held or self.is_full:
                    await self._woken()
                elif self._is_crowded:
                    self._watch()
                    if self._rpc.kept_bytes <= KEPT_BYTES:
                        break
                    await self._woken()
                    has_more = self._rpc.has_calls
                else:
                    await self._carrier.turn()
                    await self._carrier.relieved()
                    has_more = self._serve()
        finally:
            self._pause = None
            pause.set_result(None)

    def _serve(self) -> bool:
        begun, share = self._server.now(), self._carrier.share
        has_more = self._rpc.serve()
        if share is not None:
            share.spend(begun)
        if self._carrier.rate is not None:
            self._charge(self._carrier.rate)
        return has_more

    async def _woken(self) -> None:
        self._waking = self._server.loop.create_future()
        await self._waking

    def _charge(self, rate: ConnectionRate, paid: int = 0) -> None:
        """Charge the rate for what was served; ``paid`` messages of it have been charged already."""
        served = self._rpc.getRecvedMessageCount()
        delay = rate.owe_calls(self._server.now(), max(0, served - self._charged - paid))
        self._charged = served
        if delay:
            self._server.limited.note(Limit.CALLS)
        if self._rpc.inflated > self._inflated:
            owed = rate.owe_bytes(self._server.now(), self._rpc.inflated - self._inflated)
            self._inflated = self._rpc.inflated
            if owed:
                self._server.limited.note(Limit.BYTES)
            delay = max(delay, owed)
        if delay:
            self._delay = delay

    def _wake(self) -> None:
        if self.is_held or self.is_full or self._is_crowded:
            return
        if self._pause is None:
            if self._rpc.has_calls:
                self._server.run(self._begin_anew())
        else:
            self._wake_anyway()

    def _wake_anyway(self) -> None:
        if self._waking is not None and not self._waking.done():
            self._waking.set_result(None)

    async def _begin_anew(self) -> None:
        if self._pause is None:
            await self._work_off(has_more=True)

    def _watch(self) -> None:
        """Look soon whether any servant has ended: calls wait for a place."""
        if self._watcher is None:
            look = partial(self._look, self._ended)
            self._watcher = self._server.wheel.arm(self._server.now(), STUCK_SECONDS, look)

    def _look(self, ended: int) -> None:
        self._watcher = None
        if not self._is_crowded or not self._rpc.has_calls:
            return
        if ended == self._ended and len(self._rpc.calls) >= self._running:
            log.warning("! calls are refused: all servants of a connection wait for calls of their own")
            self._rpc.refuse_waiting()
            self._wake_anyway()
        else:
            self._watch()
