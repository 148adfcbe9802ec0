"""A socket of a gevent hub as the transport of one connection.

Decides who reads: one greenlet, which also runs the servants, in order and with no switch in between. If one of them
waits (for an answer over this very connection, for a database, in ``gevent.sleep``), a fresh greenlet takes over the
reading and the messages behind, so that fast calls cost nothing extra and slow ones stop nobody. When too many wait,
only answers are taken, as it may be those that they wait for, and calls wait for a place.

What is written leaves in order, joined, by one greenlet that lives as long as there is something to send.
"""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import gevent
import gevent.event
import gevent.ssl

from tcelib.error import RPCERROR_CONNECTION_LOST, RPCERROR_SENDFAILED, RPCERROR_TIMEOUT, RpcException
from tcelib.fork import drop_descriptor, forget_in_children
from tcelib.limit.connection_rate import ConnectionRate
from tcelib.limit.table import DoorLimit
from tcelib.tls_errors import keep_apart
from tcelib.transport.hub.shell import HubHome, HubShell
from tcelib.transport.option import NESTING, READ_BYTES, UNSENT_PAUSE_BYTES, Options
from tcelib.transport.packet_stream import Stream
from tcelib.transport.websocket_stream import GOING_AWAY, NORMAL_CLOSURE, UpgradeError

STUCK_SECONDS = 2.0  # without the end of any of those: they wait for one another
KEPT_PAUSE_BYTES = 1024 * 1024  # of calls that wait for a place; then nothing is read
log = logging.getLogger("tce.transport")


class LinkOwner(Protocol):
    """Maker of a link, and of its connection."""

    def link_over(self, link: "Link", error: RpcException | None, /) -> None:
        """Packets cannot flow any more: because of ``error``, or because the connection was closed on this side."""

    def link_gone(self, link: "Link", /) -> None:
        """The socket is closed, too."""


