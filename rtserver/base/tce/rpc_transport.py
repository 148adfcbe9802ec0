"""The calls of one connection: its bytes go to a ``tcelib`` connection, whose packets go to its outbox.

Decides when the connection must stop reading: while there are calls to serve that came with what was read, and while
a user message is being handled. So a handler of user messages must not wait for an answer of the same client, which
would not be read. While too many servants wait for something, which may be answers of this client, answers are taken
and calls are kept, up to a bound. Calls are refused if all of those servants wait for answers and none ends.
The event loop's thread only.
"""

import asyncio
import logging
import math
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any

from rtserver.base.connection.carrier import Carrier
from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.failure.cancellation import is_cancelled
from rtserver.base.limit.connection_rate import ConnectionRate
from rtserver.base.limit.table import Limit
from rtserver.base.tce.carriage import Carriage
from rtserver.base.tce.framing import is_error
from rtserver.base.tce.shared import TceShared
from rtserver.base.wire.client_message import ErrorCode, encode_error
from rtserver.base.wire.close_code import CloseCode
from tcelib.core.connection import RpcConnection
from tcelib.core.port import Done
from tcelib.core.promise import RpcPromise
from tcelib.error import RPCERROR_CONNECTION_LOST, RPCERROR_SENDFAILED, RpcException

log = logging.getLogger(__name__)

MAX_RUNNING = 1_000  # servants of one connection that wait for something
KEPT_BYTES = 1024 * 1024  # of calls that wait for a place; then nothing is read
STUCK_SECONDS = 2.0  # without the end of any servant while all wait for answers: they wait for one another

BATCH_BYTES = 65_536
"""Of packets that are pushed together. Each fits into what may wait for a client; many of them need not."""


