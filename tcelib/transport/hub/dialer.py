"""Opening sockets for a client's connection in a gevent hub, each time one is needed.

Decides what becomes of packets while there is no socket: they wait for it, and are dropped if there will be none. A
greenlet of its own opens it, so that every call that waits goes by its own timeout.
"""

import math
from collections.abc import Sequence

import gevent
import gevent.event
import gevent.socket
import gevent.ssl

from tcelib.error import (
    RPCERROR_CONNECT_FAILED,
    RPCERROR_CONNECTION_LOST,
    RPCERROR_SENDFAILED,
    RPCERROR_TIMEOUT,
    RpcException,
)
from tcelib.fork import forget_in_children
from tcelib.transport.hub.link import Link, prepare_tls
from tcelib.transport.hub.shell import HubHome, HubShell
from tcelib.transport.keep_alive import expect_life
from tcelib.transport.option import Options
from tcelib.transport.packet_stream import MakeStream


class _Attempt:
    """One try to open a socket. ``failure`` says why there is none when it ``is_over``."""

    def __init__(self) -> None:
        self.greenlet: gevent.Greenlet | None = None
        self.failure: RpcException | None = None
        self.is_over = gevent.event.Event()


class Dialer(HubShell):
    """The transport of ``connection`` while it has no socket. Once it has, a link takes over, until it is lost."""

    def __init__(
        self,
        home: HubHome,
        options: Options,
        make_stream: MakeStream,
        address: tuple[str, int],
        tls: gevent.ssl.SSLContext | None,
    ) -> None:
        prepare_tls(tls)
        super().__init__(home, options)
        self.connection = options.make_connection(self)
        self.connection.calls.can_reconnect = True
        self._make_stream = make_stream
        self._address = address
        self._tls = tls
        self._packets: list[bytes] = []
        self._kept = 0  # bytes of them
        self._attempt: _Attempt | None = None
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``: the next call opens a socket of this process's own."""
        self._packets = []
        self._kept = 0
        self._attempt = None
        self.forget_deadline()
        self.connection.transport = self
        self.connection.abandon()

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``: kept until there is a socket."""
        size = sum(map(len, packets))
        if self._kept + size > self.options.max_unsent_bytes:
            raise RpcException(RPCERROR_SENDFAILED, "too much waits for the connection")
        self._kept += size
        self._packets += packets
        self.watch_deadline()
        if self._attempt is None:
            self._attempt = attempt = _Attempt()
            attempt.greenlet = self.home.spawn(self._open, attempt)

    def until_open(self, timeout: float, /) -> None:
        """See ``Transport``. All who wait for the same socket hear of the same failure."""
        attempt = self._attempt
        if attempt is None:
            return
        attempt.is_over.wait(None if math.isinf(timeout) else timeout)
        if attempt.failure is not None:
            raise attempt.failure.for_one_more()
        if not attempt.is_over.is_set():
            raise RpcException(RPCERROR_TIMEOUT, "the connection was not there in time")

    def close(self) -> None:
        """See ``Transport``: callers that wait for the socket wait no more."""
        attempt = self._end(RpcException(RPCERROR_CONNECTION_LOST, "the connection was closed"))
        if attempt is not None and attempt.greenlet is not None:
            attempt.greenlet.kill(block=False)

    def link_over(self, link: Link, error: RpcException | None, /) -> None:
        """See ``LinkOwner``."""
        if self.connection.transport is link:
            self.connection.transport = self
            if error is not None:
                self.connection.lost(error)

    def link_gone(self, link: Link, /) -> None:
        """See ``LinkOwner``."""

    def _open(self, attempt: _Attempt) -> None:
        host, port = self._address
        link = None
        try:
            with gevent.Timeout(self.options.connect_seconds, TimeoutError("it takes too long")):
                link = self._connect()
            early = link.shake_hands()
        except BaseException as error:
            if link is not None:
                link.abort()
            if attempt is self._attempt:
                failure = RpcException(RPCERROR_CONNECT_FAILED, f"{host}:{port}: {error}")
                failure.__cause__ = error
                self._end(failure)
                self.connection.lost(failure)
            if not isinstance(error, Exception):
                raise
            return
        if attempt is self._attempt:
            self._use(link, early)
        else:
            link.abort()

    def _use(self, link: Link, early: bytes) -> None:
        packets = self._packets
        self._end(None)
        self.connection.transport = link
        # The first packet carries the token: what a listener calls comes behind it.
        if packets:
            link.write(packets)
        self.connection.opened()
        link.start(early)

    def _connect(self) -> Link:
        sock = gevent.socket.create_connection(self._address, self.options.connect_seconds)
        sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        expect_life(sock, self.options.keep_alive_seconds)
        if self._tls is not None:
            sock = self._tls.wrap_socket(sock, server_hostname=self._address[0], do_handshake_on_connect=False)
        link = Link(self.home, self.options, self, sock, self._make_stream(), writers_wait=True)
        link.connection = self.connection
        return link

    def _end(self, failure: RpcException | None) -> _Attempt | None:
        """Forget what was kept, and the attempt, which is told why."""
        self._packets = []
        self._kept = 0
        self.forget_deadline()
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.failure = failure
            attempt.is_over.set()
        return attempt
