"""What a connection sends, whatever its protocol: from its outbox, in one write per flush, to the socket.

Decides when to write, which client is too slow, and how the end of a connection is carried out: our last bytes are
followed by FIN, and what the peer still sends is read and thrown away for a moment, since a socket closed with unread
bytes would reset the connection and take our last words with it. What is sent, and what the bytes that come in mean,
is for the protocols: ``WebSocketConnection``, ``TceConnection``.

Too slow is a verdict on a socket: it took nothing for ``slow_seconds`` although more than ``outbox_hard_bytes`` wait.
So the outbox is flushed before anybody is judged, and a client whose socket takes bytes goes on, up to the bound that
memory sets (``outbox.BURST``).
"""

import asyncio
import logging
import socket
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import partial
from typing import Any, ClassVar

from rtserver.base.connection.outbox import QUEUED, Outbox, PushResult
from rtserver.base.connection.owner import Environment
from rtserver.base.connection.socket_stream import NOT_NOW, SocketStream
from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.failure.cancellation import is_cancelled
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.wire.client_message import ErrorCode, encode_error
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.payload import Framing

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
IN_ORDER = 0.75
"""The part of a client's budget for what waits in order. The rest is for the newest of each key while it lags."""


def fan_out(connections: Iterable["OutgoingConnection"], frame: bytes, key: Hashable | None = None) -> None:
    """``push`` the same frame to many.

    Written out for the receiver that is open and does not lag: a call for each that has frames waiting, and therefore
    a flush to come, would take three times as long as all the rest of it, and the first in a row of receivers that
    have none would get its frame only when as many calls have been made for the last.
    """
    length = len(frame)
    for connection in connections:
        outbox = connection.outbox
        size = outbox.size + length
        if size > outbox.limit:
            connection.push(frame, key)
            continue
        if not outbox.frames:
            connection.schedule()
        outbox.frames.append(frame)
        outbox.size = size


