# ruff: noqa: N802  the names that TCE's users know
"""One connection: its life, its turns, and the methods that applications call.

    opened() ── receive(data), expire(now) ... ── lost(error) ── opened() again, if the transport reconnects

A servant may block in the middle of its turn (gevent). Another greenlet then calls ``receive`` or ``serve``, which
goes on with the next message and writes what is there: all state is consistent whenever a servant, a listener or a
callback runs. The stream is the job of ``Link``, calls are the job of ``Calls`` and ``Servants``.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from tcelib.core.call_option import DEFAULT_CALL_TIMEOUT
from tcelib.core.calling import Calls
from tcelib.core.cesu import CesuRoutes
from tcelib.core.link import Link
from tcelib.core.operation import Operation
from tcelib.core.port import Adapter, Listener, Transport
from tcelib.core.promise import RpcPromise
from tcelib.core.serving import NO_ROUTES, Servants
from tcelib.error import (
    RPCERROR_CONNECTION_LOST,
    RPCERROR_REMOTE_EXCEPTION,
    RPCERROR_UNSERIALIZE_FAILED,
    DecodeError,
    PacketError,
    RpcException,
)
from tcelib.wire.message import CALL, CALLTYPE, MESSAGE_BYTES, RETURN, Extra, Header, Packet, RpcMessage, props_of
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES

Router: TypeAlias = Callable[[Packet], bool]
"""Takes a message; returns false if it is for this program's own servants and calls."""
TURN_CALLS = 500  # of a buffer full of tiny messages; then the turn of other connections comes
TURN_BYTES = 262_144  # of long answers: a tiny call may ask for much
LOOK_CALLS = 10  # between two looks at how much that is
R = TypeVar("R")
log = logging.getLogger("tce.connection")


class RpcContext:
    """The call that a servant serves: ``conn`` is its connection (a proxy on it calls back), ``msg`` the message.

    The message is decoded when a servant first asks for it, because most servants never do. There is no ``__init__``,
    which would take as long as all the rest of making one.
    """

    __slots__ = ("_msg", "conn", "packet")

    conn: "RpcConnection"
    packet: Packet
    _msg: RpcMessage

    @property
    def msg(self) -> RpcMessage:
        """The call with all its fields: ``ctx.msg.extra.props``, ``ctx.msg.sequence``, ..."""
        try:
            return self._msg
        except AttributeError:
            self._msg = self.conn.message_of(self.packet)
            return self._msg

    @property
    def user(self) -> Any:
        """The user of the connection, as the program that accepted it knows him (``conn.user``)."""
        return self.conn.user


