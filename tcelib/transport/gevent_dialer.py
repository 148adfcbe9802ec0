"""Opening sockets for a client's connection in a gevent hub, each time one is needed."""

from collections.abc import Sequence

import gevent
import gevent.lock
import gevent.socket
import gevent.ssl

from tcelib.error import RPCERROR_CONNECT_FAILED, RPCERROR_CONNECTION_LOST, RpcException
from tcelib.transport.gevent_link import Link, require_gevent_tls
from tcelib.transport.gevent_server import MakeLink
from tcelib.transport.hub_shell import HubHome, HubShell
from tcelib.transport.option import Options


class Dialer(HubShell):
    """The transport of ``connection`` while it has no socket. Once it has, a link takes over, until it is lost.

    The greenlet that writes first opens it, and whoever writes meanwhile waits for it.
    """

    def __init__(
        self,
        home: HubHome,
        options: Options,
        make_link: MakeLink,
        address: tuple[str, int],
        tls: gevent.ssl.SSLContext | None,
    ) -> None:
        require_gevent_tls(tls)
        super().__init__(home, options)
        self.connection = options.make_connection(self)
        self._make_link = make_link
        self._address = address
        self._tls = tls
        self._lock = gevent.lock.BoundedSemaphore(1)
        self._round = 0  # counts failures and closes: what began in an older round is over
        self._failure: RpcException | None = None

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``: after the socket is open. Raises CONNECT_FAILED for all who waited for the same one."""
        beginning = self._round
        with self._lock:
            if self._round != beginning and self._failure is not None:
                raise self._failure.for_one_more()
            if self.connection.transport is self:
                self._open(packets)
                return
        self.connection.transport.write(packets)

    def close(self) -> None:
        """See ``Transport``: whoever waits for the socket waits no more."""
        self._end_round(RpcException(RPCERROR_CONNECTION_LOST, "the connection was closed"))

    def link_over(self, link: Link, error: RpcException | None, /) -> None:
        """See ``LinkOwner``."""
        if self.connection.transport is link:
            self.connection.transport = self
            if error is not None:
                self.connection.lost(error)

    def link_gone(self, link: Link, /) -> None:
        """See ``LinkOwner``."""

    def _open(self, packets: Sequence[bytes]) -> None:
        beginning = self._round
        host, port = self._address
        link = None
        try:
            link = self._connect()
            early = link.shake_hands()
        except OSError as error:
            if link is not None:
                link.abort()
            failure = RpcException(RPCERROR_CONNECT_FAILED, f"{host}:{port}: {error}")
            self._end_round(failure)
            self.connection.lost(failure)
            raise failure from error
        if self._round != beginning:
            link.abort()
            raise self._failure or AssertionError
        self.connection.transport = link
        # The first packet carries the token: what a listener calls comes behind it.
        link.write(packets)
        self.connection.opened()
        link.start(early)

    def _connect(self) -> Link:
        deadline = self.connection.next_deadline()
        seconds = self.options.connect_seconds
        if deadline is not None:
            seconds = min(seconds, max(0.0, deadline - self.now()))
        sock = gevent.socket.create_connection(self._address, seconds)
        sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        if self._tls is not None:
            sock = self._tls.wrap_socket(sock, server_hostname=self._address[0], do_handshake_on_connect=False)
        link = self._make_link(self.home, self.options, self, sock)
        link.connection = self.connection
        return link

    def _end_round(self, failure: RpcException) -> None:
        self._round += 1
        self._failure = failure
        self.forget_deadline()
