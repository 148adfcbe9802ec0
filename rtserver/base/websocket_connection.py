"""One WebSocket on its socket: reads in bulk, feeds the protocol, writes the outbox. The event loop's thread only.

The shell around ``base.wire.protocol`` and ``base.outbox``, which decide what the bytes mean and what a slow client
gets. This file decides when to read and write, and how the end of a connection is carried out: our last frame is
followed by FIN, and what the peer still sends is read and thrown away for a moment, since a socket closed with unread
bytes would reset the connection and take the close frame with it.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Hashable, Iterable, Iterator
from typing import Any, ClassVar

from rtserver.base.connection_owner import Environment
from rtserver.base.outbox import QUEUED, Outbox, Verdict
from rtserver.base.payload import Framing
from rtserver.base.socket_stream import NOT_NOW, SocketStream
from rtserver.base.timer_wheel import Timer
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import Opcode, build_frame, text_frame
from rtserver.base.wire.protocol import TEXT, ReceivedMessage, WebSocketProtocol

log = logging.getLogger(__name__)

TURN_MESSAGES = 200
CLOSE_SECONDS = 2.0
PING_FRAME = build_frame(Opcode.PING, b"")


def fan_out(connections: Iterable["WebSocketConnection"], frame: bytes, key: Hashable | None = None) -> None:
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
        elif outbox.frames:
            outbox.frames.append(frame)
            outbox.size = size
        else:
            outbox.frames.append(frame)
            outbox.size = size
            connection.schedule()


class WebSocketConnection:
    """An open socket. ``session`` is the owner's, set once it was accepted; ``outbox`` is open for ``fan_out``."""

    framing: Framing = staticmethod(text_frame)
    """How a message for many becomes what is pushed here."""

    inflates: ClassVar[bool] = False
    """Whether what the client sends may be compressed."""

    __slots__ = (
        "_environment",
        "_is_at_end",
        "_is_lag_told",
        "_is_listening",
        "_is_over",
        "_is_scheduled",
        "_last_ping",
        "_last_received",
        "_protocol",
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
        self._protocol = WebSocketProtocol(environment.max_message_bytes, inflates=self.inflates)
        self.outbox = Outbox(environment.outbox_bytes, environment.outbox_hard_bytes)
        self._is_scheduled = False
        self._is_over = False
        self._is_at_end = False
        self._is_listening = True
        self._is_lag_told = False
        self._last_ping = 0.0
        self._last_received = environment.now()
        self._timer = self._arm(environment.heartbeat_seconds, self._on_heartbeat)

    @property
    def is_open(self) -> bool:
        """Whether a push still has a chance to arrive."""
        return not self._is_over and self._protocol.is_open

    def accept(self, session: Any) -> None:
        """Take the owner's name for the connection; None is an owner that does not want it after all."""
        self.session = session
        if session is None:
            self.close(CloseCode.NOT_LOGGED_IN, "not logged in")
        elif self._is_over:
            # It was closed before there was a session to tell of it.
            self._environment.owner.on_close(session, self._protocol.close_code)

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a whole frame, soon; with a ``key``, a newer one of the same key may replace it while the client lags.

        After the connection's end the frame is dropped.
        """
        if not self.is_open:
            return
        verdict = self.outbox.push(frame, key)
        self.schedule()
        if verdict is not QUEUED:
            self._on_verdict(verdict)

    def close(self, code: int, reason: str = "") -> None:
        """Begin the close handshake. The owner is told before this returns; the socket goes within two seconds."""
        if not self.is_open:
            return
        self._protocol.close(code, reason)
        self._queue_control()
        self.flush()
        self._tell_close(code)
        self._timer.cancel()
        self._timer = self._arm(CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """End the connection without a word."""
        self._timer.cancel()
        self.outbox.shut()
        self._stream.close()
        self._tell_close(self._protocol.close_code)
        self._environment.forget(self)

    def start(self, first: bytes = b"") -> None:
        """Begin to read; ``first`` is what came right behind the handshake."""
        self._stream.resume()
        if first:
            self._on_bytes(first)

    def flush(self) -> None:
        """Write what waits, unless an earlier write is still under way: then it waits where it can be conflated."""
        self._is_scheduled = False
        stream = self._stream
        if stream.is_busy:
            return
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
        if written == len(data):
            self._on_sent()
        else:
            stream.write_rest(memoryview(data)[written:])

    def _on_bytes(self, data: bytes) -> None:
        """One buffer: its messages to the owner, in order, then everything they led to in one write."""
        self._last_received = self._environment.now()
        protocol = self._protocol
        if protocol.is_done:
            return  # behind the last frame; what is still sent is only read so that it does not reset the connection
        try:
            messages = protocol.receive(data)
            if protocol.outgoing:
                self._queue_control()
            self._hand_out(iter(messages))
        except Exception as error:  # noqa: BLE001 (an owner may raise anything; it is logged and costs this connection)
            self._on_error(error)

    def _hand_out(self, messages: Iterator[ReceivedMessage]) -> None:
        """Give the owner its messages. While it has to wait for what one leads to, nothing more is read."""
        pending = self._until_pending(messages)
        if pending is None:
            self._settle()
        else:
            self._is_listening = False
            self._stream.pause()
            self._environment.run(self._hand_out_later(pending, messages))

    async def _hand_out_later(self, pending: Awaitable[object] | None, messages: Iterator[ReceivedMessage]) -> None:
        try:
            while pending is not None:
                await pending
                pending = self._until_pending(messages)
            self._is_listening = True
            self._last_received = self._environment.now()
            self._settle()
            self._stream.resume()
        except Exception as error:  # noqa: BLE001 (an owner may raise anything; it is logged and costs this connection)
            self._on_error(error)

    def _until_pending(self, messages: Iterator[ReceivedMessage]) -> Awaitable[object] | None:
        owner = self._environment.owner
        for number, (opcode, payload) in enumerate(messages, 1):
            if self._is_over:
                break
            handle = owner.on_text if opcode == TEXT else owner.on_binary
            pending = handle(self.session, payload)
            if pending is not None:
                return pending
            if number == TURN_MESSAGES:
                return asyncio.sleep(0)  # a flood of tiny messages is handled, but not before everyone else's
        return None

    def _settle(self) -> None:
        """Everything that was read is handled: send what it led to, the end included."""
        protocol = self._protocol
        protocol.settle()
        if protocol.outgoing:
            self._queue_control()
        self.flush()
        if protocol.is_done and not self._stream.is_closed:
            self._finish()

    def _finish(self) -> None:
        """Our last frame, then FIN, then the peer's end is waited for, but not for long."""
        self._tell_close(self._protocol.close_code)
        self._timer.cancel()
        self._timer = self._arm(CLOSE_SECONDS, self.abort)
        self._maybe_end_writing()

    def _maybe_end_writing(self) -> None:
        if self._protocol.is_done and not self.outbox.size:
            self._stream.end_writing()

    def _on_end(self) -> None:
        """The peer has ended its half. It still gets what is on its way to it, but not for long."""
        self._is_at_end = True
        self.flush()
        if self._stream.is_closed:
            return
        if self._stream.is_busy:
            self._tell_close(self._protocol.close_code)
            self._timer.cancel()
            self._timer = self._arm(CLOSE_SECONDS, self.abort)
        else:
            self.abort()

    def _on_error(self, error: Exception) -> None:
        log.error("! %s: closing, after an error nobody handled", self.remote_ip, exc_info=error)
        self.abort()

    def _queue_control(self) -> None:
        """Pongs and close frames: ahead of the answers to the messages behind them."""
        verdicts = [self.outbox.push(frame) for frame in self._protocol.outgoing]
        self._protocol.outgoing.clear()
        if not self._protocol.is_open:
            self.outbox.shut()
        # The messages behind a ping may take long, and ``fan_out`` counts on a flush to come.
        self.schedule()
        if Verdict.TOO_SLOW in verdicts:
            self.abort()
        elif Verdict.LAGS in verdicts and self.is_open:
            self._on_verdict(Verdict.LAGS)

    def schedule(self) -> None:
        """Have the outbox flushed soon, if it is not to be anyway."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._environment.flusher.add(self)

    def _on_written(self) -> None:
        if self._is_at_end:
            self.abort()
            return
        self._on_sent()
        self.flush()
        self._maybe_end_writing()

    def _on_sent(self) -> None:
        if self.outbox.sent() and self._is_lag_told and self.is_open:
            self._is_lag_told = False
            self._environment.owner.on_lag(self.session, False)

    def _on_verdict(self, verdict: Verdict) -> None:
        if verdict is Verdict.LAGS:
            # One large picture is no lag yet: the system may take it all at once.
            self.flush()
            if self.outbox.is_lagging and self.is_open:
                self._is_lag_told = True
                self._environment.owner.on_lag(self.session, True)
        else:
            # Nobody will wait for what has piled up, and the close frame would stand behind it.
            self.outbox.discard()
            self.close(CloseCode.TOO_SLOW, "too slow for what is sent")

    def _on_heartbeat(self) -> None:
        """Ping a silent client; drop one that was silent for a whole interval after its ping."""
        now, interval = self._environment.now(), self._environment.heartbeat_seconds
        # A client whose message is still being handled is not listened to, which is no silence of its own.
        silence = now - self._last_received if self._is_listening else 0.0
        if silence < interval:
            self._timer = self._arm(interval - silence, self._on_heartbeat)
        elif self._last_ping > self._last_received:
            self.abort()
        else:
            self._last_ping = now
            self.push(PING_FRAME)
            self._timer = self._arm(interval, self._on_heartbeat)

    def _arm(self, delay: float, callback: Any) -> Timer:
        return self._environment.wheel.arm(self._environment.now(), delay, callback)

    def _tell_close(self, code: int) -> None:
        if not self._is_over:
            self._is_over = True
            if self.session is not None:
                self._environment.owner.on_close(self.session, code)