class RpcConnection:
    """A connection over one transport, which may open several streams one after the other.

    ``user`` belongs to the program that accepts connections: whom it found at the other end. ``cb_disconnect(conn)``
    is called when the stream is lost. ``link``, ``calls`` and ``servants`` are its parts.

    A ``router`` is asked first about every message, and passes on those that are not for this program. While it waits
    for room, the connection is ``held``: then only answers are taken, and who waits goes on with the calls.

    ``on_lost`` is called with the error each time that a stream has ended or could not be opened.

    ``link`` in the place of the usual one decides how messages are packed; it has a ``max_packet_bytes`` of its own.
    A listener sees every message, which costs as much as to serve it. A program that needs only the first ones may
    set ``listener`` to None when they have come. One that is set while calls are served may miss the next nine.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        listener: "Listener[RpcConnection] | None" = None,
        max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES,
        call_timeout: float | None = DEFAULT_CALL_TIMEOUT,
        link: Link | None = None,
    ) -> None:
        self.link = link or Link(transport, max_packet_bytes)
        self.link.on_too_long = self._refuse_too_long
        self.calls = Calls(self.link, call_timeout)
        self.servants = Servants(self.link, self, RpcContext)
        self.listener = listener
        self.adapter: Adapter[RpcConnection] | None = None
        self.user: Any = None
        self.cb_disconnect: Callable[[RpcConnection], object] | None = None
        self.on_lost: Callable[[RpcException], object] | None = None
        self.is_user_known = False
        self.router: Router | None = None
        self._holds = 0
        self.dropped_answers = 0
        """Answers that came here to no call that waits."""
        self._user_id = ""

    # State that transports read and set.

    @property
    def transport(self) -> Transport:
        """The shell around this connection. A client's changes when its socket opens, and when it is lost."""
        return self.link.transport

    @transport.setter
    def transport(self, transport: Transport) -> None:
        self.link.transport = transport

    @property
    def is_open(self) -> bool:
        """True while there is a stream."""
        return self.link.is_open

    @property
    def failure(self) -> PacketError | None:
        """The error of received bytes that are no packets: the stream ends with them."""
        return self.link.failure

    @property
    def inflated(self) -> int:
        """The number of bytes that were made of compressed ones since the stream began."""
        return self.link.reader.inflated

    @property
    def is_held(self) -> bool:
        """True while somebody is inside ``held``."""
        return self._holds > 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait inside, in the middle of a turn: later calls wait as well, so their order stays."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    @property
    def has_calls(self) -> bool:
        """True if calls wait to be served."""
        return bool(self.link.waiting)

    @property
    def kept_bytes(self) -> int:
        """The length of the messages that wait to be served, inflated."""
        return sum(MESSAGE_BYTES + len(rest) for _, rest in self.link.waiting)

    # Methods for the transport.

    def opened(self) -> None:
        """Begin to use a new stream of bytes, in both directions."""
        self.link.is_open = True
        if self.adapter is not None:
            self.adapter.enter(self)
        if self.listener is not None:
            _ask(self.transport, self.listener.onConnected, self)

    def receive(self, data: bytes, *, serve: bool = True) -> bool:
        """Take bytes as they came; serve the messages that are whole, up to ``TURN_CALLS`` of them.

        Calls whose long answers come to ``TURN_BYTES`` are a turn, too.

        Returns true if there is more to serve. Read nothing then, and call ``serve`` in the loop's next turn, until
        it returns false. Feed at most 64 KiB at once. With ``serve=False`` only answers are taken, and calls wait for
        ``serve``. Raises nothing: bytes that are wrong are answered, logged, or end the connection.
        """
        link = self.link
        if link.failure is not None or not link.is_open:
            return bool(link.waiting)
        self.calls.hear()
        link.feed(data)
        if serve:
            return self.serve()
        while link.reader.has_more:
            link.feed(b"")  # an answer that somebody waits for may be in it
        self._take_answers()
        return bool(link.waiting)

    def serve(self) -> bool:
        """Serve the messages that wait, as ``receive`` does. While the connection is held, leave its calls."""
        link = self.link
        link.collect()
        waiting = link.waiting
        if link.reader.has_more and not waiting:
            link.feed(b"")
        for _ in range(0, TURN_CALLS, LOOK_CALLS):
            if self.listener is None and self.router is None and waiting and waiting[0][0][CALLTYPE] & CALL:
                self.servants.serve_some(waiting, LOOK_CALLS)
            else:
                self._serve_messages(LOOK_CALLS)
            if not waiting or self._holds or link.collected >= TURN_BYTES:
                break
        if self._holds:
            self._take_answers()
        self._end_turn()
        return not self._holds and (bool(waiting) or link.reader.has_more)

    def refuse_waiting(self) -> None:
        """Answer the calls that wait to be served with REMOTE_EXCEPTION: nobody will serve them."""
        link = self.link
        packets = list(link.waiting)
        link.waiting.clear()
        link.collect()
        for packet in packets:
            if Header.of(packet).calltype & CALL:
                self.servants.refuse(packet, RPCERROR_REMOTE_EXCEPTION, props_of(packet))
            else:
                self._serve_message(packet)
        self._end_turn()

    def flush(self) -> None:
        """Write the packets that were kept back. Raises ``RpcException`` (SENDFAILED, CONNECT_*)."""
        self.link.flush()

    def next_deadline(self) -> float | None:
        """Return the earliest time at which ``expire`` has something to do; None if there is no such time."""
        return self.calls.next_deadline()

    def expire(self, now: float) -> None:
        """End the calls whose time is over, and a stream whose peer answers nothing at all."""
        if self.calls.expire(now):
            reason = "the peer has been silent, and does not answer"
            log.warning("! closed: %s", reason)
            self.transport.close()
            self.lost(RpcException(RPCERROR_CONNECTION_LOST, reason))

    def lost(self, error: RpcException | None = None) -> None:
        """End the stream: every call that waits for an answer fails, with ``error`` or CONNECTION_LOST.

        To be called if no stream could be opened, too.
        """
        was_open = self._forget_stream()
        error = error or RpcException(RPCERROR_CONNECTION_LOST)
        self.calls.fail_all(error)
        if self.on_lost is not None:
            self.on_lost(error)
        if was_open:
            if self.adapter is not None:
                self.adapter.leave(self)
            if self.listener is not None:
                _ask(self.transport, self.listener.onDisconnected, self)
            if self.cb_disconnect is not None:
                _ask(self.transport, self.cb_disconnect, self)

    def abandon(self, reason: str = "") -> None:
        """Leave the stream to the parent, in a child process. With a ``reason``, the connection opens no other.

        The calls that wait are the parent's, too: nobody here is told of them.
        """
        self._forget_stream()
        self.calls.abandon(RpcException(RPCERROR_CONNECTION_LOST, "it was called before the fork"))
        self.link.is_retired = reason or self.link.is_retired
        if self.adapter is not None:
            self.adapter.leave(self)

    # Methods for applications.

    def call(
        self,
        operation: Operation[R],
        args: tuple[Any, ...],
        timeout: float | None = None,
        extra: Extra | None = None,
        *,
        at_once: bool = False,
    ) -> RpcPromise[R]:
        """Send a call and return the promise of its answer. ``at_once`` writes it before this returns, and what was
        kept back.

        Raises ``RpcException`` (DATADIRTY) for arguments that do not fit. All later errors are the promise's
        exception: SENDFAILED, CONNECT_*, CONNECTION_LOST, TIMEOUT after ``timeout`` seconds (None or 0:
        ``call_timeout``; ``math.inf``: never), or the error of the answer. ``call_options`` reads the last two.
        """
        return self.calls.call(operation, args, timeout, extra, at_once=at_once)

    def send(self, operation: Operation[Any], args: tuple[Any, ...], extra: Extra | None = None) -> None:
        """Send a one-way call. Raises ``RpcException``: DATADIRTY, SENDFAILED, CONNECT_*.

        From another thread it raises DATADIRTY only; later errors are logged.
        """
        self.calls.send(operation, args, extra)

    def setToken(self, token: str, device_id: str = "") -> None:
        """Send ``token`` with the next call, and with the first call of each new stream."""
        self.calls.greet_with(token, device_id)

    @property
    def call_timeout(self) -> float | None:
        """The timeout of calls without one of their own, in seconds; 0 and None mean 30."""
        return self.calls.call_timeout

    @call_timeout.setter
    def call_timeout(self, seconds: float | None) -> None:
        self.calls.call_timeout = seconds

    def setUserId(self, userid: object, *, is_known: bool = True) -> None:
        """Set the user of this connection, by whom its adapter finds it.

        ``is_known``: the user has proved who he is, so that his connections may answer for one another. A number that
        stands for no particular user is not known.
        """
        adapter = self.adapter
        if adapter is not None:
            adapter.leave(self)
        self._user_id = str(userid)
        self.is_user_known = is_known and bool(self._user_id)
        if adapter is not None:
            adapter.enter(self)

    def getUserId(self) -> str:
        """Return the user's id; empty if none was set."""
        return self._user_id

    def attachAdapter(self, adapter: "Adapter[RpcConnection]") -> None:
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
        if not self.calls.speaks_cesu8:
            self.calls.speaks_cesu8 = True
            self._use_routes()

    def getRecvedMessageCount(self) -> int:
        """Return the number of messages since the stream began, the one that is being served included."""
        return self.link.received

    def sendMessage(self, m: RpcMessage) -> None:
        """Send a message as it is. Raises ``RpcException`` (SENDFAILED, CONNECT_*)."""
        self.link.push(self.link.pack(m))

    def close(self) -> None:
        """Send the packets that were kept back, and end the stream.

        The next call opens another one, if the transport can.
        """
        try:
            self.link.flush()
        except RpcException as error:
            log.debug("closed with bytes unsent: %s", error)
        self.transport.close()
        self.lost(RpcException(RPCERROR_CONNECTION_LOST, "the connection was closed"))

    def retire(self, reason: str) -> None:
        """Close for good: calls from now on end with SENDFAILED and ``reason``."""
        try:
            self.link.flush()
        except RpcException as error:
            log.debug("closed with bytes unsent: %s", error)
        self.link.is_retired = reason  # before anybody is told, who might call again
        self.close()

    def message_of(self, packet: Packet) -> RpcMessage:
        """Return the message in a packet that came here. Raises ``DecodeError``."""
        message = RpcMessage.of(packet)
        if self._user_id:
            message.user_id = self._user_id
        return message

    def _forget_stream(self) -> bool:
        """Return whether there was a stream."""
        was_open, self.link.is_open = self.link.is_open, False
        self.link.begin()
        return was_open

    def _use_routes(self) -> None:
        routes = NO_ROUTES if self.adapter is None else self.adapter.routes
        self.servants.routes = CesuRoutes(routes) if self.calls.speaks_cesu8 else routes

    def _refuse_too_long(self, packet: Packet, reason: str) -> None:
        self.link.complaints.add("a message that is too long was refused", reason)
        if Header.of(packet).calltype & CALL:
            self.servants.refuse(packet, RPCERROR_UNSERIALIZE_FAILED, None)
        else:
            self.calls.fail(packet, reason)

    def _serve_messages(self, most: int) -> None:
        """Serve messages of any kind, one by one."""
        waiting = self.link.waiting
        for _ in range(most):
            if not waiting or self._holds:
                break
            self._serve_message(waiting.popleft())

    def _serve_message(self, packet: Packet) -> None:
        if self.listener is not None and not self._is_let_in(self.listener, packet):
            return
        if self.router is not None and self.router(packet):
            return
        (_, _, _, _, _, _, calltype, _, _, _, _, _), _ = packet
        if calltype & CALL:
            self.servants.serve(packet)
        elif not calltype & RETURN:
            self.link.drop(f"neither a call nor an answer: {calltype:#04x}")
        elif not self.calls.take_answer(packet):
            self._take_stray_answer(packet)

    def _take_stray_answer(self, packet: Packet) -> None:
        """Complete a call of another connection of the same user, who is known on both, or count the answer.

        The Java client opens a connection for each message, answers included (TCE protocol, section 6.6).
        """
        home = None if self.adapter is None else self.adapter.home_of(Header.of(packet).sequence, self)
        if home is not None:
            home.calls.take_answer(packet)
            return
        self.dropped_answers += 1
        if self.adapter is not None:
            self.adapter.dropped_answers += 1

    def _take_answers(self) -> None:
        waiting = self.link.waiting
        packets = list(waiting)
        waiting.clear()
        waiting.extend(packet for packet in packets if Header.of(packet).calltype & CALL)
        for packet in packets:
            if not Header.of(packet).calltype & CALL and self.link.is_open:
                self._serve_message(packet)

    def _is_let_in(self, listener: "Listener[RpcConnection]", packet: Packet) -> bool:
        try:
            message = self.message_of(packet)
        except DecodeError as error:
            self.link.drop(error)
            return False
        if not _ask(self.transport, listener.onDataPacket, self, message):
            self.close()
        return self.link.is_open

    def _end_turn(self) -> None:
        try:
            self.link.flush()
        except RpcException as error:
            log.debug("answers were not sent: %s", error)
        if self.link.failure is not None and not self.link.waiting:
            log.warning("! closed: %s", self.link.failure)
            self.close()


def _ask(transport: Transport, application: Callable[..., object], *args: object) -> object:
    """Call an application's method. An exception is logged and counts as no."""
    try:
        return application(*args)
    except BaseException as error:  # listeners are other people's code
        if not isinstance(error, Exception) and transport.is_stop(error):
            raise
        log.exception("! a listener raised")
        return False
