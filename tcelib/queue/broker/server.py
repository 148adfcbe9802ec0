"""Server: moves bytes between the sockets of the broker's clients and their peers, on one thread."""

import logging
import selectors
import socket
import ssl
import time

from tcelib.queue.broker.limit import Limits
from tcelib.queue.broker.node import NodeTable
from tcelib.queue.broker.peer import Peer

READ_BYTES = 65_536
TICK_SECONDS = 1.0
STOP_SECONDS = 1.0
log = logging.getLogger(__name__)


class _Client:
    """A socket and its peer."""

    def __init__(self, sock: socket.socket, peer: Peer, begun_at: float) -> None:
        self.sock = sock
        self.peer = peer
        self.begun_at = begun_at
        self.waits_for = selectors.EVENT_READ


class BrokerServer:
    """Listens from the start; ``port`` is the one it got. ``stop`` may be called by a signal or another thread. With
    ``tls``, a context of a server, only TLS is spoken.

    Raises ``OSError`` if it cannot listen.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: Limits = Limits(),  # noqa: B008
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.nodes = NodeTable(limits)
        self._limits = limits
        self._tls = tls
        self._selector = selectors.DefaultSelector()
        self._clients: dict[Peer, _Client] = {}
        self._changed: set[Peer] = set()
        self._waker, self._woken = socket.socketpair()
        self._is_stopped = False
        self._listener = socket.create_server((host, port), family=_family(host), backlog=128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def stop(self) -> None:
        """End ``run``. The word comes before the sign, as ``run`` closes the sockets when it sees the sign."""
        if not self._is_stopped:
            self._waker.send(b"x")
            self._is_stopped = True

    def run(self) -> None:
        """Serve until ``stop``, then say goodbye to all clients."""
        tick_at = time.monotonic()
        while not self._is_stopped:
            for key, mask in self._selector.select(max(0.0, tick_at - time.monotonic())):
                self._act(key, mask)
            if (now := time.monotonic()) >= tick_at:
                tick_at = now + TICK_SECONDS
                self._tick(now)
            self._flush_changed()
        self._say_goodbye()

    def _act(self, key: selectors.SelectorKey, mask: int) -> None:
        if key.fileobj is self._listener:
            self._accept()
        elif isinstance(key.data, _Client):
            if mask & selectors.EVENT_WRITE:
                self._changed.add(key.data.peer)
            if mask & selectors.EVENT_READ:
                self._read(key.data)

    def _accept(self) -> None:
        try:
            sock, address = self._listener.accept()
        except OSError as error:  # gone already, or no descriptor is left
            log.warning("! no client was accepted: %s", error)
            return
        if len(self._clients) >= self._limits.connections:
            log.warning("! a client was refused: there are %d", len(self._clients))
            sock.close()
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = Peer(f"{address[0]}:{address[1]}", self.nodes, self._limits, self._changed.add, self._tls)
        client = self._clients[peer] = _Client(sock, peer, time.monotonic())
        self._selector.register(sock, client.waits_for, client)

    def _read(self, client: _Client) -> None:
        if client.peer not in self._clients:
            return
        try:
            data = client.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        client.peer.receive(data)
        if not data:
            self._drop(client)

    def _flush_changed(self) -> None:
        """Send what the clients should have. That may make room for more, which is sent as well."""
        while self._changed:
            client = self._clients.get(self._changed.pop())
            if client is not None:
                self._flush(client)

    def _flush(self, client: _Client) -> None:
        try:
            while data := client.peer.output():
                client.peer.sent(client.sock.send(data))
            waits_for = selectors.EVENT_READ
        except BlockingIOError:
            waits_for = selectors.EVENT_READ | selectors.EVENT_WRITE
        except OSError:
            self._drop(client)
            return
        if client.peer.is_over:
            self._drop(client)
        elif waits_for != client.waits_for:
            client.waits_for = waits_for
            self._selector.modify(client.sock, waits_for, client)

    def _tick(self, now: float) -> None:
        for client in tuple(self._clients.values()):
            if client.peer.is_open or now - client.begun_at < self._limits.open_seconds:
                client.peer.tick(now)
            else:
                self._drop(client)

    def _drop(self, client: _Client) -> None:
        if self._clients.pop(client.peer, None) is None:
            return
        self._selector.unregister(client.sock)
        client.sock.close()
        reason = client.peer.leave()
        if client.peer.is_open or reason:
            log.info("- %s%s", client.peer.name, f": {reason}" if reason else "")

    def _say_goodbye(self) -> None:
        for client in tuple(self._clients.values()):
            client.peer.refuse("amqp:connection:forced", "the broker stops")
            client.sock.settimeout(STOP_SECONDS)
            self._flush(client)
            self._drop(client)
        self._selector.close()
        for sock in (self._listener, self._waker, self._woken):
            sock.close()


def server_context(certfile: str, keyfile: str = "") -> ssl.SSLContext:
    """Return what a broker shows; the key may be in ``certfile``. Raises ``OSError`` if a file cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certfile, keyfile or None)
    return context


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
