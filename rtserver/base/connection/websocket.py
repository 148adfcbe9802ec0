"""Reading half of a WebSocket: bytes in, messages to the handler in turns, pings to a silent client.

The shell around ``base.wire.protocol``, which decides what the bytes mean. This file decides in which turns messages
are handed out, which of them are refused, and when a silent client is pinged. The event loop's thread only.
"""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from enum import Enum
from typing import TypeAlias

from rtserver.base.connection.connection import Connection
from rtserver.base.connection.timer_wheel import Timer
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.limit.table import Limit
from rtserver.base.wire.client_message import ErrorCode, encode_refusal
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import Opcode, build_frame
from rtserver.base.wire.protocol import TEXT, WebSocketProtocol
from tcelib.limit.connection_rate import ConnectionRate

TURN_SECONDS = 0.001
"""Time for which messages of one connection are handed out while all others wait."""
LOOK_MESSAGES = 20  # between two looks at the clock, unless one of them is large
LARGE_BYTES = 256
PING_FRAME = build_frame(Opcode.PING, b"")


class Refusal(Enum):
    """Reason why a text message is answered in its turn, but not handled."""

    TOO_MANY = "too many messages: this one was not handled"
    EXPENSIVE = "too much processor time was used: this message was not handled"


Incoming: TypeAlias = tuple[int | Refusal, bytes]
"""Opcode and payload of a message to handle, or refusal and payload of one that is not handled."""


