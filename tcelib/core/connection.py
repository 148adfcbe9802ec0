# ruff: noqa: N802  the names that TCE's users know
"""One connection: what its transport tells it, what applications ask of it, and in which turn messages are served.

    opened() ── receive(data), expire(now) ... ── lost(error) ── opened() again, if the transport reconnects

A servant may block in the middle of its turn (gevent). Another greenlet then calls ``receive`` or ``serve``, which
goes on with the next message and writes what is there: all state is consistent whenever a servant, a listener or a
callback runs. How calls are served stands in ``serving``, how they are made in ``calling``.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tcelib.core.call_option import DEFAULT_CALL_TIMEOUT
from tcelib.core.cesu import CesuRoutes
from tcelib.core.port import RpcConnectionEventListener, Transport
from tcelib.core.serving import NO_ROUTES, Serving
from tcelib.error import (
    RPCERROR_CONNECTION_LOST,
    RPCERROR_REMOTE_EXCEPTION,
    RPCERROR_UNSERIALIZE_FAILED,
    DecodeError,
    PacketError,
    RpcException,
)
from tcelib.wire.message import CALL, CALLTYPE, MESSAGE_BYTES, RETURN, SEQUENCE, Packet, RpcMessage, split_extra
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES

if TYPE_CHECKING:
    from tcelib.core.adapter import RpcCommAdapter

TURN_CALLS = 500  # of a buffer full of tiny messages; then everybody else's turn comes
TURN_BYTES = 262_144  # of long answers: a tiny call may ask for much
LOOK_CALLS = 10  # between two looks at how much that is
log = logging.getLogger("tce.connection")


class RpcConnection(Serving):
    """See above. ``user`` belongs to the program that accepts connections: whom it found at the other end.
    ``cb_disconnect(conn)`` is called when the stream is lost.

    A listener is shown every message, which costs as much as to serve one. Who needs it for the first ones only may
    set ``listener`` to None when they have come.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        listener: RpcConnectionEventListener | None = None,
        max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES,
        call_timeout: float | None = DEFAULT_CALL_TIMEOUT,
    ) -> None:
        super().__init__(transport, max_packet_bytes, call_timeout)
        self.listener = listener
        self.adapter: RpcCommAdapter | None = None
        self.user: Any = None
        self.cb_disconnect: Callable[[RpcConnection], object] | None = None
        self._user_id = ""
        self.is_user_known = False
        self.dropped_answers = 0
        """Answers that came here to no call that waits."""

    # What the transport calls.

    def opened(self) -> None:
        """A new stream of bytes is there, in both directions."""
        self.is_open = True
        if self.adapter is not None:
            self.adapter.enter(self)
        if self.listener is not None:
            _ask(self.transport, self.listener.onConnected, self)

    def receive(self, data: bytes, *, serve: bool = True) -> bool:
        """Take bytes as they came; serve the messages that are whole, up to ``TURN_CALLS`` of them.

        Calls whose long answers come to ``TURN_BYTES`` are a turn, too.

        True: there is more to serve. Read nothing then, and call ``serve`` in the loop's next turn, until it gives
        False. Feed at most 64 KiB at once. With ``serve=False`` only answers are taken, and calls wait for ``serve``.
        Nothing is raised: what is wrong with the bytes is answered, logged, or ends the connection.
        """
        if self.failure is not None or not self.is_open:
            return bool(self._waiting)
        self._liveness.heard += 1
        self._feed(data)
        if serve:
            return self.serve()
        while self._reader.has_more:
            self._feed(b"")  # an answer that somebody waits for may be in it
        self._take_answers()
        return bool(self._waiting)

    @property
    def inflated(self) -> int:
        """How many bytes were made of compressed ones since the stream began."""
        return self._reader.inflated

    def serve(self) -> bool:
        """Serve what is waiting, as ``receive`` does."""
        self._is_collecting = True
        waiting = self._waiting
        if self._reader.has_more and not waiting:
            self._feed(b"")
        for _ in range(0, TURN_CALLS, LOOK_CALLS):
            for _ in range(min(LOOK_CALLS, len(waiting))):
                packet = waiting.popleft()
                if self.listener is None and packet[0][CALLTYPE] & CALL:
                    self._received += 1
                    self._serve_call(packet)
                else:
                    self._serve_packet(packet)
                if not waiting:
                    break
            if not waiting or self._collected >= TURN_BYTES:
                break
        self._end_turn()
        return bool(waiting) or self._reader.has_more

    @property
    def has_calls(self) -> bool:
        """Whether calls wait to be served."""
        return bool(self._waiting)

    @property
    def kept_bytes(self) -> int:
        """How long the messages are that wait to be served, inflated."""
        return sum(MESSAGE_BYTES + len(rest) for _, rest in self._waiting)

    @property
    def waiting_calls(self) -> int:
        """How many calls of this side wait for their answers."""
        return len(self._calls)

    def refuse_waiting(self) -> None:
        """Answer the calls that wait to be served with REMOTE_EXCEPTION: nobody will serve them."""
        packets = list(self._waiting)
        self._waiting.clear()
        self._is_collecting = True
        for packet in packets:
            if packet[0][CALLTYPE] & CALL:
                self._refuse(packet, RPCERROR_REMOTE_EXCEPTION, _props_of(packet))
            else:
                self._serve_packet(packet)
        self._end_turn()

    def _feed(self, data: bytes) -> None:
        try:
            self._reader.feed(data, self._waiting)
        except PacketError as error:
            self.failure = error

    def lost(self, error: RpcException | None = None) -> None:
        """The stream has ended, or none could be opened: every call that waits for an answer fails, with ``error`` or
        CONNECTION_LOST."""
        was_open, self.is_open = self.is_open, False
        self._begin_stream()
        self._calls.fail_all(error or RpcException(RPCERROR_CONNECTION_LOST))
        if was_open:
            if self.adapter is not None:
                self.adapter.leave(self)
            if self.listener is not None:
                _ask(self.transport, self.listener.onDisconnected, self)
            if self.cb_disconnect is not None:
                _ask(self.transport, self.cb_disconnect, self)

    def abandon(self) -> None:
        """In a child process: the stream is the parent's, and so is whatever waits for an answer there."""
        self.is_open = False
        self._begin_stream()
        self._calls.abandon(RpcException(RPCERROR_CONNECTION_LOST, "it was called before the fork"))
        if self.adapter is not None:
            self.adapter.leave(self)

    # What applications call.

    def setUserId(self, userid: object, *, is_known: bool = True) -> None:
        """Say whose connection this is; its adapter finds it by that.

        ``is_known``: the user has shown who he is, so that his connections may answer for one another. A number that
        stands for nobody in particular is not.
        """
        adapter = self.adapter
        if adapter is not None:
            adapter.leave(self)
        self._user_id = str(userid)
        self.is_user_known = is_known and bool(self._user_id)
        if adapter is not None:
            adapter.enter(self)

    def getUserId(self) -> str:
        """Whose connection this is; empty if nobody said."""
        return self._user_id

    def attachAdapter(self, adapter: "RpcCommAdapter") -> None:
        """Let ``adapter``'s servants serve the calls that come here."""
        self.detachAdapter()
        self.adapter = adapter
        self._use_routes()
        adapter.enter(self)

    def detachAdapter(self) -> None:
        """Serve no calls any more."""
        if self.adapter is not None:
            self.adapter.leave(self)
        self.adapter = None
        self._use_routes()

    def speak_cesu8(self) -> None:
        """Write texts as the original JavaScript client reads them, from now on: it is at the other end."""
        self.speaks_cesu8 = True
        self._use_routes()

    def _use_routes(self) -> None:
        routes = NO_ROUTES if self.adapter is None else self.adapter.table.routes
        self._routes = CesuRoutes(routes) if self.speaks_cesu8 else routes

    def getRecvedMessageCount(self) -> int:
        """How many messages have come since the stream began, the one that is served included."""
        return self._received

    def sendMessage(self, m: RpcMessage) -> None:
        """Send a message as it is. Raises ``RpcException`` (SENDFAILED, CONNECT_*)."""
        self._push(self._pack(m))

    def close(self) -> None:
        """Send what is there, and end the stream. The next call opens another one, if the transport can."""
        try:
            self.flush()
        except RpcException as error:
            log.debug("closed with bytes unsent: %s", error)
        self.transport.close()
        self.lost(RpcException(RPCERROR_CONNECTION_LOST, "the connection was closed"))

    def retire(self, reason: str) -> None:
        """Close for good: calls from now on end with SENDFAILED and ``reason``."""
        try:
            self.flush()
        except RpcException as error:
            log.debug("closed with bytes unsent: %s", error)
        self.is_retired = reason  # before anybody is told, who might call again
        self.close()

    def message_of(self, packet: Packet) -> RpcMessage:
        """The message in a packet that came here. Raises ``DecodeError``."""
        message = RpcMessage.of(packet)
        if self._user_id:
            message.user_id = self._user_id
        return message

    def _pack(self, message: RpcMessage) -> bytes:
        return self._wrap(message.pack())

    def _refuse_too_long(self, packet: Packet, reason: str) -> None:
        self._received += 1
        self._complaints.add("a message that is too long was refused", reason)
        if packet[0][CALLTYPE] & CALL:
            self._refuse(packet, RPCERROR_UNSERIALIZE_FAILED, None)
        else:
            self._fail(packet, reason)

    def is_waiting_for(self, sequence: int) -> bool:
        """Whether a call of this connection has that number, and waits for its answer."""
        return self._calls.is_waiting(sequence)

    def _take_stray_answer(self, packet: Packet) -> None:
        """See ``Calling``. The call may wait on another connection of the same user, who is known on both: the Java
        client opens a connection for each message, answers included (TCE protocol, section 6.6)."""
        home = None if self.adapter is None else self.adapter.home_of(packet[0][SEQUENCE], self)
        if home is not None:
            home._take_answer(packet)
            return
        self.dropped_answers += 1
        if self.adapter is not None:
            self.adapter.dropped_answers += 1

    def _serve_packet(self, packet: Packet) -> None:
        self._received += 1
        if self.listener is not None and not self._is_let_in(self.listener, packet):
            return
        calltype = packet[0][CALLTYPE]
        if calltype & CALL:
            self._serve_call(packet)
        elif calltype & RETURN:
            self._take_answer(packet)
        else:
            self._drop(f"neither a call nor an answer: {calltype:#04x}")

    def _take_answers(self) -> None:
        packets = list(self._waiting)
        self._waiting.clear()
        self._waiting.extend(packet for packet in packets if packet[0][CALLTYPE] & CALL)
        for packet in packets:
            if not packet[0][CALLTYPE] & CALL and self.is_open:
                self._serve_packet(packet)

    def _is_let_in(self, listener: RpcConnectionEventListener, packet: Packet) -> bool:
        try:
            message = self.message_of(packet)
        except DecodeError as error:
            self._drop(error)
            return False
        if not _ask(self.transport, listener.onDataPacket, self, message):
            self.close()
        return self.is_open

    def _end_turn(self) -> None:
        try:
            self.flush()
        except RpcException as error:
            log.debug("answers were not sent: %s", error)
        if self.failure is not None and not self._waiting:
            log.warning("! closed: %s", self.failure)
            self.close()


def _props_of(packet: Packet) -> dict[str, str]:
    (*_, extra_count), rest = packet
    try:
        return split_extra(extra_count, rest)[0]
    except DecodeError:
        return {}


def _ask(transport: Transport, application: Callable[..., object], *args: object) -> object:
    """Call an application's method; what it raises is logged, and counts as no."""
    try:
        return application(*args)
    except BaseException as error:  # listeners are other people's code
        if not isinstance(error, Exception) and transport.is_stop(error):
            raise
        log.exception("! a listener raised")
        return False
