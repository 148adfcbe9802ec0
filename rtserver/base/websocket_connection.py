"""One WebSocket on an IOStream: reads in bulk, feeds the protocol, writes the outbox. The event loop's thread only.

The shell around ``base.wire.protocol`` and ``base.outbox``, which decide what the bytes mean and what a slow client
gets. This file decides when to read and write, and how the end of a connection is carried out: our last frame is
followed by FIN, and what the peer still sends is read and thrown away for a moment, since a socket closed with unread
bytes would reset the connection and take the close frame with it.

What it uses of Tornado is public: ``IOStream.read_bytes``, ``write``, ``writing``, ``socket``.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Hashable, Iterable
from contextlib import suppress
from typing import Any

from tornado.iostream import IOStream, StreamClosedError

from rtserver.base.connection_owner import Environment
from rtserver.base.outbox import QUEUED, Outbox, Verdict
from rtserver.base.timer_wheel import Timer
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import Opcode, build_frame
from rtserver.base.wire.protocol import TEXT, WebSocketProtocol

log = logging.getLogger(__name__)

READ_BYTES = 4096  # room for dozens of messages, and what is read at once holds up everyone else
TURN_MESSAGES = 200
CLOSE_SECONDS = 2.0
PING_FRAME = build_frame(Opcode.PING, b"")


def fan_out(connections: Iterable["WebSocketConnection"], frame: bytes, key: Hashable | None = None) -> None:
    """``push`` the same frame to many.

    Written out for the receiver that has frames waiting, and therefore a flush to come: a call for each receiver
    would take three times as long as all the rest of it.
    """
    length = len(frame)
    for connection in connections:
        outbox = connection.outbox
        size = outbox.size + length
        if outbox.frames and size <= outbox.limit:
            outbox.frames.append(frame)
            outbox.size = size
        else:
            connection.push(frame, key)


class WebSocketConnection:
    """An open socket. ``session`` is the owner's, set once it was accepted; ``outbox`` is open for ``fan_out``."""

    __slots__ = (
        "_environment",
        "_is_lag_told",
        "_is_listening",
        "_is_over",
        "_is_scheduled",
        "_last_ping",
        "_last_received",
        "_protocol",
        "_send",
        "_stream",
        "_timer",
        "outbox",
        "remote_ip",
        "session",
    )

    def __init__(self, environment: Environment, stream: IOStream, remote_ip: str) -> None:
        self.session: Any = None
        self.remote_ip = remote_ip
        self._environment = environment
        self._stream = stream
        # A TLS socket's send may have to be repeated with the very same bytes, which only the stream takes care of.
        self._send = None if isinstance(stream.socket, ssl.SSLSocket) else stream.socket.send
        # Tornado clears a buffer of this size for every read. With its own 64 KiB that costs as much as the rest of a
        # short message: 4 KiB bought a quarter more answers a second, alone and in a crowd (bench request_reply).
        stream.read_chunk_size = READ_BYTES
        self._protocol = WebSocketProtocol(environment.max_message_bytes)
        self.outbox = Outbox(environment.outbox_bytes, environment.outbox_hard_bytes)
        self._is_scheduled = False
        self._is_over = False
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
        if not self._is_scheduled:
            self._schedule()
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

    def flush(self) -> None:
        """Write what waits, unless an earlier write is still under way: then it waits where it can be conflated."""
        self._is_scheduled = False
        stream = self._stream
        if stream.writing() or stream.closed():
            return
        data = self.outbox.take()
        if not data:
            return
        written = 0
        if self._send is not None:
            try:
                written = self._send(data)
            except BlockingIOError:
                pass
            except OSError:
                self.abort()
                return
            if written == len(data):
                self._on_sent()
                return
        writing = stream.write(memoryview(data)[written:])
        if stream.writing():
            writing.add_done_callback(self._on_written)
        elif not stream.closed():
            self._on_sent()

    async def serve(self) -> None:
        """Read until the end. Never raises."""
        try:
            while not self._protocol.is_done:
                reading = asyncio.ensure_future(self._stream.read_bytes(READ_BYTES, partial=True))
                if reading.done():
                    # A client with a full pipe must not starve the others: one buffer, then everyone else's turn.
                    await asyncio.sleep(0)
                await self._receive(await reading)
            await self._finish()
        except StreamClosedError:
            pass
        except Exception:
            log.exception("! %s: closing, after an error nobody handled", self.remote_ip)
        finally:
            self.abort()

    async def _receive(self, data: bytes) -> None:
        """One buffer: its messages to the owner, in order, then everything they led to in one write."""
        self._last_received = self._environment.now()
        owner, protocol = self._environment.owner, self._protocol
        messages = protocol.receive(data)
        if protocol.outgoing:
            self._queue_control()
        for number, (opcode, payload) in enumerate(messages):
            if number and number % TURN_MESSAGES == 0:
                await asyncio.sleep(0)  # a flood of tiny messages is handled, but not before everyone else's
            if self._is_over:
                break
            handle = owner.on_text if opcode == TEXT else owner.on_binary
            pending = handle(self.session, payload)
            if pending is not None:
                self._is_listening = False
                await pending
                self._is_listening = True
                self._last_received = self._environment.now()
        protocol.settle()
        if protocol.outgoing:
            self._queue_control()
        self.flush()

    async def _finish(self) -> None:
        """After the last frame: FIN, then read off what the peer still sends until it closes too, or time is up."""
        self._tell_close(self._protocol.close_code)
        self._timer.cancel()
        self._timer = self._arm(CLOSE_SECONDS, self.abort)
        while self.outbox.size:
            await self._stream.write(b"")
            self.flush()
        # Of a TLS socket too this ends the TCP stream; what comes in from here on is not even decrypted.
        with suppress(OSError):
            self._stream.socket.shutdown(socket.SHUT_WR)
        while True:
            await self._stream.read_bytes(READ_BYTES, partial=True)

    def _queue_control(self) -> None:
        """Pongs and close frames: ahead of the answers to the messages behind them."""
        verdicts = [self.outbox.push(frame) for frame in self._protocol.outgoing]
        self._protocol.outgoing.clear()
        if not self._protocol.is_open:
            self.outbox.shut()
        if not self._is_scheduled:
            # The messages behind a ping may take long, and ``fan_out`` counts on a flush to come.
            self._schedule()
        if Verdict.TOO_SLOW in verdicts:
            self.abort()
        elif Verdict.LAGS in verdicts and self.is_open:
            self._on_verdict(Verdict.LAGS)

    def _schedule(self) -> None:
        self._is_scheduled = True
        self._environment.flusher.add(self)

    def _on_written(self, _future: object) -> None:
        # More may have been taken since the write that this tells of: "sent" is when nothing is left to write.
        if not self._stream.closed() and not self._stream.writing():
            self._on_sent()
            self.flush()

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