class OutgoingConnection(ABC):
    """An open socket. ``session`` is the owner's, set once it was accepted; ``outbox`` is open for ``fan_out``."""

    framing: Framing
    """How a message for many becomes what is pushed here."""

    kind: ClassVar[str]
    """What connections of this class are called in the metrics."""

    __slots__ = (
        "_environment",
        "_is_at_end",
        "_is_lag_told",
        "_is_over",
        "_is_scheduled",
        "_judging",
        "_relief",
        "_share",
        "_stream",
        "_timer",
        "outbox",
        "remote_ip",
        "session",
    )

    def __init__(self, environment: Environment, connection: socket.socket, remote_ip: str) -> None:
        self.session: Any = None
        self.remote_ip = remote_ip
        self._environment = environment
        self._stream = SocketStream(environment.loop, connection, self._on_bytes, self._on_end, self._on_written)
        self.outbox = Outbox(int(IN_ORDER * environment.outbox_bytes), environment.outbox_hard_bytes)
        self._timer: Timer | None = None
        self._share: FairShare | None = None
        self._relief: asyncio.Future[None] | None = None
        self._judging: Timer | None = None  # while more waits than may wait for a client that takes nothing
        self._is_scheduled = False
        self._is_over = False
        self._is_at_end = False
        self._is_lag_told = False

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether a push still has a chance to arrive."""

    @property
    def is_lagging(self) -> bool:
        """Whether the client was told that it gets less than everything, and not yet that this is over."""
        return self._is_lag_told and self.is_open

    @property
    def share(self) -> FairShare | None:
        """The user's processor time; None where nobody counts it. Whoever sets it knows the user."""
        return self._share

    @share.setter
    def share(self, share: FairShare | None) -> None:
        self._share = self._stream.share = share

    @property
    @abstractmethod
    def _is_done(self) -> bool:
        """Whether our last byte has been queued, and what still comes in is not looked at."""

    @property
    @abstractmethod
    def _close_code(self) -> int:
        """What the connection ended with, as far as it has."""

    @abstractmethod
    def close(self, code: int, reason: str = "") -> None:
        """Say so, and end. The owner is told before this returns; the socket goes within two seconds."""

    @abstractmethod
    def _on_bytes(self, data: bytes) -> None:
        """Handle what was read, and send what it led to. Never raises."""

    @abstractmethod
    def _settle(self) -> None:
        """Everything that was read is handled: send what it led to."""

    def accept(self, session: Any) -> None:
        """Take the owner's name for the connection; None is an owner that does not want it after all."""
        self.session = session
        if session is None:
            self.close(CloseCode.NOT_LOGGED_IN, "not logged in")
        elif self._is_over:
            # It was closed before there was a session to tell of it.
            self._tell_owner(self._close_code)

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a whole frame, soon; with a ``key``, a newer one of the same key may replace it while the client lags.

        After the connection's end the frame is dropped.
        """
        if not self.is_open:
            return
        verdict = self.outbox.push(frame, key)
        self.schedule()
        if verdict is PushResult.FULL:
            if not self._push_over(frame, key):
                self.give_up()
        elif verdict is not QUEUED:
            self._on_push_result(verdict)

    def abort(self) -> None:
        """End the connection without a word."""
        self._disarm()
        self._stop_judging()
        self._end_relief()
        self.outbox.shut()
        self._stream.close()
        self._tell_close(self._close_code)
        self._environment.forget(self)

    def start(self, first: bytes = b"") -> None:
        """Begin to read; ``first`` is what came with the handshake."""
        self._stream.resume()
        if first:
            self._on_bytes(first)

    def flush(self) -> None:
        """Write what waits, unless an earlier write is still under way: then it waits where it can be conflated."""
        self._is_scheduled = False
        stream = self._stream
        while not stream.is_busy:
            data = self.outbox.take()
            if not data:
                return
            try:
                written = stream.send(data)
            except NOT_NOW:
                written = 0
            except OSError:
                self.abort()
                return
            if written != len(data):
                stream.write_rest(memoryview(data)[written:])
                return
            self._on_sent()
            if not self.outbox.size:
                return

    def relieve(self) -> None:
        """Write what the socket takes at this moment: how much waits says something about the client only then."""
        self._stream.write_now()
        if not self._stream.is_closed:
            self.flush()

    def is_full(self) -> bool:
        """Whether so much waits that nothing should be done for the client before it has read some of it."""
        if self.outbox.is_over:
            self.relieve()
        return self.outbox.is_over and self.is_open

    async def relieved(self) -> None:
        """Until the outbox is full no more, or the connection is over."""
        if self.is_full():
            if self._relief is None:
                self._relief = self._environment.loop.create_future()
            await self._relief

    def schedule(self) -> None:
        """Have the outbox flushed soon, if it is not to be anyway."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._environment.flusher.add(self)

    def _stop_reading_for(self, rest: Awaitable[object]) -> None:
        """Read nothing until ``rest`` of the handling of what was read has ended."""
        self._stream.pause()
        self._environment.run(self._read_after(rest))

    async def turn(self) -> None:
        """Until everyone else has had a turn, and this user has one."""
        share = self._share
        if share is None or not share.is_owing:
            await asyncio.sleep(0)
            return
        turn: asyncio.Future[None] = self._environment.loop.create_future()
        share.wait_turn(partial(_settle, turn))
        await turn

    async def _read_after(self, rest: Awaitable[object]) -> None:
        try:
            await rest
            self._settle()
            self._stream.resume()
        except BaseException as error:  # an owner may raise anything; it is logged and costs this connection
            if is_cancelled(error):
                raise
            self._on_error(error)

    def _finish(self) -> None:
        """Our last bytes, then FIN, then the peer's end is waited for, but not for long."""
        self._tell_close(self._close_code)
        self._expect_end()
        self._maybe_end_writing()

    def _expect_end(self) -> None:
        # Our last bytes may have met a peer that had gone, which ended the connection at once.
        if not self._stream.is_closed:
            self._arm(CLOSE_SECONDS, self.abort)

    def _maybe_end_writing(self) -> None:
        if self._is_done and not self.outbox.size:
            self._stream.end_writing()

    def _on_end(self) -> None:
        """The peer has ended its half. It still gets what is on its way to it, but not for long."""
        self._is_at_end = True
        self.flush()
        if self._stream.is_closed:
            return
        if self._stream.is_busy:
            self._tell_close(self._close_code)
            self._expect_end()
        else:
            self.abort()

    def _on_error(self, error: BaseException) -> None:
        log.error("! %s: closing, after an error nobody handled", self.remote_ip, exc_info=error)
        self.abort()

    def _on_written(self) -> None:
        self._on_sent()
        self.flush()
        if self._is_at_end and not self._stream.is_busy:
            self.abort()
        elif not self._stream.is_closed:
            self._maybe_end_writing()

    def _end_relief(self) -> None:
        if self._relief is not None:
            _settle(self._relief)
            self._relief = None

    def _on_sent(self) -> None:
        has_caught_up = self.outbox.sent()
        if self._relief is not None and not self.outbox.is_over:
            self._end_relief()
        if has_caught_up and self._is_lag_told and self.is_open:
            self._is_lag_told = False
            self._environment.owner.on_lag(self.session, False)

    def _on_push_result(self, verdict: PushResult) -> None:
        if verdict is PushResult.LAGS:
            # One large picture is no lag yet: the system may take it all at once.
            self.relieve()
            if self.outbox.is_lagging and self.is_open and not self._is_lag_told:
                self._is_lag_told = True
                self._environment.owner.on_lag(self.session, True)
        elif verdict is PushResult.TOO_LARGE:
            self._tell_too_large()

    def _push_over(self, frame: bytes, key: Hashable | None = None) -> bool:
        """Queue a frame for which the outbox was full; False for a client that is too slow.

        Too slow is a client whose socket has taken nothing for ``slow_seconds``, or for whom very much waits.
        """
        self.relieve()
        if not self.is_open:
            return True
        verdict = self.outbox.push(frame, key)
        if verdict is PushResult.FULL:
            if self._stuck_seconds >= self._environment.slow_seconds or not self.outbox.push_over(frame, key):
                return False
            if self._judging is None:
                self._judge_later(self._environment.slow_seconds)
        elif verdict is not QUEUED:
            self._on_push_result(verdict)
        self.schedule()
        return True

    @property
    def is_stuck(self) -> bool:
        """Whether something waits and the socket has taken nothing of it for ``slow_seconds``."""
        return self._stream.is_busy and self._stuck_seconds >= self._environment.slow_seconds

    @property
    def _stuck_seconds(self) -> float:
        return self._environment.now() - self._stream.moved if self._stream.is_busy else 0.0

    def _judge_later(self, delay: float) -> None:
        self._judging = self._environment.wheel.arm(self._environment.now(), delay, self._judge)

    def _judge(self) -> None:
        """Give up a client for whom too much waits and whose socket takes nothing, also if nothing more is pushed."""
        self._judging = None
        self.relieve()
        if not self.is_open or not self.outbox.is_over:
            return
        if self.is_stuck:
            self.give_up()
        else:
            self._judge_later(self._environment.slow_seconds - self._stuck_seconds)

    def _stop_judging(self) -> None:
        if self._judging is not None:
            self._judging.cancel()
            self._judging = None

    def _tell_too_large(self) -> None:
        """A frame was left out that no client could take: the client is told, and the connection goes on."""
        self._environment.too_large += 1
        log.error("! %s: a message was not sent: it is longer than may wait for a client", self.remote_ip)
        text = "a message was not sent to you: it is longer than may wait for a client"
        self.push(self.framing(encode_error(ErrorCode.INTERNAL, text)))

    def give_up(self) -> None:
        """Close with 4108 and forget what waits."""
        self._environment.too_slow += 1
        # Nobody will wait for what has piled up, and the close frame would stand behind it.
        self.outbox.discard()
        self._end_relief()
        self.close(CloseCode.TOO_SLOW, "too slow for what is sent")

    def _arm(self, delay: float, callback: Callable[[], object]) -> None:
        """Set the connection's one timer, in place of what it was set to."""
        self._disarm()
        self._timer = self._environment.wheel.arm(self._environment.now(), delay, callback)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tell_close(self, code: int) -> None:
        if not self._is_over:
            self._is_over = True
            if self.session is not None:
                self._tell_owner(code)

    def _tell_owner(self, code: int) -> None:
        # Whoever ends a connection, one of many perhaps, cannot mend what its owner makes of it.
        try:
            self._environment.owner.on_close(self.session, code)
        except BaseException:
            log.exception("! %s: its owner failed at the end", self.remote_ip)


def _settle(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