class Link(HubShell):
    """Transport of a connection that has a socket: ``sock``, a connected one of gevent's.

    The owner calls ``shake_hands``, then ``start``: packets flow as soon as ``stream`` is open. The socket is closed
    at once (``is_gone``), or when the unsent bytes have left after the link ``is_over``. ``is_active``: bytes have
    moved since it was set to False. With ``writers_wait``, a greenlet that writes faster than the peer reads is
    slowed down; otherwise the peer is given up when ``max_unsent_bytes`` wait for it.
    """

    def __init__(
        self, home: HubHome, options: Options, owner: LinkOwner, sock: Any, stream: Stream, *, writers_wait: bool
    ) -> None:
        super().__init__(home, options)
        self.may_compress = options.may_compress and stream.may_compress
        self.is_active = True
        self.is_over = False
        self.is_gone = False
        self._socket = sock
        self._owner = owner
        self._stream = stream
        self._close_code = NORMAL_CLOSURE
        self._writers_wait = writers_wait
        self._outbox: list[bytes] = []
        self._unsent = 0
        self._is_sending = False
        self._is_relieved = gevent.event.Event()
        self._is_relieved.set()
        self._reader: Any = None
        self._waiting_servants = 0
        self._calling_servants = 0  # those among them that wait for the answer of a call
        self._ended_servants = 0
        self._stuck_timer: Any = None
        self._kept = 0
        self._guard = options.guard
        self._rate = None if self._guard is None else self._guard.rate()
        self._over = None if self._rate is None else gevent.event.Event()
        self._read_bytes = self._paid_bytes = self._paid_messages = 0
        forget_in_children(self)
        sock.settimeout(None)  # a timeout would be started and stopped for every read

    # Methods for the connection.

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``: joined with all other bytes that have to leave."""
        if not self._stream.is_open:
            raise RpcException(RPCERROR_SENDFAILED, "the WebSocket is closed")
        self._write(self._stream.pack(packets))

    def make_room(self, timeout: float, /) -> None:
        """See ``Transport``."""
        if not self._has_to_wait():
            return
        deadline = self.now() + timeout
        while self._has_to_wait() and not self.is_over:  # all who wait are told at once, and the first takes the room
            seconds = None if math.isinf(deadline) else max(0.0, deadline - self.now())
            if not self._is_relieved.wait(seconds):
                raise RpcException(RPCERROR_TIMEOUT, "the peer does not take what is sent")

    def close(self) -> None:
        """See ``Transport``. The peer has ``stalled_seconds`` to take a piece of the unsent bytes."""
        self._stream.close(self._close_code)
        self._send_due()
        self._end(None)

    # Methods for the owner.

    def shake_hands(self) -> bytes:
        """Do the handshakes of TLS and WebSocket; return the bytes of packets behind them. Raises ``OSError``."""
        with gevent.Timeout(self.options.connect_seconds, TimeoutError("the handshake takes too long")):
            return self._shake_hands()

    def start(self, early: bytes = b"") -> None:
        """Read, in a greenlet of its own, after ``early``."""
        self._reader = self.home.spawn(self._read, early)

    def dismiss(self) -> None:
        """Close the connection for a reason that is not the peer's.

        A WebSocket's close code tells a page to come back.
        """
        self._close_code = GOING_AWAY
        self.connection.close()

    def abort(self) -> None:
        """Close the socket at once; unsent bytes are lost."""
        self._outbox.clear()
        self._lose("given up")
        self._shut()

    def _shake_hands(self) -> bytes:
        if isinstance(self._socket, gevent.ssl.SSLSocket):
            self._socket.do_handshake()
        early = b""
        try:
            while not self._stream.is_over:
                self._send_handshake()
                if self._stream.is_open:
                    return early
                early += self._stream.receive(self._receive_some())
        except UpgradeError as error:
            raise ConnectionError(str(error)) from error
        self._send_handshake()
        raise ConnectionError("it is no WebSocket")

    def _send_handshake(self) -> None:
        data = self._stream.take_outgoing()
        if data:
            self._socket.sendall(data)

    def _receive_some(self) -> bytes:
        data: bytes = self._socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError("the peer left during the handshake")
        return data

    # Reading.

    def _read(self, early: bytes) -> None:
        try:
            if early:
                self._deliver(early)
            self._read_on()
        finally:
            if self._reader is gevent.getcurrent():
                self.abort()  # somebody has killed the reader: better no connection than a deaf one

    def _read_on(self) -> None:
        me = gevent.getcurrent()
        while self._reader is me and not self.is_over:
            try:
                self._is_relieved.wait()
                if self._rate is not None:
                    self._pay(self._rate)
                data = self._receive()
            except gevent.Timeout:
                log.warning("! a servant has ended before the gevent.Timeout that it had started")
                continue
            if data:
                self.is_active = True
                self._take(data)

    def _receive(self) -> bytes:
        """The next bytes; none when the link is over."""
        try:
            data: bytes = self._socket.recv(READ_BYTES)
        except OSError as error:
            self._lose(error)
            return b""
        if not data:
            self._lose("the peer closed the connection")
        return data

    def _pay(self, rate: ConnectionRate) -> None:
        """Read no further while more has come than the connection may send."""
        now, reader = self.now(), self.connection.link.reader
        size = self._read_bytes + reader.inflated
        for_bytes = rate.owe_bytes(now, size - self._paid_bytes)
        for_calls = rate.owe_calls(now, reader.messages - self._paid_messages)
        self._paid_bytes, self._paid_messages = size, reader.messages
        if (for_bytes or for_calls) and self._guard is not None and self._over is not None:
            self._guard.counted.note(DoorLimit.CALLS if for_calls > for_bytes else DoorLimit.BYTES)
            self._over.wait(max(for_bytes, for_calls))

    def _take(self, data: bytes) -> None:
        self._read_bytes += len(data)
        stream = self._stream
        payload = stream.receive(data)
        self._send_due()
        if stream.sends_headers_apart:
            self.connection.speak_cesu8()
        if payload:
            self._deliver(payload)
        if stream.is_over:
            self._lose("the peer closed the WebSocket")

    def _send_due(self) -> None:
        data = self._stream.take_outgoing()
        if data and not self.is_over:
            self._push(data)

    def _deliver(self, data: bytes) -> None:
        if self._has_place():
            self._serve(lambda: self.connection.receive(data))
        elif self.connection.receive(data, serve=False) and self._has_place():  # who held it went on without these
            self._serve(self.connection.serve)
        elif self.connection.has_calls:
            self._kept = self.connection.kept_bytes or 1
            self._regulate()
            self._watch_nesting()

    def _serve(self, turn: Callable[[], bool]) -> None:
        """Take turns until nothing is left. If a servant waits in one, this greenlet is a reader no more."""
        me = gevent.getcurrent()
        me.tce_server = self
        has_more = True
        try:
            while has_more and not self.is_over:
                takeover = self.home.hub.loop.run_callback(self._replace_reader) if self._reader is me else None
                try:
                    has_more = turn()
                finally:
                    if takeover is not None:
                        takeover.stop()
                if has_more:
                    _let_others_run()
                turn = self.connection.serve
            if self._reader is not me:
                self._serve_kept()
        finally:
            if self._reader is not me:
                self._waiting_servants -= 1
                self._ended_servants += 1

    def _replace_reader(self) -> None:
        """The hub has come to run: the reader's servant waits."""
        self._waiting_servants += 1
        self._reader = self.home.spawn(self._take_over)

    def _take_over(self) -> None:
        try:
            self._deliver(b"")
            self._read_on()
        finally:
            if self._reader is gevent.getcurrent():
                self.abort()

    def _serve_kept(self) -> None:
        """A servant that had waited is done; its greenlet serves what was kept meanwhile, then ends."""
        while self._kept and not self.is_over and not self.connection.is_held:
            self._kept = 0
            self._regulate()
            while self.connection.serve():
                _let_others_run()

    # Servants that call.

    def wait_inside(self, wait: Callable[[], object], /) -> None:
        """See ``Server``. A servant that waits for an answer leaves its place to the call that it may depend on."""
        self._calling_servants += 1
        try:
            if self.connection.has_calls and self._reader is not gevent.getcurrent() and self._has_place():
                self._waiting_servants += 1
                self.home.spawn(self._serve_more)
            wait()
        finally:
            self._calling_servants -= 1

    def _serve_more(self) -> None:
        self._kept = self._kept or 1
        self._serve(lambda: False)

    def _has_place(self) -> bool:
        if self.connection.is_held:
            return False
        most = self.options.max_waiting_servants
        waiting = self._waiting_servants
        return waiting - self._calling_servants < most and waiting < most * NESTING

    def _watch_nesting(self) -> None:
        """All places are taken: look soon whether any servant has ended, if there can be no more of them."""
        is_full = self._waiting_servants >= self.options.max_waiting_servants * NESTING
        if is_full and self._stuck_timer is None:
            self._stuck_timer = self.home.hub.loop.timer(STUCK_SECONDS)
            self._stuck_timer.start(self.home.spawn, self._end_nesting, self._ended_servants, update=True)

    def _end_nesting(self, ended: int) -> None:
        self._stop_watching()
        if self.is_over or self._has_place():
            return
        if ended == self._ended_servants:
            log.warning("! calls are refused: all servants of a connection wait for calls of their own")
            self.connection.refuse_waiting()
            self._kept = 0
            self._regulate()
        elif self.connection.has_calls:
            self._watch_nesting()

    def _stop_watching(self) -> None:
        if self._stuck_timer is not None:
            self._stuck_timer.close()
            self._stuck_timer = None

    # Writing.

    def _write(self, data: bytes) -> None:
        if self._has_to_wait():
            self.watch_deadline()  # the timeouts of calls go on while a writer waits here
            self._is_relieved.wait()
        if self.is_over:
            raise RpcException(RPCERROR_SENDFAILED, "the connection is closed")
        if self._unsent + len(data) > self.options.max_unsent_bytes:
            log.warning("! closed: a peer leaves more than %d bytes lying", self.options.max_unsent_bytes)
            self.abort()
            raise RpcException(RPCERROR_SENDFAILED, "the peer does not take what is sent")
        self._push(data)
        self.watch_deadline()

    def _has_to_wait(self) -> bool:
        return self._writers_wait and self._unsent > UNSENT_PAUSE_BYTES and gevent.getcurrent() is not self._reader

    def _push(self, data: bytes) -> None:
        self.is_active = True
        if not self._is_sending and not isinstance(self._socket, gevent.ssl.SSLSocket):
            data = self._send_straight(data)
            if not data:
                return
        self._outbox.append(data)
        self._unsent += len(data)
        self._regulate()
        if not self._is_sending:
            self._is_sending = True
            self.home.spawn(self._send)

    def _send_straight(self, data: bytes) -> bytes:
        """Give the system what it takes at once, without a greenlet (twice as many calls/s at depth 1); the rest."""
        try:
            sent = self._socket.send(data, 0, 0.0)
        except OSError:  # it has no room, or what is wrong will be found by the greenlet
            return data
        return data[sent:]

    def _send(self) -> None:
        try:
            while self._outbox:
                rest = memoryview(b"".join(self._outbox))
                self._outbox.clear()
                while rest:
                    with gevent.Timeout(self.options.stalled_seconds, TimeoutError("the peer takes nothing")):
                        sent = self._socket.send(rest)
                    self._unsent -= sent
                    rest = rest[sent:]
                self._regulate()
        except OSError as error:
            self._outbox.clear()
            self._lose(error)
        finally:
            self._is_sending = False
        if self.is_over:
            self._shut()

    def _regulate(self) -> None:
        """Read and let write, or do not."""
        if self._guard is not None and (slowest := self._guard.note_unsent(self, self._unsent)) is not None:
            log.warning("! closed: too much waits for all clients, and most for this one")
            slowest.abort()
        if self._unsent > UNSENT_PAUSE_BYTES or self._kept > KEPT_PAUSE_BYTES:
            self._is_relieved.clear()
        else:
            self._is_relieved.set()

    # The end.

    def forget(self) -> None:
        """See ``tcelib.fork``."""
        if self.is_gone:
            return
        self.is_over = self.is_gone = True
        self._outbox.clear()
        self.forget_deadline()
        drop_descriptor(self._socket.fileno())
        self._socket.close()
        self.connection.abandon()

    def _lose(self, error: object) -> None:
        self._end(RpcException(RPCERROR_CONNECTION_LOST, str(error)))

    def _end(self, error: RpcException | None) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._is_relieved.set()
        if self._over is not None:
            self._over.set()
        self.forget_deadline()
        self._stop_watching()
        self._owner.link_over(self, error)
        if not self._is_sending:
            self._shut()

    def _shut(self) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._socket.close()  # wakes the reader
            self._owner.link_gone(self)


def _let_others_run() -> None:
    try:
        gevent.sleep(0)
    except gevent.Timeout:
        log.warning("! a servant has ended before the gevent.Timeout that it had started")


def prepare_tls(tls: Any) -> None:
    """Have a connection that breaks leave the others of its thread alone.

    Raises ``TypeError`` for a context of the standard library, whose sockets would stop the whole hub.
    ``gevent.ssl.create_default_context`` gives one of those, too; ``gevent.ssl.SSLContext`` is what is needed.
    """
    if tls is not None and not isinstance(tls, gevent.ssl.SSLContext):
        raise TypeError(f"TLS in gevent needs a gevent.ssl.SSLContext, not a {type(tls).__module__}.SSLContext")
    if tls is not None:
        keep_apart(tls)