class RpcTransport:
    """A ``tcelib`` transport (``tcelib.core.port``) over a connection whose user is known."""

    __slots__ = (
        "_carriage",
        "_carrier",
        "_charged",
        "_delay",
        "_ended",
        "_handling",
        "_inflated",
        "_pause",
        "_running",
        "_server",
        "_shared",
        "_thread",
        "_timer",
        "_wakes_at",
        "_waking",
        "_watcher",
        "may_compress",
        "rpc",
    )

    def __init__(self, shared: TceShared, carriage: Carriage, carrier: Carrier, *, in_cesu8: bool) -> None:
        self._shared = shared
        self._carriage = carriage
        self._carrier = carrier
        self._server = carrier.shared
        self._thread = threading.get_ident()
        self._timer: Timer | None = None
        self._wakes_at = math.inf
        self._handling: asyncio.Future[None] | None = None  # the last user message that has not been handled yet
        self._running = 0
        self._ended = 0  # servants that have waited
        self._watcher: Timer | None = None
        self._charged = 0  # messages that the rate has been told of
        self._inflated = 0  # bytes, likewise
        self._delay = 0.0
        self._waking: asyncio.Future[None] | None = None
        self._pause: asyncio.Future[None] | None = None  # until nothing is being worked off, if anything is
        self.may_compress = not carriage.is_framed
        self.rpc = RpcConnection(self, max_packet_bytes=shared.max_packet_bytes)
        self.rpc.user = carrier.agent
        if in_cesu8:
            self.rpc.speak_cesu8()
        self.rpc.setUserId(self._server.handler.user_id(carrier.agent))
        shared.adapter.addConnection(self.rpc)
        self.rpc.opened()

    # What the connection calls.

    def receive(self, data: bytes) -> Awaitable[object] | None:
        """Serve what came. While an awaitable that is returned is pending, nothing more may be given."""
        is_waiting = self._pause is not None or self._running > MAX_RUNNING
        has_more = self.rpc.receive(data, serve=not is_waiting)
        if self._carrier.rate is not None:
            self._charge(self._carrier.rate, int(self._carriage.is_framed))
        if self._pause is not None:
            return self._pause if self._delay or self.rpc.kept_bytes > KEPT_BYTES else None
        return self._work_off(has_more) if has_more or self._handling is not None or self._delay else None

    def end(self) -> None:
        """The connection is over: calls that wait for an answer fail."""
        if self.rpc.is_open:
            self._shared.counts.messages += self.rpc.getRecvedMessageCount()
            self.rpc.lost(RpcException(RPCERROR_CONNECTION_LOST))
        for timer in (self._timer, self._watcher):
            if timer is not None:
                timer.cancel()

    # What the gateway's servant calls.

    def on_text(self, text: bytes) -> Awaitable[object] | None:
        """A user message, as if it had come in a text frame: to be handled when those before it have been.

        What is returned, if anything, is done when it has been handled.
        """
        limit = self._server.bounds.max_message_bytes
        if len(text) > limit:
            error = encode_error(ErrorCode.BAD_MESSAGE, f"a message of {len(text)} bytes; allowed are {limit}")
            self._carrier.push(self._carrier.framing(error))
            return None
        if self._handling is None:
            pending = self._server.handler.on_text(self._carrier.agent, text)
            if pending is None:
                return None
        else:
            pending = self._handle_after(self._handling, text)
        handled = self._handling = self._server.loop.create_future()
        self._server.run(self._until_handled(pending, handled))
        return handled

    # What tcelib calls: see ``tcelib.core.port.Transport``.

    def is_mine(self) -> bool:
        """See ``Transport``."""
        return threading.get_ident() == self._thread

    def hand_over(self, work: Callable[[], object], /) -> None:
        """See ``Transport``."""
        self._server.loop.call_soon_threadsafe(work)

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``: what is written in one turn of the loop leaves in one write, if it is not much."""
        if not self._carrier.is_open:
            raise RpcException(RPCERROR_SENDFAILED, "the connection is closed")
        self._shared.counts.failures += sum(map(is_error, packets))
        for batch in _batches(packets) if len(packets) > 1 else (packets,):
            self._carrier.push(self._carriage.join(batch))

    def make_room(self, deadline: float, /) -> None:
        """See ``Transport``. The outbox decides about clients that do not read; here the call's end is noted."""
        self._watch_deadline()

    def until_open(self, deadline: float, /) -> None:
        """See ``Transport``. It is open, or over."""

    def close(self) -> None:
        """See ``Transport``."""
        # tcelib closes by itself only after bytes that are no packets.
        failure = self.rpc.failure
        if failure is None:
            self._carrier.close(CloseCode.NORMAL)
        else:
            self._shared.counts.broken_streams += 1
            self._carrier.close(CloseCode.UNSUPPORTED_DATA, str(failure))

    def wait(self, promise: RpcPromise[Any], timeout: float | None, /) -> None:
        """See ``Transport``. Nobody may wait like this for a connection of the server's loop."""
        raise RuntimeError(
            "waiting would stop the server: make the servant `async def` and `await prx.echo_async(...)`"
        )

    def future(self, promise: RpcPromise[Any], /) -> Awaitable[object]:
        """See ``Transport``."""
        if not self.is_mine():
            raise RuntimeError("a promise is awaited on the server's loop")
        future: asyncio.Future[None] = self._server.loop.create_future()

        def finish(_: RpcPromise[Any]) -> None:
            if not future.done():
                future.set_result(None)

        promise.add_done_callback(finish)
        return future

    def is_stop(self, error: BaseException, /) -> bool:
        """See ``Transport``. Nothing: the server is told to stop by signals, never by an exception."""
        return False

    def run(self, coroutine: Coroutine[Any, Any, Any], done: Done, /) -> None:
        """See ``Transport``. It goes on when the connection is lost, and is cancelled at the server's end."""
        self._running += 1
        self._server.run(self._drive(coroutine, done))

    def now(self) -> float:
        """See ``Transport``."""
        return self._server.now()

    @property
    def _is_crowded(self) -> bool:
        return self._running > MAX_RUNNING

    def _work_off(self, has_more: bool) -> Awaitable[object]:
        self._pause = self._server.loop.create_future()
        return self._go_on(self._pause, has_more)

    async def _go_on(self, pause: "asyncio.Future[None]", has_more: bool) -> None:
        """Serve the rest, in turns, and wait for what must have ended before the next bytes are read.

        It ends with calls unserved if there is no place for them: then answers are read, and ``_wake`` begins anew.
        """
        try:
            while has_more or self._handling is not None or self._delay:
                if self._delay:
                    delay, self._delay = self._delay, 0.0
                    await asyncio.sleep(delay)
                elif self._handling is not None:
                    await self._woken()
                elif self._is_crowded:
                    self._watch()
                    if self.rpc.kept_bytes <= KEPT_BYTES:
                        break
                    await self._woken()
                    has_more = self.rpc.has_calls
                else:
                    await self._carrier.turn()
                    await self._carrier.relieved()
                    has_more = self._serve()
        finally:
            self._pause = None
            pause.set_result(None)

    def _serve(self) -> bool:
        begun, share = self.now(), self._carrier.share
        has_more = self.rpc.serve()
        if share is not None:
            share.spend(begun)
        if self._carrier.rate is not None:
            self._charge(self._carrier.rate)
        return has_more

    async def _woken(self) -> None:
        self._waking = self._server.loop.create_future()
        await self._waking

    def _charge(self, rate: ConnectionRate, paid: int = 0) -> None:
        """Tell the rate what was served; ``paid`` of it has been told already."""
        served = self.rpc.getRecvedMessageCount()
        delay = rate.owe_calls(self.now(), max(0, served - self._charged - paid))
        self._charged = served
        if delay:
            self._server.limited.note(Limit.CALLS)
        if self.rpc.inflated > self._inflated:
            owed = rate.owe_bytes(self.now(), self.rpc.inflated - self._inflated)
            self._inflated = self.rpc.inflated
            if owed:
                self._server.limited.note(Limit.BYTES)
            delay = max(delay, owed)
        if delay:
            self._delay = delay

    def _wake(self) -> None:
        if self._handling is not None or self._is_crowded:
            return
        if self._pause is None:
            if self.rpc.has_calls:
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
        """Calls wait for a place: look soon whether any servant has ended."""
        if self._watcher is None:
            look = partial(self._look, self._ended)
            self._watcher = self._server.wheel.arm(self.now(), STUCK_SECONDS, look)

    def _look(self, ended: int) -> None:
        self._watcher = None
        if not self._is_crowded or not self.rpc.has_calls:
            return
        if ended == self._ended and len(self.rpc.calls) >= self._running:
            log.warning("! calls are refused: all servants of a connection wait for calls of their own")
            self.rpc.refuse_waiting()
            self._wake_anyway()
        else:
            self._watch()

    async def _handle_after(self, before: Awaitable[object], text: bytes) -> None:
        await before
        if self._carrier.is_open:
            pending = self._server.handler.on_text(self._carrier.agent, text)
            if pending is not None:
                await pending

    async def _until_handled(self, pending: Awaitable[object], handled: "asyncio.Future[None]") -> None:
        try:
            await pending
        except BaseException as error:
            if is_cancelled(error):
                raise
            log.exception("! a user message failed")
        finally:
            if self._handling is handled:
                self._handling = None
                self._wake()
            if not handled.done():
                handled.set_result(None)

    async def _drive(self, coroutine: Coroutine[Any, Any, Any], done: Done) -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = await coroutine
        except BaseException as raised:  # told to tcelib, which logs it and answers
            if is_cancelled(raised):
                if self._carrier.is_open:  # a servant that has cancelled its own task
                    done(None, raised)
                raise
            error = raised
        finally:
            self._running -= 1
            self._ended += 1
            self._wake()
        done(result, error)

    def _watch_deadline(self) -> None:
        deadline = self.rpc.next_deadline()
        if deadline is not None and deadline < self._wakes_at:
            if self._timer is not None:
                self._timer.cancel()
            self._wakes_at = deadline
            self._timer = self._server.wheel.arm(self.now(), deadline - self.now(), self._expire)

    def _expire(self) -> None:
        self._wakes_at = math.inf
        self.rpc.expire(self.now())
        self._watch_deadline()


def _batches(packets: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The packets in their order, in groups of about ``BATCH_BYTES``."""
    begin = size = 0
    for end, packet in enumerate(packets):
        if size + len(packet) > BATCH_BYTES and end > begin:
            yield packets[begin:end]
            begin, size = end, 0
        size += len(packet)
    yield packets[begin:]
