"""Open socket of one client: its outbox, its flushes, and its end. The event loop's thread only.

Decides when to write, which client is too slow, and how the end is carried out: our last bytes are followed by FIN,
and what the peer still sends is read and dropped for a moment, because a socket closed with unread bytes would reset
the connection and lose our last words. The ``Receiver`` of a protocol decides what the incoming bytes mean.

Too slow is a verdict on a socket: it took nothing for ``slow_seconds`` although more than ``outbox_hard_bytes`` wait.
So the outbox is flushed before a client is judged, and a client whose socket takes bytes goes on, up to the bound
that memory sets (``outbox.BURST``).
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from rtserver.base.connection.carrier import BinaryPeer, OpenBinary
from rtserver.base.connection.handler import Agent, Identity
from rtserver.base.connection.outbox import QUEUED, Outbox, PushResult
from rtserver.base.connection.overload import Overload
from rtserver.base.connection.receiver import Receiver
from rtserver.base.connection.shared import Shared
from rtserver.base.connection.socket_stream import NOT_NOW, SocketStream
from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.failure.cancellation import is_cancelled
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.wire.client_message import ErrorCode, encode_error
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.payload import Framing
from tcelib.limit.connection_rate import ConnectionRate

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
JOINED_BYTES = 32_768
"""Most bytes of frames that are joined, of which few suffice to join: far below ``outbox_bytes``."""
IN_ORDER = 0.75
"""Part of ``outbox_bytes`` for frames that wait in order. The rest is for the newest of each key in a lag."""


class Kind(NamedTuple):
    """Properties that connections of one kind share. ``name`` is the word of the metrics."""

    name: str
    framing: Framing
    open_receiver: "Callable[[Connection], Receiver]"
    open_binary: OpenBinary | None = None
    """None: binary messages are dropped, unless the connection was given its peer."""


def fan_out(connections: Sequence["Connection"], frames: Sequence[bytes], key: Hashable | None = None) -> None:
    """``push`` the same frames to many connections.

    The loop has no call for a connection that is open and does not lag: a call for each would take three times as
    long as all the rest, and the first client would wait for the calls of all others. Such a connection gets several
    frames as one. Each of the others gets them one by one, because any of them may be the one with which a lag begins
    or the client is given up.
    """
    joined = frames[0] if len(frames) == 1 else b"".join(frames)
    length = len(joined)
    if not length:
        return
    if length > JOINED_BYTES and len(frames) > 1:
        middle = len(frames) // 2
        fan_out(connections, frames[:middle], key)
        fan_out(connections, frames[middle:], key)
        return
    due: list[Connection] = []
    for connection in connections:
        outbox = connection.outbox
        size = outbox.size + length
        if size > outbox.limit:
            _push_each(connection, frames, key)
            continue
        if not (outbox.frames or connection.is_flush_due):
            connection.is_flush_due = True
            due.append(connection)
        outbox.frames.append(joined)
        outbox.size = size
    if connections:
        connections[0].shared.flusher.add_all(due, length * len(connections))


def _push_each(connection: "Connection", frames: Iterable[bytes], key: Hashable | None) -> None:
    for frame in frames:
        # The handler hears of a lag and of an end. Its errors must not keep the frames from the other connections.
        try:
            connection.push(frame, key)
        except BaseException:
            log.exception("! %s: its handler failed at a push", connection.remote_ip)


class Connection:
    """Open socket of one client. ``outbox`` is open for ``fan_out``.

    ``agent`` is the handler's object, None until the handler has accepted the connection. Receivers and peers push,
    close and stop reading; the connection set starts and aborts.
    """

    __slots__ = (
        "_close_code",
        "_deadline",
        "_is_at_end",
        "_is_lag_told",
        "_is_over",
        "_overload",
        "_receiver",
        "_relief",
        "_stream",
        "agent",
        "binary",
        "file",
        "framing",
        "is_done",
        "is_flush_due",
        "is_open",
        "kind",
        "outbox",
        "rate",
        "remote_ip",
        "shared",
    )

    def __init__(self, shared: Shared, connection: socket.socket, remote_ip: str, kind: Kind) -> None:
        bounds = shared.bounds
        self.shared = shared
        self.remote_ip = remote_ip
        self.kind = kind
        self.framing = kind.framing
        self.agent: Agent | None = None
        self.binary: BinaryPeer | None = None
        self.rate = None if shared.rates is None else ConnectionRate(shared.rates)
        self.outbox = Outbox(int(IN_ORDER * bounds.outbox_bytes), bounds.outbox_hard_bytes)
        self.is_open = True
        """True while a push still has a chance to arrive."""
        self.is_done = False
        """True once our last byte has been queued. Bytes that still come in are dropped."""
        self._close_code: int = CloseCode.ABNORMAL
        self._deadline: Timer | None = None
        self._relief: asyncio.Future[None] | None = None
        self._overload: Overload | None = None
        self.is_flush_due = False
        """True while a flush is to come. A receiver sets it at the begin of a read, behind which it flushes."""
        self._is_over = False
        self._is_at_end = False
        self._is_lag_told = False
        self._receiver = receiver = kind.open_receiver(self)
        self.file = connection.fileno()
        """Number of the socket's file, as long as it is open."""
        self._stream = SocketStream(shared.loop, shared.readers, connection, receiver, self)

    @property
    def is_lagging(self) -> bool:
        """True while the client has been told that it gets less than everything."""
        return self._is_lag_told and self.is_open

    @property
    def share(self) -> FairShare | None:
        """Processor time of the user; None where it is not counted. Set by the handler, which knows the user."""
        return self._stream.share

    @share.setter
    def share(self, share: FairShare | None) -> None:
        self._stream.share = self._receiver.share = share

    @property
    def waits_for_turn(self) -> bool:
        """True while there is something to read, and it is not the user's turn."""
        return self._stream.is_waiting

    @property
    def stuck_seconds(self) -> float:
        """Seconds for which the socket has taken nothing of what it was given; 0.0 if it has taken everything."""
        return self.shared.now() - self._stream.moved if self._stream.is_busy else 0.0

    @property
    def is_stuck(self) -> bool:
        """True if something waits and the socket has taken nothing of it for ``slow_seconds``."""
        return self._stream.is_busy and self.stuck_seconds >= self.shared.bounds.slow_seconds

    def admit(self, identity: Identity) -> bool:
        """Give the connection of a known user to the handler. Return whether it is still open."""
        self.agent = self.shared.handler.on_open(self, identity)
        self._receiver.on_accept()
        if self.agent is None:
            self.close(CloseCode.NOT_LOGGED_IN, "not logged in")
        elif self._is_over:
            # It was closed before there was an agent to report it for.
            self._tell_handler(self._close_code)
        return self.is_open

    def start(self, first: bytes = b"") -> None:
        """Begin to read; ``first`` is what came with the handshake."""
        self._stream.resume()
        if first:
            self._receiver.on_bytes(first)

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a whole frame, soon. A newer frame with the same ``key`` may replace it while the client lags.

        After the connection's end the frame is dropped.
        """
        if not self.is_open:
            return
        result = self.outbox.push(frame, key)
        if not self.is_flush_due:
            self.schedule()
        if result is QUEUED:
            return
        if result is not PushResult.FULL:
            self._on_push_result(result)
        elif not self._push_over(frame, key):
            self.give_up()

    def push_control(self, frames: Iterable[bytes]) -> None:
        """Send frames that must not be left out. A client whose outbox has no room for one is cut off."""
        results = {self._queue_control(frame) for frame in frames}
        # The messages behind a ping may take long, and ``fan_out`` counts on a flush to come.
        self.schedule()
        if PushResult.FULL in results:
            self.shared.too_slow += 1
            self.abort()
        elif PushResult.LAGS in results and self.is_open:
            self._on_push_result(PushResult.LAGS)

    def receive_binary(self, data: bytes) -> Awaitable[object] | None:
        """Hand a binary message to its peer. Nothing more may be read while the result is pending."""
        if self.binary is None:
            if self.kind.open_binary is None:
                return None
            self.binary = self.kind.open_binary(self, data)
        return self.binary.receive(data)

    def close(self, code: int, reason: str = "") -> None:
        """Send the reason, and end. The handler is called before this returns; the socket goes within 2 seconds."""
        if not self.is_open:
            return
        self.is_open = False
        self._close_code = code
        self._receiver.say_close(code, reason)
        self.outbox.shut()
        self.flush()
        self._finish()

    def finish(self, code: int, frames: Iterable[bytes]) -> None:
        """Send our last ``frames`` and FIN, then wait for the peer's end, but not for long."""
        self.is_open = False
        self.is_done = True
        self._close_code = code
        self.push_control(frames)
        self.outbox.shut()
        self.flush()
        if not self._stream.is_closed:
            self._finish()

    def abort(self) -> None:
        """End the connection at once: close the socket without a last frame."""
        self.is_open = False
        if self._deadline is not None:
            self._deadline.cancel()
        if self._overload is not None:
            self._overload.end()
        self._end_relief()
        self.outbox.shut()
        self._stream.close()
        self._tell_close()
        self.shared.forget(self)

    def fail(self, error: BaseException) -> None:
        """End the connection after an unhandled error."""
        log.error("! %s: closing, after an unhandled error", self.remote_ip, exc_info=error)
        self.abort()

    def give_up(self) -> None:
        """Close with 4108, and drop what waits."""
        self.shared.too_slow += 1
        # The client would get the close frame behind all that has piled up.
        self.outbox.discard()
        self._end_relief()
        self.close(CloseCode.TOO_SLOW, "too slow for what is sent")

    def schedule(self) -> None:
        """Arm a flush of the outbox, if none is to come anyway."""
        if not self.is_flush_due:
            self.is_flush_due = True
            self.shared.flusher.add(self)

    def flush(self) -> None:
        """Write what waits. Behind a write that is still under way it waits on, where it can be conflated."""
        self.is_flush_due = False
        outbox, stream = self.outbox, self._stream
        while outbox.size and not stream.is_busy:
            data = outbox.take()
            if not data:
                return
            try:
                written = stream.socket.send(data)
            except NOT_NOW:
                written = 0
            except OSError:
                self.abort()
                return
            if written != len(data):
                stream.write_rest(memoryview(data)[written:])
                return
            if outbox.sent() or self._relief is not None:
                self._on_room()

    def take(self) -> list[bytes]:
        """See ``Writable``."""
        self.is_flush_due = False
        stream = self._stream
        return [] if stream.is_busy or stream.is_secure else self.outbox.take_all()

    def write_rest(self, data: bytes, written: int) -> None:
        """See ``Writable``."""
        self.outbox.take_back(len(data))
        self._stream.write_rest(memoryview(data)[written:])

    def relieve(self) -> None:
        """Write what the socket takes at this moment. Only the rest says something about the client."""
        self._stream.write_now()
        if not self._stream.is_closed:
            self.flush()

    def is_full(self) -> bool:
        """Return whether so much waits that nothing should be done for the client before it has read some of it."""
        if not self.outbox.is_over:
            return False
        self.relieve()
        return self.outbox.is_over and self.is_open

    async def relieved(self) -> None:
        """Wait until the outbox is full no more, or the connection is over."""
        if self.is_full():
            if self._relief is None:
                self._relief = self.shared.loop.create_future()
            await self._relief

    async def turn(self) -> None:
        """Wait until all others have had a turn, and this user has one."""
        share = self._stream.share
        if share is None or not share.is_owing:
            await asyncio.sleep(0)
            return
        turn: asyncio.Future[None] = self.shared.loop.create_future()
        share.wait_turn(partial(_settle, turn))
        await turn

    def stop_reading_for(self, rest: Awaitable[object]) -> None:
        """Read nothing until ``rest`` of the handling of what was read has ended."""
        self._stream.pause()
        # The flush that was announced for the end of the read is far away now.
        self.is_flush_due = False
        if self.outbox.size:
            self.schedule()
        self.shared.run(self._read_after(rest))

    async def _read_after(self, rest: Awaitable[object]) -> None:
        try:
            await rest
            self._receiver.settle()
            self._stream.resume()
        except BaseException as error:  # a handler may raise anything; it is logged and costs this connection
            if is_cancelled(error):
                raise
            self.fail(error)

    def _queue_control(self, frame: bytes) -> PushResult:
        """Queue a frame that must arrive. ``FULL`` is a client that is too slow."""
        result = self.outbox.push(frame)
        if result is not PushResult.FULL:
            return result
        # A last frame may stand behind what a client that is given up has not taken.
        may_wait = self._push_over(frame) if self.is_open else self.outbox.push_over(frame)
        return PushResult.QUEUED if may_wait else PushResult.FULL

    def _push_over(self, frame: bytes, key: Hashable | None = None) -> bool:
        """Queue a frame for which the outbox was full. Return False for a client that is too slow.

        A client is too slow if its socket has taken nothing for ``slow_seconds``, or if very much waits for it.
        """
        self.relieve()
        if not self.is_open:
            return True
        result = self.outbox.push(frame, key)
        if result is PushResult.FULL:
            slow_seconds = self.shared.bounds.slow_seconds
            if self.stuck_seconds >= slow_seconds or not self.outbox.push_over(frame, key):
                return False
            if self._overload is None or not self._overload.is_watched:
                self._overload = Overload(self, self.shared)
        elif result is not QUEUED:
            self._on_push_result(result)
        self.schedule()
        return True

    def _on_push_result(self, result: PushResult) -> None:
        if result is PushResult.LAGS:
            # One large picture is no lag yet: the system may take it all at once.
            self.relieve()
            if self.outbox.is_lagging and self.is_open and not self._is_lag_told:
                self._is_lag_told = True
                self.shared.handler.on_lag(self.agent, True)
        elif result is PushResult.TOO_LARGE:
            self._tell_too_large()

    def _tell_too_large(self) -> None:
        """Tell the client that a frame was left out because no client could take it. The connection goes on."""
        self.shared.too_large += 1
        log.error("! %s: a message was not sent: it is longer than may wait for a client", self.remote_ip)
        text = "a message was not sent to you: it is longer than may wait for a client"
        self.push(self.framing(encode_error(ErrorCode.INTERNAL, text)))

    def _on_room(self) -> None:
        """Note that the system has taken all that was written: a wait for room or a lag may be over."""
        if self._relief is not None and not self.outbox.is_over:
            self._end_relief()
        if self._is_lag_told and self.is_open and not self.outbox.is_lagging:
            self._is_lag_told = False
            self.shared.handler.on_lag(self.agent, False)

    def _end_relief(self) -> None:
        if self._relief is not None:
            _settle(self._relief)
            self._relief = None

    def on_written(self) -> None:
        """See ``StreamOwner``."""
        if self.outbox.sent() or self._relief is not None:
            self._on_room()
        self.flush()
        if self._is_at_end and not self._stream.is_busy:
            self.abort()
        elif not self._stream.is_closed:
            self._maybe_end_writing()

    def on_end(self) -> None:
        """Note that the peer has ended its half. It still gets the write that is under way, but not for long."""
        self._is_at_end = True
        self.flush()
        if self._stream.is_closed:
            return
        if self._stream.is_busy:
            self._tell_close()
            self._expect_end()
        else:
            self.abort()

    def _finish(self) -> None:
        self._tell_close()
        self._expect_end()
        self._maybe_end_writing()

    def _expect_end(self) -> None:
        # Our last bytes may have met a peer that had gone, which ended the connection at once.
        if not self._stream.is_closed:
            if self._deadline is not None:
                self._deadline.cancel()
            self._deadline = self.shared.wheel.arm(self.shared.now(), CLOSE_SECONDS, self.abort)

    def _maybe_end_writing(self) -> None:
        if self.is_done and not self.outbox.size:
            self._stream.end_writing()

    def _tell_close(self) -> None:
        self.is_open = False
        if self._is_over:
            return
        self._is_over = True
        if self.agent is not None:
            self._tell_handler(self._close_code)
        self._receiver.end()
        if self.binary is not None:
            self.binary.end()

    def _tell_handler(self, code: int) -> None:
        # The code that ends connections, many perhaps, cannot mend the handler's errors.
        try:
            self.shared.handler.on_close(self.agent, code)
        except BaseException:
            log.exception("! %s: its handler failed at the end", self.remote_ip)


def _settle(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
