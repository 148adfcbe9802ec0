"""AdminListener: monitors' requests to the supervisor, on loop-back, each over a connection of its own."""

import logging
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from rtserver.bootstrap.supervisor.http_exchange import TEXT, BadRequestError, Request, answer_of, read_request

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
SECONDS = 10.0
"""Time for a request and its answer."""
READ_BYTES = 65_536


class AdminListener:
    """Listener on ``sockets``. ``on_request`` gets each request, and a function that takes the answer's bytes."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        selector: selectors.BaseSelector,
        on_request: Callable[[Request, Callable[[bytes], object]], object],
    ) -> None:
        self._sockets = sockets
        self._selector = selector
        self._on_request = on_request
        self._connections: dict[AdminConnection, float] = {}
        self.port: int = sockets[0].getsockname()[1]

    def open(self) -> None:
        """Accept connections."""
        for listener in self._sockets:
            self._selector.register(listener, selectors.EVENT_READ, partial(self._accept, listener))
        log.info("= the supervisor answers for all workers at http://127.0.0.1:%d/readyz and /metrics", self.port)

    def numbers(self) -> list[int]:
        """Return the numbers of the sockets."""
        return [listener.fileno() for listener in self._sockets]

    def tick(self, now: float) -> None:
        """End what takes too long."""
        for connection in [each for each, end in self._connections.items() if now > end]:
            connection.close()

    def close(self) -> None:
        """End everything."""
        for connection in list(self._connections):
            connection.close()
        for listener in self._sockets:
            with suppress(KeyError, ValueError):
                self._selector.unregister(listener)
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            accepted = listener.accept()[0]
            accepted.setblocking(False)
            if len(self._connections) >= MOST_CONNECTIONS:
                accepted.close()
                return
            connection = AdminConnection(accepted, self._selector, self._on_request, self._connections.pop)
            self._connections[connection] = time.monotonic() + SECONDS


class AdminConnection:
    """Connection of one monitor. ``on_end`` is called with it when it is closed."""

    def __init__(
        self,
        accepted: socket.socket,
        selector: selectors.BaseSelector,
        on_request: Callable[[Request, Callable[[bytes], object]], object],
        on_end: Callable[["AdminConnection"], object],
    ) -> None:
        self._socket = accepted
        self._selector = selector
        self._on_request = on_request
        self._on_end = on_end
        self._data = b""
        selector.register(accepted, selectors.EVENT_READ, self._read)

    def close(self) -> None:
        """End it, once."""
        if self._socket.fileno() < 0:
            return
        self._rest()
        self._socket.close()
        self._on_end(self)

    def answer(self, data: bytes) -> None:
        """Send the answer and end the connection; nothing if that has gone meanwhile."""
        if self._socket.fileno() < 0:
            return
        self._data = data
        self._selector.register(self._socket, selectors.EVENT_WRITE, self._write)

    def _rest(self) -> None:
        with suppress(KeyError):
            self._selector.unregister(self._socket)

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._data += data
        try:
            request = read_request(self._data)
        except BadRequestError:
            self._rest()
            self.answer(answer_of(400, b"this is no request\n", TEXT))
            return
        if request is not None:
            # Nothing more is read, and the answer may take a moment.
            self._rest()
            self._on_request(request, self.answer)

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._data)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._data = self._data[sent:]
        if not self._data:
            self.close()
