"""One WebSocket on its socket: reads in bulk, feeds the protocol. The event loop's thread only.

The shell around ``base.wire.protocol``, which decides what the bytes mean. This file decides in which turns messages
are handed out and when a silent client is pinged; how it is written to stands in ``outgoing_connection``.
"""

import asyncio
import socket
from collections.abc import Awaitable, Iterator
from typing import ClassVar

from rtserver.base.connection.outbox import PushResult
from rtserver.base.connection.owner import Environment
from rtserver.base.connection.packet import PacketConnection
from rtserver.base.limit.connection_rate import ConnectionRate
from rtserver.base.limit.table import Limit
from rtserver.base.tce.framing import packet_frames
from rtserver.base.wire.client_message import ErrorCode, encode_refusal
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import Opcode, build_frame, text_frame
from rtserver.base.wire.payload import Framing
from rtserver.base.wire.protocol import TEXT, ReceivedMessage, WebSocketProtocol

TURN_SECONDS = 0.001
"""For which messages of one connection are handed out while everyone else waits."""
LOOK_MESSAGES = 20  # between two looks at the clock, unless one is large
LARGE_BYTES = 256
REFUSED, EXPENSIVE = -1, -2  # in the place of TEXT: a message that is answered in its turn, but not handled
REFUSALS = {
    REFUSED: "too many messages: this one was not handled",
    EXPENSIVE: "too much processor time was used: this message was not handled",
}
PING_FRAME = build_frame(Opcode.PING, b"")