class WebSocketReceiver:
    """See ``Receiver``. ``inflates``: what the client sends may be compressed.

    A message of a known user may have ``max_message_bytes``; 0 are those of the connection's bounds, which hold for
    all others.
    """

    __slots__ = (
        "_connection",
        "_delay",
        "_heartbeat",
        "_is_listening",
        "_last_ping",
        "_last_received",
        "_max_message_bytes",
        "_protocol",
        "share",
    )

    def __init__(self, connection: Connection, *, inflates: bool = False, max_message_bytes: int = 0) -> None:
        shared = connection.shared
        bounds = shared.bounds
        self._connection = connection
        self._protocol = WebSocketProtocol(bounds.max_message_bytes, inflates=inflates)
        self._max_message_bytes = max_message_bytes or bounds.max_message_bytes
        self.share: FairShare | None = None
        self._delay = 0.0  # seconds without a read, after the messages that were read have been handled
        self._is_listening = True
        self._last_ping = 0.0
        self._last_received = shared.now()
        self._heartbeat: Timer = shared.wheel.arm(self._last_received, bounds.heartbeat_seconds, self._on_heartbeat)

    def on_accept(self) -> None:
        """See ``Receiver``."""
        self._protocol.max_message_bytes = self._max_message_bytes

    def on_bytes(self, data: bytes) -> None:
        """Hand out the messages of one buffer in order, then flush what they led to in one write."""
        connection = self._connection
        self._last_received = connection.shared.now()
        if connection.is_done:
            return  # behind the last frame: read only because unread bytes would reset the connection
        connection.is_flush_due = True
        try:
            self._hand_out(self._receive(data))
        except BaseException as error:  # noqa: BLE001 (a handler may raise anything; it is logged and costs this connection)
            connection.fail(error)
        if self.share is not None:
            self.share.spend(self._last_received)

    def settle(self) -> None:
        """See ``Receiver``. An end that the bytes brought is carried out here, behind the answers."""
        connection, protocol = self._connection, self._protocol
        if protocol.settle():
            connection.finish(protocol.close_code, self._take_control())
        else:
            connection.flush()

    def say_close(self, code: int, reason: str) -> None:
        """See ``Receiver``."""
        self._protocol.close(code, reason)
        self._connection.push_control(self._take_control())

    def end(self) -> None:
        """See ``Receiver``."""
        self._heartbeat.cancel()

    def _receive(self, data: bytes) -> Iterator[Incoming]:
        connection, protocol = self._connection, self._protocol
        messages: Sequence[Incoming] = protocol.receive(data)
        if protocol.outgoing:
            connection.push_control(self._take_control())
        if not connection.is_open:
            return iter(messages)
        if connection.rate is not None:
            messages = self._spend(connection.rate, len(data) + protocol.inflated, messages)
        share = self.share
        if share is not None and self._last_received < share.strict_until:
            messages = self._refuse_texts(messages)
        return iter(messages)

    def _refuse_texts(self, messages: Sequence[Incoming]) -> Sequence[Incoming]:
        """Refuse all texts while the user's quota is used up. Calls are only slowed."""
        texts = sum(opcode == TEXT for opcode, _ in messages)
        self._connection.shared.limited.note(Limit.USER_CPU, texts)
        return [(Refusal.EXPENSIVE, payload) if opcode == TEXT else (opcode, payload) for opcode, payload in messages]

    def _spend(self, rate: ConnectionRate, size: int, messages: Sequence[Incoming]) -> Sequence[Incoming]:
        """Charge the rate for one buffer. Return the messages, with those refused that are too many."""
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
            self._connection.shared.limited.note(limit)
            self._delay = max(self._delay, delay)

    def _refuse(
        self, rate: ConnectionRate, now: float, messages: Sequence[Incoming], excess: int
    ) -> Sequence[Incoming]:
        """Refuse the last texts, ``excess`` of them. Close a client that was told so and goes on."""
        limited = self._connection.shared.limited
        if not rate.refuse(now, excess):
            limited.note(Limit.FLOOD)
            self._connection.close(CloseCode.TOO_MANY, "too many messages, and told so")
            return []
        limited.note(Limit.MESSAGES, excess)
        marked = list(messages)
        for place in range(len(marked) - 1, -1, -1):
            opcode, payload = marked[place]
            if excess and opcode == TEXT:
                marked[place] = Refusal.TOO_MANY, payload
                excess -= 1
        return marked

    def _hand_out(self, messages: Iterator[Incoming]) -> None:
        """Give the handler its messages. Nothing more is read while one of them is pending."""
        connection = self._connection
        pending = self._until_pending(messages, self._last_received)
        may_be_full = connection.outbox.limit < 0
        if (
            pending is None
            and not (self._protocol.has_more or self._delay)
            and not (may_be_full and connection.is_full())
        ):
            self.settle()
        else:
            self._is_listening = False
            connection.stop_reading_for(self._hand_out_rest(pending, messages))

    async def _hand_out_rest(self, pending: Awaitable[object] | None, messages: Iterator[Incoming]) -> None:
        connection = self._connection
        now = connection.shared.now
        while pending is not None or self._protocol.has_more:
            begun = None
            if pending is None:
                await connection.turn()  # a few bytes may swell to many messages: the others first
                self._last_received = begun = now()  # limits count from here
                messages = self._receive(b"")
            else:
                await pending
            if connection.is_full():
                await connection.relieved()
            begun = begun or now()
            pending = self._until_pending(messages, begun)
            if self.share is not None:
                self.share.spend(begun)
        if connection.is_full():
            await connection.relieved()
        if self._delay and connection.is_open:
            await asyncio.sleep(self._delay)
        self._delay = 0.0
        self._is_listening = True
        self._last_received = now()

    def _until_pending(self, messages: Iterator[Incoming], begun: float) -> Awaitable[object] | None:
        """Hand messages out, until one is pending or other connections have waited long enough since ``begun``."""
        connection = self._connection
        agent, outbox = connection.agent, connection.outbox
        on_text = connection.shared.handler.on_text if agent is not None else self._refuse_text
        look = LOOK_MESSAGES
        for number, (opcode, payload) in enumerate(messages, 1):
            if not connection.is_open:
                break
            if opcode == TEXT:
                pending = on_text(agent, payload)
            elif isinstance(opcode, Refusal):
                pending = None
                self._answer_refusal(opcode, payload)
            else:
                pending = connection.receive_binary(payload)
            if pending is not None:
                return pending
            if outbox.limit < 0 and connection.is_full():
                return connection.relieved()
            if number == look or len(payload) > LARGE_BYTES:
                if connection.shared.now() - begun > TURN_SECONDS:
                    return connection.turn()  # a flood of tiny messages waits for the others in between
                look = number + LOOK_MESSAGES
        return None

    def _refuse_text(self, _agent: None, _payload: bytes) -> None:
        """Close a connection whose user is not known: a text brings no token."""
        self._connection.close(CloseCode.NOT_LOGGED_IN, "not logged in: the first packet has to bring a token")

    def _answer_refusal(self, refusal: Refusal, payload: bytes) -> None:
        connection = self._connection
        connection.push(connection.framing(encode_refusal(payload, ErrorCode.RATE_LIMITED, refusal.value)))

    def _take_control(self) -> list[bytes]:
        """Return the pongs and close frames that are to be sent, ahead of the answers to the messages behind them."""
        frames, self._protocol.outgoing = self._protocol.outgoing, []
        return frames

    def _on_heartbeat(self) -> None:
        """Ping a silent client, or drop it after a whole interval of silence since its ping."""
        connection = self._connection
        shared = connection.shared
        now, interval = shared.now(), shared.bounds.heartbeat_seconds
        # Nothing is read while a message is being handled, which is no silence of the client.
        silence = now - self._last_received if self._is_listening and not connection.waits_for_turn else 0.0
        if silence >= interval:
            if self._last_ping > self._last_received:
                connection.abort()
                return
            self._last_ping = now
            connection.push(PING_FRAME)
            silence = 0.0
        self._heartbeat = shared.wheel.arm(now, interval - silence, self._on_heartbeat)
