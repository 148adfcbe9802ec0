"""Accepting connections in a gevent hub, and ending them."""

import itertools
import logging
import time
from dataclasses import replace
from typing import Any

import gevent
import gevent.socket
import gevent.ssl

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.listener import RpcConnectionEventListener
from tcelib.error import RpcException
from tcelib.fork import drop_descriptor, forget_in_children
from tcelib.limit.too_many import TooMany
from tcelib.transport.hub.link import Link, prepare_tls
from tcelib.transport.hub.shell import HubHome
from tcelib.transport.keep_alive import expect_life
from tcelib.transport.listener import open_listener
from tcelib.transport.option import Options
from tcelib.transport.packet_stream import MakeStream

CLOSE_SECONDS = 5.0
ACCEPT_PAUSE_SECONDS = 0.1  # when the system has no more descriptors
log = logging.getLogger("tce.transport")


class GeventServer:
    """``adapter`` serves the calls of what is accepted. ``port`` is the one it listens on.

    The constructor listens at once; raises ``OSError``. ``tls`` is a context of ``gevent.ssl``.
    """

    def __init__(
        self,
        adapter: RpcCommAdapter,
        options: Options,
        make_stream: MakeStream,
        address: tuple[str, int],
        tls: gevent.ssl.SSLContext | None,
    ) -> None:
        prepare_tls(tls)
        self.adapter = adapter
        self._options = options
        self._make_stream = make_stream
        self._tls = tls
        self._links: set[Link] = set()
        self._is_closed = False
        self._numbers = itertools.count(1)
        self._home = HubHome()
        plain = open_listener(*address, options.backlog)
        self.port: int = plain.getsockname()[1]
        self._listener = gevent.socket.socket(plain.family, plain.type, plain.proto, plain.detach())
        self._acceptor = gevent.spawn(self._accept)
        self._sweeper = gevent.spawn(self._sweep)
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``: a child does not serve what its parent listens on."""
        self._is_closed = True
        drop_descriptor(self._listener.fileno())
        self._links.clear()
        for greenlet in (self._acceptor, self._sweeper):
            greenlet.kill(block=False)

    def close(self) -> None:
        """Stop listening, close the connections, and wait until they and the servants that run are gone.

        After ``CLOSE_SECONDS`` those that are left are ended. A servant may call this: it is not waited for.
        """
        gevent.killall([self._acceptor, self._sweeper])
        self._listener.close()
        for link in tuple(self._links):
            link.dismiss()
        self._home.join(CLOSE_SECONDS)
        for link in tuple(self._links):
            link.abort()

    def use(self, listener: RpcConnectionEventListener | None, call_timeout: float) -> None:
        """Set these for connections to come, and for those that are here."""
        self._options = replace(self._options, listener=listener, call_timeout=call_timeout)
        for link in self._links:
            link.connection.listener = listener
            link.connection.call_timeout = call_timeout

    def link_over(self, link: Link, error: RpcException | None, /) -> None:
        """See ``LinkOwner``."""
        if error is not None:
            link.connection.lost(error)

    def link_gone(self, link: Link, /) -> None:
        """See ``LinkOwner``."""
        self._links.discard(link)
        self.adapter.leave(link.connection)  # one whose handshake has failed was never open, and so is never lost
        if self._options.guard is not None:
            self._options.guard.leave(link)

    def _accept(self) -> None:
        while True:
            try:
                sock, address = self._listener.accept()
            except OSError as error:
                if self._is_closed:
                    return
                log.warning("! nothing can be accepted: %s", error)
                gevent.sleep(ACCEPT_PAUSE_SECONDS)
                continue
            self._admit(sock, address[0])
            gevent.sleep(0)  # accept() does not wait while somebody is there

    def _admit(self, sock: Any, ip: str) -> None:
        """Let a connection in, unless the guard says no. Nothing is told: a refused client has asked nothing yet."""
        guard = self._options.guard
        if guard is None:
            self._welcome(sock)
            return
        link = None
        try:
            guard.check(ip, sock.fileno(), time.monotonic())
            link = self._welcome(sock)
            if link is None:
                guard.refuse(ip)
            elif (displaced := guard.enter(link, ip)) is not None:
                displaced.abort()
        except TooMany as refusal:
            log.info("! %s: %s", ip, refusal)
            if link is None:
                sock.close()
            else:
                link.abort()

    def _welcome(self, sock: Any) -> Link | None:
        """Make the link of a connection; return None, and close the socket, if the peer has left already."""
        try:
            sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
            expect_life(sock, self._options.keep_alive_seconds)
            if self._tls is not None:
                sock.getpeername()  # raises for a reset connection, whose socket gevent would not close
                sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError as error:
            log.debug("! it left at once: %s", error)
            sock.close()
            return None
        link = Link(self._home, self._options, self, sock, self._make_stream(), writers_wait=False)
        link.connection = self._options.make_connection(link)
        if self._options.gives_user_ids:
            link.connection.setUserId(next(self._numbers), is_known=False)
        self.adapter.addConnection(link.connection)
        self._links.add(link)
        self._home.spawn(self._open, link)
        return link

    def _open(self, link: Link) -> None:
        try:
            early = link.shake_hands()
        except OSError as error:
            log.debug("! no handshake: %s", error)
            link.abort()
            return
        if self._options.guard is not None:
            self._options.guard.shaken(link)
        if not link.is_over:
            link.connection.opened()
            link.start(early)

    def _sweep(self) -> None:
        """Close the connections on which nothing has moved since the last sweep."""
        while True:
            gevent.sleep(self._options.idle_seconds)
            for link in tuple(self._links):
                if link.is_active:
                    link.is_active = False
                else:
                    link.dismiss()