class WebSocketConnection(PacketConnection):
    """An open WebSocket."""

    framing: Framing = staticmethod(text_frame)
    join_packets = staticmethod(packet_frames)
    kind = "websocket"

    inflates: ClassVar[bool] = False
    """Whether what the client sends may be compressed."""

    __slots__ = ("_delay", "_is_listening", "_last_ping", "_last_received", "_protocol")

    def __init__(self, environment: Environment, connection: socket.socket, remote_ip: str) -> None:
        super().__init__(environment, connection, remote_ip)
        self._protocol = WebSocketProtocol(environment.max_message_bytes, inflates=self.inflates)
        self._delay = 0.0  # for which nothing is to be read, when what was read has been handled
        self._is_listening = True
        self._last_ping = 0.0
        self._last_received = environment.now()
        self._arm(environment.heartbeat_seconds, self._on_heartbeat)

    @property
    def is_open(self) -> bool:
        """Whether a push still has a chance to arrive."""
        return not self._is_over and self._protocol.is_open

    @property
    def _is_done(self) -> bool:
        return self._protocol.is_done

    @property
    def _close_code(self) -> int:
        return self._protocol.close_code

    def close(self, code: int, reason: str = "") -> None:
        """Begin the close handshake. The owner is told before this returns; the socket goes within two seconds."""
        if not self.is_open:
            return
        self._protocol.close(code, reason)
        self._queue_control()
        self.flush()
        self._tell_close(code)
        self._expect_end()

    def _on_bytes(self, data: bytes) -> None:
        """One buffer: its messages to the owner, in order, then everything they led to in one write."""
        self._last_received = self._environment.now()
        protocol = self._protocol
        if protocol.is_done:
            return  # behind the last frame; what is still sent is only read so that it does not reset the connection
        try:
            self._hand_out(self._receive(data))
        except BaseException as error:  # noqa: BLE001 (an owner may raise anything; it is logged and costs this connection)
            self._on_error(error)
        if self._share is not None:
            self._share.spend(self._last_received)

    def _receive(self, data: bytes) -> Iterator[ReceivedMessage]:
        protocol = self._protocol
        messages = protocol.receive(data)
        if protocol.outgoing:
            self._queue_control()
        if not protocol.is_open:
            return iter(messages)
        if self.rate is not None:
            messages = self._spend(self.rate, len(data) + protocol.inflated, messages)
        share = self._share
        if share is not None and self._last_received < share.strict_until:
            messages = self._refuse_texts(messages)
        return iter(messages)

    def _refuse_texts(self, messages: list[ReceivedMessage]) -> list[ReceivedMessage]:
        """Mark those that are not to be handled while the user's quota is used up: calls are only slowed."""
        texts = sum(opcode == TEXT for opcode, _ in messages)
        self._environment.admission.counted.note(Limit.USER_CPU, texts)
        return [(EXPENSIVE, payload) if opcode == TEXT else (opcode, payload) for opcode, payload in messages]

    def _spend(self, rate: ConnectionRate, size: int, messages: list[ReceivedMessage]) -> list[ReceivedMessage]:
        """The messages, those among them marked that are too many."""
        now, protocol = self._last_received, self._protocol
        count = len(messages)
        if protocol.binaries and messages:
            count -= protocol.binaries
            self._slow_down(Limit.CALLS, rate.owe_calls(now, protocol.binaries))
        if protocol.aside:
            count += protocol.aside
            protocol.aside = 0
        delay = rate.bytes.owe(now, size)
        if delay:
            self._slow_down(Limit.BYTES, delay)
        if rate.handled.take(now, count):
            return messages
        return self._refuse(rate, now, messages, count - rate.take(now, count))

    def _slow_down(self, limit: Limit, delay: float) -> None:
        if delay:
            self._environment.admission.counted.note(limit)
            self._delay = max(self._delay, delay)

    def _refuse(
        self, rate: ConnectionRate, now: float, messages: list[ReceivedMessage], excess: int
    ) -> list[ReceivedMessage]:
        """Mark the last texts, as many as are too many; a client that was told so and goes on is closed."""
        counted = self._environment.admission.counted
        if not rate.refuse(now, excess):
            counted.note(Limit.FLOOD)
            self.close(CloseCode.TOO_MANY, "too many messages, and told so")
            return []
        counted.note(Limit.MESSAGES, excess)
        marked = list(messages)
        for place in range(len(marked) - 1, -1, -1):
            opcode, payload = marked[place]
            if excess and opcode == TEXT:
                marked[place] = REFUSED, payload
                excess -= 1
        return marked

    def _hand_out(self, messages: Iterator[ReceivedMessage]) -> None:
        """Give the owner its messages. While it has to wait for what one leads to, nothing more is read."""
        pending = self._until_pending(messages, self._last_received)
        if pending is None and not self._protocol.has_more and not self._delay and not self.is_full():
            self._settle()
        else:
            self._is_listening = False
            self._stop_reading_for(self._hand_out_rest(pending, messages))

    async def _hand_out_rest(self, pending: Awaitable[object] | None, messages: Iterator[ReceivedMessage]) -> None:
        while pending is not None or self._protocol.has_more:
            begun = None
            if pending is None:
                await self.turn()  # a few bytes may swell to many messages: everyone else first
                self._last_received = begun = self._environment.now()  # limits count from here
                messages = self._receive(b"")
            else:
                await pending
            if self.is_full():
                await self.relieved()
            begun = begun or self._environment.now()
            pending = self._until_pending(messages, begun)
            if self._share is not None:
                self._share.spend(begun)
        if self.is_full():
            await self.relieved()
        if self._delay and not self._is_over:
            await asyncio.sleep(self._delay)
        self._delay = 0.0
        self._is_listening = True
        self._last_received = self._environment.now()

    def _until_pending(self, messages: Iterator[ReceivedMessage], begun: float) -> Awaitable[object] | None:
        """Hand messages out, until one has to be waited for or others have waited long enough since ``begun``."""
        look = LOOK_MESSAGES
        for number, (opcode, payload) in enumerate(messages, 1):
            if self._is_over:
                break
            if opcode == TEXT:
                pending = self._listener.on_text(self.session, payload)
            else:
                pending = self._take_other(opcode, payload)
            if pending is not None:
                return pending
            if self.outbox.limit < 0 and self.is_full():
                return self.relieved()
            if number == look or len(payload) > LARGE_BYTES:
                if self._environment.now() - begun > TURN_SECONDS:
                    return self.turn()  # a flood of tiny messages is handled, but not before everyone else's
                look = number + LOOK_MESSAGES
        return None

    def _take_other(self, opcode: int, payload: bytes) -> Awaitable[object] | None:
        if opcode not in REFUSALS:
            return self._listener.on_binary(self.session, payload)
        refusal = encode_refusal(payload, ErrorCode.RATE_LIMITED, REFUSALS[opcode])
        self.push(self.framing(refusal))
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

    def _queue_control(self) -> None:
        """Pongs and close frames: ahead of the answers to the messages behind them."""
        frames, self._protocol.outgoing = self._protocol.outgoing, []
        verdicts = {self._queue_frame(frame) for frame in frames}
        if not self._protocol.is_open:
            self.outbox.shut()
        # The messages behind a ping may take long, and ``fan_out`` counts on a flush to come.
        self.schedule()
        if PushResult.FULL in verdicts:
            self._environment.too_slow += 1
            self.abort()
        elif PushResult.LAGS in verdicts and self.is_open:
            self._on_push_result(PushResult.LAGS)

    def _queue_frame(self, frame: bytes) -> PushResult:
        """``FULL`` of a client that is too slow."""
        verdict = self.outbox.push(frame)
        if verdict is not PushResult.FULL:
            return verdict
        # A last frame may stand behind what a client that is given up has not taken.
        may_wait = self._push_over(frame) if self.is_open else self.outbox.push_over(frame)
        return PushResult.QUEUED if may_wait else PushResult.FULL

    def _on_heartbeat(self) -> None:
        """Ping a silent client; drop one that was silent for a whole interval after its ping."""
        now, interval = self._environment.now(), self._environment.heartbeat_seconds
        # A client whose message is still being handled is not listened to, which is no silence of its own.
        silence = now - self._last_received if self._is_listening and not self._stream.is_waiting else 0.0
        if silence < interval:
            self._arm(interval - silence, self._on_heartbeat)
        elif self._last_ping > self._last_received:
            self.abort()
        else:
            self._last_ping = now
            self.push(PING_FRAME)
            self._arm(interval, self._on_heartbeat)
