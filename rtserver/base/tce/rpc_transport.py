"""Transport of ``tcelib`` over one connection: its bytes become calls, whose packets go to its outbox.

``serving_turns`` decides when calls are served. The event loop's thread only.
"""

import asyncio
import logging
import math
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence

from rtserver.base.connection.carrier import Carrier
from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.failure.cancellation import is_cancelled
from rtserver.base.tce.carriage import Carriage
from rtserver.base.tce.passage import Passage
from rtserver.base.tce.serving_turns import ServingTurns
from rtserver.base.tce.shared import TceShared
from rtserver.base.wire.client_message import ErrorCode, encode_error
from rtserver.base.wire.close_code import CloseCode
from tcelib.core.connection import RpcConnection
from tcelib.core.port import Done
from tcelib.core.promise import RpcPromise
from tcelib.error import RPCERROR_CONNECTION_LOST, RPCERROR_SENDFAILED, RpcException

log = logging.getLogger(__name__)

BATCH_BYTES = 65_536
"""Size of packets that are pushed together. Each packet fits into an outbox; many of them together may not."""


class RpcTransport:
    """Transport (``tcelib.core.port``) over a connection whose user is known, and its ``BinaryPeer``."""

    __slots__ = (
        "_carrier",
        "_handling",
        "_join",
        "_passage",
        "_server",
        "_shared",
        "_thread",
        "_timer",
        "_turns",
        "_wakes_at",
        "may_compress",
        "receive",
        "rpc",
    )

    def __init__(self, shared: TceShared, carriage: Carriage, carrier: Carrier, *, in_cesu8: bool) -> None:
        self._shared = shared
        self._join = carriage.join
        self._carrier = carrier
        self._server = carrier.shared
        self._thread = threading.get_ident()
        self._timer: Timer | None = None
        self._wakes_at = math.inf
        self._handling: asyncio.Future[None] | None = None  # the last user message that has not been handled yet
        self.may_compress = not carriage.is_framed
        self.rpc = RpcConnection(self, max_packet_bytes=shared.max_packet_bytes)
        self.rpc.user = carrier.agent
        self.rpc.servants.on_refusal = shared.counts.on_failure
        if in_cesu8:
            self.rpc.speak_cesu8()
        self.rpc.setUserId(self._server.handler.user_id(carrier.agent))
        self._turns = ServingTurns(self.rpc, carrier, is_framed=carriage.is_framed)
        self.receive = self._turns.receive
        """See ``BinaryPeer``."""
        self._passage: Passage | None = None
        if shared.open_passage is not None:
            self._passage = shared.open_passage(carrier.agent, self.rpc, self._turns)
            self.rpc.router = self._passage.take
        shared.adapter.addConnection(self.rpc)
        self.rpc.opened()

    def end(self) -> None:
        """See ``BinaryPeer``. Calls that wait for an answer fail."""
        if self.rpc.is_open:
            self._shared.counts.messages += self.rpc.getRecvedMessageCount()
            self.rpc.lost(RpcException(RPCERROR_CONNECTION_LOST))
        self._turns.end()
        if self._passage is not None:
            self._passage.end()
        if self._timer is not None:
            self._timer.cancel()

    def on_text(self, text: bytes) -> Awaitable[object] | None:
        """Handle a user message as if it had come in a text frame, behind those before it.

        The awaitable returned, if any, is done when the message has been handled.
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
        self._turns.is_held = True
        self._server.run(self._until_handled(pending, handled))
        return handled

    def is_mine(self) -> bool:
        """See ``Transport``."""
        return threading.get_ident() == self._thread

    def hand_over(self, work: Callable[[], object], /) -> None:
        """See ``Transport``."""
        self._server.loop.call_soon_threadsafe(work)

    def call_soon(self, work: Callable[[], object], /) -> bool:
        """See ``Transport``. The outbox keeps packets until the end of the turn anyway."""
        return False

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``. Packets of one turn of the loop leave in one write, if they are not many."""
        if not self._carrier.is_open:
            raise RpcException(RPCERROR_SENDFAILED, "the connection is closed")
        for batch in [packets] if sum(map(len, packets)) <= BATCH_BYTES else _batches(packets):
            self._carrier.push(self._join(batch))
        if self.rpc.calls:
            self._watch_deadline()

    def make_room(self, timeout: float, /) -> None:
        """See ``Transport``. Nobody waits: the outbox decides about clients that do not read."""

    def until_open(self, timeout: float, /) -> None:
        """See ``Transport``. A connection here is open, or over for good."""

    def close(self) -> None:
        """See ``Transport``."""
        # tcelib closes by itself only after bytes that are no packets.
        failure = self.rpc.failure
        if failure is None:
            self._carrier.close(CloseCode.NORMAL)
        else:
            self._shared.counts.broken_streams += 1
            self._carrier.close(CloseCode.UNSUPPORTED_DATA, str(failure))

    def wait(self, promise: RpcPromise[object], timeout: float | None, /) -> None:
        """See ``Transport``. Raises ``RuntimeError``: waiting would block the server's loop."""
        raise RuntimeError(
            "waiting would stop the server: make the servant `async def` and `await prx.echo_async(...)`"
        )

    def future(self, promise: RpcPromise[object], /) -> Awaitable[object]:
        """See ``Transport``."""
        if not self.is_mine():
            raise RuntimeError("a promise is awaited on the server's loop")
        future: asyncio.Future[None] = self._server.loop.create_future()

        def finish(_: RpcPromise[object]) -> None:
            if not future.done():
                future.set_result(None)

        promise.add_done_callback(finish)
        return future

    def is_stop(self, error: BaseException, /) -> bool:
        """See ``Transport``. Always false: signals stop the server, never an exception."""
        return False

    def run(self, coroutine: Coroutine[object, object, object], done: Done, /) -> None:
        """See ``Transport``. The coroutine goes on when the connection is lost; the server's end cancels it."""
        self._turns.begin_servant()
        self._server.run(self._drive(coroutine, done))

    def now(self) -> float:
        """See ``Transport``."""
        return self._server.now()

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
                self._turns.release()
            if not handled.done():
                handled.set_result(None)

    async def _drive(self, coroutine: Coroutine[object, object, object], done: Done) -> None:
        result: object = None
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
            self._turns.end_servant()
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
    """Yield the packets in their order, in groups of about ``BATCH_BYTES``."""
    begin = size = 0
    for end, packet in enumerate(packets):
        if size + len(packet) > BATCH_BYTES and end > begin:
            yield packets[begin:end]
            begin, size = end, 0
        size += len(packet)
    yield packets[begin:]
