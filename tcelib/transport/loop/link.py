"""A socket of an asyncio loop as the transport of one connection.

Decides when it is read (not while its peer leaves our answers lying, not while messages wait for their turn) and when
it is given up. Sockets are asyncio's own: measured against bare ones with ``add_reader``, messages cost the same and
a new connection 17 µs more; for that they bring TLS and the write buffer.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from tcelib.error import RPCERROR_CONNECTION_LOST, RPCERROR_SENDFAILED, RpcException
from tcelib.fork import drop_descriptor, forget_in_children
from tcelib.transport.keep_alive import expect_life
from tcelib.transport.loop.shell import OF_THE_PARENT, LoopHome, LoopShell
from tcelib.transport.option import UNSENT_PAUSE_BYTES, Options
from tcelib.transport.packet_stream import Stream
from tcelib.transport.websocket_stream import GOING_AWAY, NORMAL_CLOSURE, UpgradeError

log = logging.getLogger("tce.transport")


class LinkOwner(Protocol):
    """Maker of a link, and of its connection."""

    def link_connected(self, link: "Link", /) -> None:
        """There is a socket; now the link needs its connection."""

    def link_opened(self, link: "Link", /) -> None:
        """Packets can flow."""

    def link_over(self, link: "Link", error: RpcException | None, /) -> None:
        """They cannot any more: because of ``error``, or because the connection was closed on this side."""

    def link_gone(self, link: "Link", /) -> None:
        """The socket is closed, too."""


class Link(LoopShell, asyncio.BufferedProtocol):
    """Transport of a connection that has a socket, or soon will (``has_socket``).

    Packets flow as soon as ``stream`` is open, after a WebSocket's handshake. ``is_active``: bytes have moved since
    it was set to False.
    """

    has_socket = False
    _socket: asyncio.Transport

    def __init__(self, home: LoopHome, options: Options, owner: "LinkOwner", stream: Stream) -> None:
        super().__init__(home, options)
        self.may_compress = options.may_compress and stream.may_compress
        self.is_active = True
        self._owner = owner
        self._stream = stream
        self._close_code = NORMAL_CLOSURE
        self._has_opened = False
        self._is_over = False
        self._is_stalled = False
        self._has_more = False
        self._give_up: asyncio.TimerHandle | None = None

    # Methods for the connection.

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``."""
        if not self._stream.is_open:
            raise RpcException(RPCERROR_SENDFAILED, "the WebSocket is closed")
        self._write(self._stream.pack(packets))
        self.watch_deadline()

    def close(self) -> None:
        """See ``Transport``. The peer has ``stalled_seconds`` to take the unsent bytes."""
        self._stream.close(self._close_code)
        self._send_due()
        if not self._is_over:
            self._end(None)
            self._socket.close()
            self._arm(self.options.stalled_seconds)

    # Methods for asyncio.

    def connection_made(self, transport: Any) -> None:
        """The socket is there; for TLS, after its handshake."""
        self._socket = transport
        self.has_socket = True
        forget_in_children(self)
        transport.set_write_buffer_limits(high=UNSENT_PAUSE_BYTES)
        with suppress(OSError):  # it has left already
            expect_life(transport.get_extra_info("socket"), self.options.keep_alive_seconds)
        self._owner.link_connected(self)
        self._begin()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the loop's one buffer, which is emptied before any other socket is read."""
        return self.home.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        self.is_active = True
        self._take(bytes(self.home.buffer[:nbytes]))

    def pause_writing(self) -> None:
        """Much lies unsent."""
        self._is_stalled = True
        self._regulate()
        self._arm(self.options.stalled_seconds)

    def resume_writing(self) -> None:
        """The peer has taken most of it."""
        self._is_stalled = False
        self._disarm()
        self._regulate()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The socket is closed."""
        self._disarm()
        if not self._is_over:
            self._end(RpcException(RPCERROR_CONNECTION_LOST, str(exc or "the peer closed the connection")))
        self._owner.link_gone(self)

    def forget(self) -> None:
        """See ``tcelib.fork``. The loop is not touched: it shares its selector with the parent's."""
        self._is_over = True
        if self.has_socket:
            drop_descriptor(self._socket.get_extra_info("socket").fileno())
        self.connection.abandon(OF_THE_PARENT)

    def dismiss(self) -> None:
        """Close the connection for a reason that is not the peer's.

        A WebSocket's close code tells a page to come back.
        """
        self._close_code = GOING_AWAY
        self.connection.close()

    def abort(self) -> None:
        """Close the socket at once; unsent bytes are lost."""
        self._socket.abort()

    def _begin(self) -> None:
        if self._stream.is_open:
            self._open()
        else:
            self._arm(self.options.connect_seconds)
            self._send_due()

    def _open(self) -> None:
        self._has_opened = True
        self._disarm()
        self._owner.link_opened(self)

    def _take(self, data: bytes) -> None:
        stream = self._stream
        try:
            payload = stream.receive(data)
        except UpgradeError as error:
            self._finish(str(error))
            return
        self._send_due()
        if not self._has_opened and stream.is_open:
            self._open()
        if stream.sends_headers_apart:
            self.connection.speak_cesu8()
        if payload:
            self._deliver(payload)
        if stream.is_over:
            self._finish("the peer closed the WebSocket")

    def _finish(self, reason: str) -> None:
        if not self._is_over:
            self._end(RpcException(RPCERROR_CONNECTION_LOST, reason))
        self._socket.close()
        self._arm(self.options.stalled_seconds)

    def _send_due(self) -> None:
        data = self._stream.take_outgoing()
        if data and self.has_socket and not self._socket.is_closing():
            self._socket.write(data)

    def _deliver(self, data: bytes) -> None:
        if not self._is_over and self.connection.receive(data):
            self._has_more = True
            self._regulate()
            self.home.loop.call_soon(self._serve_more)

    def _serve_more(self) -> None:
        if self._is_over:
            return
        self._has_more = self.connection.serve()
        if self._has_more:
            self.home.loop.call_soon(self._serve_more)
        else:
            self._regulate()

    def _regulate(self) -> None:
        """Read or do not; asyncio allows repetitions, and neither does anything to a socket that is closing."""
        if self._is_stalled or self._has_more:
            self._socket.pause_reading()
        else:
            self._socket.resume_reading()

    def _write(self, data: bytes) -> None:
        if self._is_over or self._socket.is_closing():
            raise RpcException(RPCERROR_SENDFAILED, "the connection is closed")
        self.is_active = True
        self._socket.write(data)
        if self._is_stalled and self._socket.get_write_buffer_size() > self.options.max_unsent_bytes:
            log.warning("! closed: a peer leaves more than %d bytes lying", self.options.max_unsent_bytes)
            self.abort()
            raise RpcException(RPCERROR_SENDFAILED, "the peer does not take what is sent")

    def _end(self, error: RpcException | None) -> None:
        self._is_over = True
        self.forget_deadline()
        self._owner.link_over(self, error)

    def _arm(self, seconds: float) -> None:
        if self._give_up is None:
            self._give_up = self.home.loop.call_later(seconds, self.abort)

    def _disarm(self) -> None:
        if self._give_up is not None:
            self._give_up.cancel()
            self._give_up = None
